"""The engine's protobuf messages without the SDK around them.

The engine starts a plugin at every `pulumi up`. `import pulumi` takes about a second and the
messages in `pulumi.runtime.proto` need none of it, so a plugin's process opens those packages by
their folders only.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def open_messages() -> None:
    """Let `pulumi.runtime.proto.*` be imported alone; call before any other import of pulumi."""
    if "pulumi" in sys.modules:
        return
    folder = package_folder("pulumi")
    for name in PACKAGES:
        module = ModuleType(name)
        module.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = module


def close_messages() -> None:
    """Let the SDK itself be imported, after `open_messages`."""
    for name in PACKAGES:
        if not hasattr(sys.modules.get(name), "__file__"):
            sys.modules.pop(name, None)


def package_folder(package: str) -> Path:
    """Where an installed package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {package} is not installed")
    return Path(spec.submodule_search_locations[0])
