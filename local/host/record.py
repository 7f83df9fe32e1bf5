"""Records the state of the machine before the first start; `make down` restores it."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from local.host import control_groups, firewall, network
from local.host.firewall import Chain

FILE = Path("/run/herald/machine.json")  # deleted at a reboot, like the recorded settings
KERNEL = Path("/proc/sys")
FORWARDING = "net/ipv4/ip_forward"
SETTINGS = (  # changed by the kubelet, kube-proxy and the bridge plugin
    FORWARDING,
    "net/ipv4/conf/all/route_localnet",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


@dataclass(frozen=True)
class Record:
    settings: dict[str, str]  # value by kernel setting
    chains: frozenset[Chain]  # of another Kubernetes or CNI network
    controllers: frozenset[str]  # of control groups below the root, on cgroup v2

    @classmethod
    def take(cls) -> "Record":
        values = {name: value for name in SETTINGS if (value := read(name)) is not None}
        return cls(values, frozenset(firewall.chains()), control_groups.enabled_controllers())

    def changed_settings(self) -> dict[str, str]:
        """Return the settings that differ from the record, with the recorded value.

        Forwarding is left out while another program has bridges: its containers may need it.
        """
        return {
            name: value
            for name, value in self.settings.items()
            if read(name) != value and not (name == FORWARDING and network.has_other_bridges())
        }

    def added_controllers(self) -> frozenset[str]:
        """Return the controllers that only this environment has enabled."""
        return control_groups.unused_controllers() - self.controllers


def read(name: str) -> str | None:
    try:
        return (KERNEL / name).read_text().strip()
    except OSError:
        return None


def write(name: str, value: str) -> None:
    """Change a kernel setting; do nothing if the machine forbids it."""
    with contextlib.suppress(OSError):
        (KERNEL / name).write_text(value)


def save() -> None:
    """Record the machine unless an earlier start did."""
    if not FILE.exists():
        FILE.parent.mkdir(parents=True, exist_ok=True)
        Path(firewall.FILTER_KIND).write_text(firewall.supported_kind())
        record = Record.take()
        content = {
            "settings": record.settings,
            "chains": sorted(record.chains),
            "controllers": sorted(record.controllers),
        }
        FILE.write_text(json.dumps(content))


def load() -> Record:
    """Return the record, or the current state if nothing was recorded."""
    try:
        content = json.loads(FILE.read_text())
    except FileNotFoundError:
        return Record.take()
    controllers = content.get("controllers", control_groups.enabled_controllers())
    chains = frozenset(map(tuple, content["chains"]))
    return Record(content["settings"], chains, frozenset(controllers))


def restore() -> None:
    """Restore the recorded state and remove the record."""
    record = load()
    firewall.remove(record.chains)
    for name, value in record.changed_settings().items():
        write(name, value)
    control_groups.disable(record.added_controllers())
    for file in (FILE, Path(firewall.FILTER_KIND)):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        FILE.parent.rmdir()
