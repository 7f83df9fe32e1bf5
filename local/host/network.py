"""Creates and removes the network bridge of the pods."""

import subprocess
from pathlib import Path

from local.environment import BRIDGE, BRIDGE_ADDRESS

DEVICES = Path("/sys/class/net")


def make_bridge() -> None:
    """Create the bridge before any pod starts, so that processes can listen on its address."""
    if not has_bridge():
        subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
        subprocess.run(["ip", "address", "add", f"{BRIDGE_ADDRESS}/24", "dev", BRIDGE], check=True)
    subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)


def has_bridge() -> bool:
    return (DEVICES / BRIDGE).exists()


def has_other_bridges() -> bool:
    """Return True if another program, for example Docker or libvirt, has bridges."""
    return any(device.parent.name != BRIDGE for device in DEVICES.glob("*/bridge"))


def remove_bridge() -> None:
    if has_bridge():
        subprocess.run(["ip", "link", "delete", BRIDGE], check=False, capture_output=True)
