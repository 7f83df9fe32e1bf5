"""The page at /docs of an API in a browser: without a network, by keyboard, wide and narrow."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from notification_service.api import device_api
from playwright.sync_api import Page, expect
from starlette.types import ASGIApp

from docs.generator.http_api import reminder_app
from tests.browser import NARROW, accessibility_faults, scrolled_sideways
from tests.services.notification_service.examples import roomy
from tests.services.notification_service.fake_devices import InMemoryDevices
from tests.services.notification_service.fakes import (
    InMemoryPreferences,
    InMemoryPush,
)

SWAGGER_UI = ("heading-order", "nested-interactive")  # rules that Swagger UI itself breaks


def device_app() -> ASGIApp:
    fakes = (InMemoryDevices(), InMemoryPush(), InMemoryPreferences())
    return device_api(*fakes, buckets=roomy(), live=bool, ready=bool)


@pytest.fixture
def visit(visits, serve: Callable[[ASGIApp], httpx.Client]) -> Callable[..., Page]:
    """Opens the page of an application, and waits until it shows the operations."""

    def open_page(app: ASGIApp, **options: Any) -> Page:
        page: Page = visits.open(f"{serve(app).base_url}/docs", **options)
        expect(page.locator(".opblock").first).to_be_visible()
        return page

    return open_page


@pytest.mark.parametrize(
    ("application", "name", "width", "theme"),
    [
        (device_app, "POST /device/register Register", NARROW, "dark"),
        (reminder_app, "POST /reminders Create", 1280, "light"),
    ],
)
def test_page_is_accessible_everywhere(visit, application, name, width, theme):
    page = visit(application(), width=width, theme=theme)
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name="Request body")).to_be_visible()
    assert accessibility_faults(page, SWAGGER_UI) + scrolled_sideways(page) == []


def test_theme_follows_the_system(visit):
    background = "getComputedStyle(document.documentElement).backgroundColor"
    assert visit(device_app(), theme="dark").evaluate(background) == "rgb(28, 32, 34)"


def press(page: Page, name: str) -> None:
    """Go to a button by Tab, as a user without a mouse does, and press Enter."""
    button = page.get_by_role("button", name=name)
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            return page.keyboard.press("Enter")
    pytest.fail(f"Tab does not reach the button {name}")


def test_keyboard_sends_a_request(visit):
    page = visit(device_app())
    press(page, "Authorize")
    page.get_by_role("textbox").press_sequentially("ann")
    page.keyboard.press("Enter")
    press(page, "Close")
    press(page, "GET /device List")
    press(page, "Try it out")
    press(page, "Execute")
    answer = page.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status").first).to_have_text("200")
