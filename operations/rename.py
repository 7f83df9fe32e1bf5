"""Renames the project: its name in `Pulumi.yaml`, and the prefix of keys in stack files."""

import re
from pathlib import Path

from operations.errors import NoProject, OperatorError
from stacks.config.project import ROOT

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")


def rename_project(name: str, root: Path = ROOT) -> list[Path]:
    """Rename the platform's project, and return the files that changed.

    Stacks that exist keep their old name in the backend: `pulumi stack rename` moves each.
    """
    if not NAME.fullmatch(name):
        raise OperatorError(
            f"expected a name of 2 to 32 lower-case letters, digits and hyphens; got {name!r}"
        )
    old = project_name(root)
    if name == old:
        raise OperatorError(f"the project is named {name!r} already; nothing was changed")
    changed = []
    for file in [root / "Pulumi.yaml", *sorted(root.glob("Pulumi.*.yaml"))]:
        before = file.read_text(encoding="utf-8")
        after = re.sub(rf"(?m)^(name: ){re.escape(old)}$", rf"\g<1>{name}", before)
        after = re.sub(rf"(?m)^(\s*(?:# )?){re.escape(old)}:(?=\w)", rf"\g<1>{name}:", after)
        if after != before:
            file.write_text(after, encoding="utf-8")
            changed.append(file.relative_to(root))
    return changed


def project_name(root: Path) -> str:
    file = root / "Pulumi.yaml"
    if not file.exists():
        raise NoProject
    found = re.search(r"(?m)^name: (\S+)$", file.read_text(encoding="utf-8"))
    if found is None:
        raise OperatorError(f"expected a line `name: NAME` in {file}, but found none; add it")
    return found[1]
