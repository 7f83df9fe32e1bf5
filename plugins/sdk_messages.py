"""Imports the protobuf messages of the engine without the SDK.

The engine starts each plugin at every `pulumi up`. `import pulumi` takes about a second, but
plugins need only `pulumi.runtime.proto`. So they register these packages by their folders.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PACKAGES = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")


def open_messages() -> None:
    """Make `pulumi.runtime.proto.*` importable; call before any other import of pulumi."""
    if "pulumi" in sys.modules:
        return
    folder = package_folder("pulumi")
    for name in PACKAGES:
        module = ModuleType(name)
        module.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = module


def close_messages() -> None:
    """Make the SDK importable again, after `open_messages`."""
    for name in PACKAGES:
        if not hasattr(sys.modules.get(name), "__file__"):
            sys.modules.pop(name, None)


def package_folder(package: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"The package {package} is not installed; run `make up`.")
    return Path(spec.submodule_search_locations[0])
