"""Shows how far a build is and how long it will take."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

HEARTBEAT = 15.0  # seconds between two checks of the build
EARLY = 0.02  # share of the work; estimates from less would mislead
# Measured on a build of all programs: a package costs as much as additional bytes of source, and
# the linker costs a share of the program's source.
START, LINKING = 20_000, 0.1


@dataclass(frozen=True)
class Package:
    """Describes a package of `go list`; `size` is in bytes of source."""

    size: int
    imports: tuple[str, ...] = ()


class Progress:
    """Adds up the packages that Go has compiled and the programs that it has linked.

    Go names a package when it starts to compile it, so everything that the package imports is
    ready by then.  A package that is ready and was never named comes from an earlier build that
    was interrupted; it counts as done, but says nothing about the speed of this build.
    """

    def __init__(self, heartbeat: float = HEARTBEAT) -> None:
        self.downloads = 0
        self.packages: Mapping[str, Package] = {}
        self.links: dict[str, float] = {}
        self.total, self.made, self.cached = 0.0, 0.0, 0.0
        self.began = time.monotonic()
        self._named, self._ready = set[str](), set[str]()
        self._linked: Callable[[], Iterable[str]] = tuple
        self._lock = threading.Lock()
        self._over, self._heartbeat = threading.Event(), heartbeat
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def expect(
        self,
        packages: Mapping[str, Package],
        programs: Iterable[str],
        linked: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """Start the estimate; `linked` returns the programs that are already linked."""
        self.packages, self._linked = packages, linked
        self.links = {
            name: LINKING * sum(map(self._work, self._below(name, set()))) for name in programs
        }
        self.total = sum(map(self._work, packages)) + sum(self.links.values())
        self.began = time.monotonic()

    def read(self, line: str) -> bool:
        """Process a line of go's standard error; return False for unknown lines."""
        if line.startswith("go: downloading"):
            self.downloads += 1
            return True
        package = line.strip()
        if package not in self.packages:
            return False
        self._named.add(package)
        self._finish(*self.packages[package].imports)
        return True

    def text(self, now: float) -> str:
        if not self.total:
            return f"  programs: {self.downloads} modules downloaded"
        linked = {*self._linked()} & self.links.keys()
        self._finish(*linked)
        made = self.made + sum(self.links[name] for name in linked)
        share = (made + self.cached) / self.total
        if made < EARLY * self.total:
            return f"  programs: {share:.0%} built"
        remaining = (now - self.began) * (self.total - made - self.cached) / made
        return f"  programs: {share:.0%} built, about {minutes(remaining)} remain"

    def _work(self, name: str) -> float:
        return START + self.packages[name].size

    def _below(self, package: str, known: set[str]) -> Iterator[str]:
        """Add a package and its unknown imports to the set, and return them."""
        waiting = [package]
        while waiting:
            name = waiting.pop()
            if name in self.packages and name not in known:
                known.add(name)
                waiting += self.packages[name].imports
                yield name

    def _finish(self, *packages: str) -> None:
        with self._lock:
            for name in (name for top in packages for name in self._below(top, self._ready)):
                if name in self._named:
                    self.made += self._work(name)
                else:
                    self.cached += self._work(name)

    def _beat(self) -> None:
        shown = ""
        while not self._over.wait(self._heartbeat):
            if (text := self.text(time.monotonic())) != shown:
                print(text, flush=True)
                shown = text


def minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(10, round(seconds, -1)):.0f} s"
