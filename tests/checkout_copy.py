"""A clean copy of the checkout, to be changed by commands and tested by `make check`'s tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stacks.config.project import ROOT

LINKED = (
    ".local",
    ".venv",
    "review/policies/.venv",
)  # made by `make`, and not part of the repository


class CheckoutCopy:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        for name in lines(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard"):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.folder / name)  # `make` compares times
        lines(self.folder, "git", "init", "--quiet")
        (self.folder / ".git" / "info" / "exclude").write_text("\n".join(LINKED))
        lines(self.folder, "git", "add", "--all")
        for name in LINKED:
            (self.folder / name).symlink_to(ROOT / name)
        self.environment = dict(os.environ)

    def changes(self) -> set[str]:
        """Return the files that differ from the clean copy."""
        status = lines(self.folder, "git", "status", "--porcelain", "--untracked-files=all")
        return {line[3:] for line in status if line[1] != " "}

    def python(self, *arguments: str) -> None:
        """Run `python -m` in the copy."""
        self.run(sys.executable, "-m", *arguments)

    def run(self, *command: str) -> str:
        done = self.attempt(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        packages = [self.folder, self.folder / "infra", *(self.folder / "services").iterdir()]
        environment = self.environment | {"PYTHONPATH": ":".join(map(str, packages))}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


def lines(folder: Path, *command: str) -> list[str]:
    return subprocess.check_output(command, cwd=folder, text=True).splitlines()
