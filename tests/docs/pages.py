"""The pages of the documentation, and the code blocks and inline code in them."""

import re
from collections.abc import Iterator
from pathlib import Path

from stacks.config.project import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TEXTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
}
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
SHELL = {"console", "sh", "bash"}


def blocks(text: str, *languages: str) -> list[str]:
    """Return the fenced blocks of some languages."""
    return [found[3] for found in FENCE.finditer(text) if found[2] in languages]


def inline_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def commands(text: str) -> Iterator[str]:
    """Return the commands of shell blocks, without prompts, outputs and comments."""
    joined = re.sub(r" \\\n *", " ", text)
    for block in blocks(joined, "console"):
        yield from (line.strip()[2:] for line in block.splitlines() if line.strip()[:2] == "$ ")
    for block in blocks(joined, "sh", "bash"):
        yield from (line.partition(" #")[0].strip() for line in block.splitlines())


def section(page: str, heading: str) -> str:
    """Return the text below a heading, up to the next one."""
    text = TEXTS[page]
    assert f"\n## {heading}\n" in text, f"{page} has no section {heading!r}"
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def targets(path: Path, text: str) -> Iterator[tuple[Path, str]]:
    """Return the files and anchors that a page links to."""
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub("`[^`\n]+`", "", FENCE.sub("", text))):
        if not re.match(r"[a-z]+:", link):
            name, _, anchor = link.partition("#")
            yield (path.parent / name).resolve() if name else path, anchor
