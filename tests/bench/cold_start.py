"""Measures the first `make up` of a fresh clone with empty caches: `make bench-cold`.

Nothing else may run: no local environment and no builds. The figures are the seconds until a
reminder was delivered, and the GiB that remain outside the checkout. Installed Debian packages are
not removed. A table shows the phases, with the busy share of all processors.
"""

import bisect
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
# Each phase, with the first line or file of its start and the last one of its end.  Files lie in
# the clone, or below `caches`.
PHASES = {
    "Python packages": (".venv/pyvenv.cfg", ".venv/ready"),
    "Debian programs": ("downloading", "caches/herald/packages/*"),
    "Go modules": ("Building", "modules complete"),
    "programs": ("modules complete", ".local/bin/programs.json"),
    "base image": ("building the Python base image", "caches/herald/base/*/base.tar"),
    "processes": ("Starting the local environment", "is healthy"),
    "base image pushed": ("is healthy", "Provisioning the platform"),
    "provisioning": ("Provisioning the platform", "Resources:"),
    "- service images": ("Provisioning the platform", "docker-build:index:Image"),
    "- migrations": ("docker-build:index:Image", "batch/v1:Job"),
    "- deployments": ("batch/v1:Job", "apps/v1:Deployment"),
    "first delivery": ("Resources:", "A reminder was delivered"),
}
SAMPLE = 0.5  # seconds


@dataclass
class Recording:
    """Records the lines of `make up` with their times, and the busy seconds of all processors."""

    lines: list[tuple[float, str]] = field(default_factory=list)
    samples: list[tuple[float, float]] = field(default_factory=list)

    def run(self, command: list[str], environment: Mapping[str, str]) -> None:
        over = threading.Event()
        self.samples.append((time.time(), busy_seconds()))
        sampler = threading.Thread(target=self.sample, args=[over])
        sampler.start()
        try:
            with subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, text=True
            ) as process:
                for line in process.stdout or ():
                    self.lines.append((time.time(), line))
                    print(line, end="", flush=True)
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, command)
        finally:
            over.set()
            sampler.join()

    def sample(self, over: threading.Event) -> None:
        while not over.wait(SAMPLE):
            self.samples.append((time.time(), busy_seconds()))

    def times(self, sign: str, clone: Path) -> list[float]:
        """Return the times of the lines with this text, or else of the files' creation."""
        if found := [moment for moment, line in self.lines if sign in line]:
            return found
        return [path.lstat().st_ctime for path in clone.parent.glob(place(sign, clone))]

    def share(self, start: float, end: float) -> float:
        """Return the busy share of all processors."""
        before, after = (bisect.bisect(self.samples, (each, 0.0)) for each in (start, end))
        (began, busy), (ended, busier) = self.samples[max(before, 1) - 1], self.samples[after - 1]
        return (busier - busy) / max(ended - began, SAMPLE) / (os.cpu_count() or 1)

    def phases(self, clone: Path) -> Iterator[tuple[str, float, float, float]]:
        """Return name, start and end in seconds, and busy share of each phase that took place."""
        began = self.samples[0][0]
        for name, (first, last) in PHASES.items():
            starts, ends = self.times(first, clone), self.times(last, clone)
            if starts and ends:
                # A phase that starts with the end of another one starts with its last line.
                ends_another = any(first == end for _, end in PHASES.values())
                start, end = starts[-1 if ends_another else 0], ends[-1]
                yield name, start - began, end - began, self.share(start, end)


def place(sign: str, clone: Path) -> str:
    return sign if sign.startswith("caches/") else f"{clone.name}/{sign}"


def busy_seconds() -> float:
    user, nice, system, _, _, *others = Path("/proc/stat").read_text().split()[1:9]
    ticks = sum(map(int, (user, nice, system, *others[:2])))
    return ticks / os.sysconf("SC_CLK_TCK")


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
    environment, recording = variables(caches), Recording()
    began = time.monotonic()
    try:
        recording.run(["make", "-C", str(clone), "up"], environment)
        seconds = time.monotonic() - began
        print(f"{'phase':20}{'start':>8}{'end':>8}{'seconds':>9}{'busy':>7}")
        for name, start, end, share in recording.phases(clone):
            print(f"{name:20}{start:>8.1f}{end:>8.1f}{end - start:>9.1f}{share:>7.0%}")
        return {"seconds": seconds, "GiB left": disk_usage(caches)}
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
