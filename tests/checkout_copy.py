"""A clean copy of the checkout, to be changed by commands and tested by `make check`'s tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stacks.config.project import ROOT

LINKED = (".local", ".venv")  # made by `make`, and not part of the repository


class CheckoutCopy:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        for name in lines(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard"):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.folder / name)
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

    def run(self, *command: str) -> None:
        packages = [self.folder, self.folder / "infra", *(self.folder / "services").iterdir()]
        environment = self.environment | {"PYTHONPATH": ":".join(map(str, packages))}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


def lines(folder: Path, *command: str) -> list[str]:
    return subprocess.check_output(command, cwd=folder, text=True).splitlines()
