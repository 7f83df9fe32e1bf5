"""The site that `make site` built, in a browser without a network."""

from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Page

from stacks.config.project import ROOT
from tests.browser import NARROW, accessibility_faults

SITE = ROOT / ".local" / "site"
MATERIAL = ("aria-dialog-name", "landmark-unique", "scrollable-region-focusable")  # its own faults
PAGES = {
    "": "the links of every reader",
    "tutorial/": "commands",
    "concepts/architecture/": "a diagram",
    "reference/configuration/": "wide tables",
    "decisions/": "code in links",
    "how-to/add-a-service/": "numbers in code",
    "how-to/add-an-environment/": "comments in code",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    assert (SITE / "index.html").exists(), "run `make site`"
    handler = partial(SimpleHTTPRequestHandler, directory=SITE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def visit(visits, address) -> Callable[..., Page]:
    return lambda path, **options: visits.open(f"{address}/{path}", **options)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "theme"), [(NARROW, "dark"), (1280, "light")])
def test_page_is_accessible_everywhere(visit, path, width, theme):
    page = visit(path, width=width, theme=theme)
    excess = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert (accessibility_faults(page, MATERIAL), excess) == ([], 0)


def test_diagram_needs_no_other_server(visit):
    drawing = visit("concepts/architecture/").locator("div.mermaid")
    drawing.wait_for()
    assert drawing.bounding_box()["height"] > 300  # pixels; text would be lower


def test_diagram_scrolls_on_phones(visit):
    drawing = visit("concepts/architecture/", width=NARROW).locator("div.mermaid")
    drawing.wait_for()
    assert drawing.evaluate("one => one.scrollWidth") > 2 * NARROW


def test_copied_commands_lack_prompts(visit):
    clipboard = ["clipboard-read", "clipboard-write"]
    page = visit("how-to/run-a-service-on-your-laptop/", permissions=clipboard)
    page.get_by_role("button", name="Copy to clipboard").first.click()
    page.get_by_text("Copied to clipboard").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "make up\nmake shell\nherald run reminder-service"


def test_short_code_stays_on_one_line(visit):
    page = visit("runbooks/silence/", width=NARROW)
    codes = page.locator(":is(p, li) > code.short").all()
    lines = [code.evaluate("one => one.getClientRects().length") for code in codes]
    assert len(lines) > 5
    assert set(lines) == {1}
