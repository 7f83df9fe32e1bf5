"""Measures the first `make up` of a fresh clone with empty caches: `make bench-cold`.

Nothing else may run: no local environment and no builds. The figures are the seconds until a
reminder was delivered, and the GiB that remain outside the checkout. Installed Debian packages are
not removed.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from local.environment import PROJECT

LIMITS = {"seconds": 480.0, "GiB left": 3.0}
CACHES = (
    "HERALD_CACHE",
    "HERALD_PROGRAMS",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "GOCACHE",
    "GOMODCACHE",
)


def variables(caches: Path) -> dict[str, str]:
    """Return environment variables that put every cache into one empty folder."""
    kept = {name: value for name, value in os.environ.items() if name not in CACHES}
    return {**kept, "XDG_CACHE_HOME": str(caches), "GOPATH": str(caches / "go")}


def disk_usage(folder: Path) -> float:
    """Return the size of a folder on the disk in GiB."""
    files = (path.lstat() for path in folder.rglob("*") if not path.is_dir())
    return sum(file.st_blocks * 512 for file in files) / 2**30


def measure(clone: Path, caches: Path) -> dict[str, float]:
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    environment = variables(caches)
    began = time.monotonic()
    try:
        subprocess.run(["make", "-C", str(clone), "up"], env=environment, check=True)
        return {"seconds": time.monotonic() - began, "GiB left": disk_usage(caches)}
    finally:
        subprocess.run(["make", "-C", str(clone), "clean"], env=environment, check=False)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="herald-cold-") as folder:
        figures = measure(Path(folder) / "herald", Path(folder) / "caches")
    for name, figure in figures.items():
        print(f"{name}: {figure:.1f} (limit {LIMITS[name]:.0f})")
    return int(any(figure > LIMITS[name] for name, figure in figures.items()))


if __name__ == "__main__":
    sys.exit(main())
