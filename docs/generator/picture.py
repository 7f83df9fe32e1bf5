"""Draws the platform as its program makes it, in the pages that show it."""

from pathlib import Path

from operations.diagram import diagram
from review.audit.programs import platform
from stacks.config.project import ROOT

BEGIN, END = (
    "<!-- The platform, written by `make reference`. -->\n",
    "<!-- End of the platform. -->\n",
)


def picture() -> str:
    """Return the stack `local` like `herald diagram` draws it from a stack's state."""
    resources = [
        {
            "type": each.type,
            "urn": each.urn,
            "inputs": each.inputs,
            "propertyDependencies": each.references,
        }
        for each in platform("local").resources
    ]
    return diagram("local", resources)


def page_with_picture(page: Path) -> str:
    """Return the text of a page with the picture between its two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}```mermaid\n{picture()}\n```\n{END}{after}"


def readme() -> str:
    return page_with_picture(ROOT / "README.md")


def architecture_page() -> str:
    return page_with_picture(ROOT / "docs" / "concepts" / "architecture.md")
