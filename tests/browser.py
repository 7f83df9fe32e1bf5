"""Opens pages in a real browser that reaches nothing but this machine."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from local.environment import Environment
from local.host.browser import find_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

NARROW = 320  # CSS pixels; WCAG 2.2, criterion 1.4.10
PATIENCE = 25_000  # milliseconds; a shorter limit fails on a busy machine
THEMES = ("light", "dark")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Start the browser; its event loop would disturb other modules, so it ends with this one."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    executable = find_browser(Environment.from_variables())
    is_root = os.geteuid() == 0  # Chromium's sandbox refuses root
    with sync_playwright() as driver:
        yield driver.chromium.launch(executable_path=executable, chromium_sandbox=not is_root)


@dataclass
class Visits:
    """Opens pages, and collects what no page may do: outside requests, errors, warnings."""

    browser: "Browser"
    contexts: ExitStack
    faults: list[str] = field(default_factory=list)

    def open(self, url: str, width: int = 1280, theme: str = "light", **options: Any) -> "Page":
        viewport = {"width": width, "height": 800}
        context = self.browser.new_context(viewport=viewport, color_scheme=theme, **options)
        self.contexts.callback(context.close)
        context.set_default_timeout(PATIENCE)
        context.route(lambda address: not address.startswith("http://127.0.0.1:"), self.refuse)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self.hear)
        page.goto(url)
        return page

    def refuse(self, route: "Route") -> None:
        self.faults.append(f"request to {route.request.url}")
        route.abort()

    def hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)


@pytest.fixture
def visits(browser: "Browser") -> Iterator[Visits]:
    with ExitStack() as contexts:
        visits = Visits(browser, contexts)
        yield visits
        if visits.faults:
            pytest.fail("\n".join(visits.faults))


def accessibility_faults(page: "Page", ignored: Iterable[str] = ()) -> list[str]:
    """Return what axe-core finds: names, roles, landmarks, headings, contrast and more."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {rule: {"enabled": False} for rule in ignored}
    options = {"iframes": False, "rules": rules}  # frames show e-mails of others
    results = Axe().run(page, options=options).response
    return [
        f"{violation['id']}: {node['html']}"
        for violation in results["violations"]
        for node in violation["nodes"]
    ]


def scrolled_sideways(page: "Page") -> list[str]:
    """Return the parts of the page that are wider than the space for them."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("*")]
            .filter((one) => one.scrollWidth > one.clientWidth + 1)
            .filter((one) => one === document.documentElement
                || ["auto", "scroll"].includes(getComputedStyle(one).overflowX))
            .map((one) => one.cloneNode().outerHTML)"""
    )
    return found
