"""Runs a service, and starts it again when its sources change."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from operations import warm_start
from operations.errors import OperatorError

RELOAD_GRACE = 0.2  # seconds to end before a start with newer sources
END_GRACE = 10  # seconds to finish work in hand at the end
SETTLED = 2  # seconds from a start to the preparation of the next one
LOOK = 100  # milliseconds between two looks at a service whose sources stay
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DEBUGGER = ("-Xfrozen_modules=off", "-m", "debugpy", "--listen", "5678", "--wait-for-client", "-m")


@dataclass(frozen=True)
class Program:
    """Describes a Python package to run, and its folder."""

    package: str
    folder: Path
    variables: Mapping[str, str]
    debug: bool = False

    def prepare(self) -> "Start":
        """Start Python; it waits with its imports done, or is ready for a debugger at once."""
        reading, writing = os.pipe()
        warm = [warm_start.__file__, self.package, str(reading)]
        command = [sys.executable, *([*DEBUGGER, self.package] if self.debug else warm)]
        # The service ends with this process, also when that is killed.
        tied = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        # Python compares sources and bytecode by seconds and size, and could run an older save.
        variables = {**self.variables, "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(
            [*tied, *command], cwd=self.folder, env=variables, pass_fds=[reading]
        )
        os.close(reading)
        return Start(process, writing)


@dataclass
class Start:
    """Represents a prepared process of the service, which runs after `go`."""

    process: "subprocess.Popen[bytes]"
    gate: int

    def go(self) -> None:
        with suppress(BrokenPipeError):  # it has ended already
            os.write(self.gate, b"g")

    def stop(self, grace: float) -> None:
        os.close(self.gate)
        self.process.terminate()
        try:
            self.process.wait(grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass
class Reloaded:
    """Runs a program, and prepares its next process while nothing changes."""

    program: Program
    current: Start | None = None
    successor: Start | None = None
    began: float = 0
    is_reported: bool = False

    def start(self) -> None:
        self.current = self.successor or self.program.prepare()
        self.successor, self.began, self.is_reported = None, time.monotonic(), False
        self.current.go()

    def reload(self, changed: Path) -> None:
        self.stop(RELOAD_GRACE)
        self.start()
        print(f"Reloaded: {changed.name} changed.", flush=True)

    def rest(self) -> None:
        """Prepare the next process, and say once that the current one ended by itself."""
        if self.current is None:
            return self.start()
        if self.successor is None and time.monotonic() > self.began + SETTLED:
            self.successor = None if self.program.debug else self.program.prepare()
        code = self.current.process.poll()
        if code is not None and not self.is_reported:
            self.is_reported = True
            print(f"Ended with {code}; a change starts it again.", flush=True)

    def stop(self, grace: float) -> None:
        if self.current is not None:
            self.current.stop(grace)
            self.current = None

    def end(self) -> None:
        if self.successor is not None:
            self.successor.stop(0)
        self.stop(END_GRACE)


def run_reloading(program: Program, sources: Sequence[Path]) -> None:
    """Run the program until this process is interrupted."""
    try:
        from watchfiles import watch
    except ModuleNotFoundError:
        raise OperatorError(
            "expected the package `watchfiles`, found none; run `make .venv/ready` in a checkout"
        ) from None
    reloaded = Reloaded(program)
    try:
        for changes in watch(*sources, rust_timeout=LOOK, yield_on_timeout=True):
            if changes and reloaded.current is not None:
                reloaded.reload(Path(min(changes)[1]))
            else:
                reloaded.rest()
    finally:
        reloaded.end()


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """End the block at the first signal; later ones do not cut the clean-up short."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in SIGNALS}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
