"""Every link leads somewhere, every page is in the navigation, generated pages are current."""

import re

import pytest
import yaml

from docs.generator.pages import DIRECTORY, PAGES
from stacks.config.project import ROOT
from tests.docs import pages


def anchors(text: str) -> set[str]:
    """Return the anchors of headings as Python-Markdown makes them."""
    titles = re.findall(r"^#+ +(.+)$", pages.FENCE.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[`*]|\[([^]]*)\]\([^)]*\)", r"\1", title) for title in titles]
    cleaned = [re.sub(r"[^\w\s-]", "", title).strip().lower() for title in plain]
    return {re.sub(r"[-\s]+", "-", title) for title in cleaned}


@pytest.mark.parametrize("name", sorted(pages.TEXTS))
def test_links_lead_somewhere(name):
    path = ROOT / name
    for target, anchor in pages.targets(path, pages.TEXTS[name]):
        assert target.exists(), target
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{target}#{anchor}"


@pytest.mark.parametrize("name", sorted(pages.TEXTS))
def test_parts_of_lists_stay_nested(name):
    """Python-Markdown needs four spaces for each level; with fewer, the numbers start again."""
    fences = [len(fence[1]) for fence in pages.FENCE.finditer(pages.TEXTS[name])]
    items = re.findall(
        r"^( +)(?:[-*]|\d+\.) ", pages.FENCE.sub("", pages.TEXTS[name]), re.MULTILINE
    )
    assert [indent for indent in [*fences, *map(len, items)] if indent % 4] == []


def entries(navigation):
    for entry in navigation:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield from entries(value) if isinstance(value, list) else [value]


def test_navigation_has_every_page():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    site = yaml.load(text, Loader=yaml.BaseLoader)  # which reads a tag of Python as text
    listed = sorted(entries(site["nav"]))
    assert listed == sorted(str(path.relative_to(pages.DOCS)) for path in pages.PAGES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_page_is_current(name):
    written = (DIRECTORY / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `make reference`"
