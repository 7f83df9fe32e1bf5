"""The pages of an unsubscribe link in a browser: by keyboard, on a narrow screen, in the dark."""

import pytest
from notification_service.api import device_api
from notification_service.unsubscription import Unsubscription
from playwright.sync_api import expect

from tests.browser import NARROW, THEMES, accessibility_faults, scrolled_sideways
from tests.services.notification_service.examples import roomy
from tests.services.notification_service.fake_devices import InMemoryDevices
from tests.services.notification_service.fakes import (
    InMemoryPreferences,
    InMemoryPush,
)

BACKGROUND = "getComputedStyle(document.body).backgroundColor"
COLOURS = {"light": "rgb(244, 244, 247)", "dark": "rgb(18, 18, 23)"}


@pytest.fixture
def preferences() -> InMemoryPreferences:
    return InMemoryPreferences()


@pytest.fixture
def link(preferences, serve) -> str:
    """The link of the user ada, on a served application."""
    unsubscription = Unsubscription("/unsubscribe", "k" * 43, preferences)
    devices = (InMemoryDevices(), InMemoryPush(), preferences, unsubscription)
    app = device_api(*devices, buckets=roomy(), live=bool, ready=bool)
    return f"{serve(app)}{unsubscription.link('ada')}"


def faults_of(page):
    return accessibility_faults(page) + scrolled_sideways(page)


@pytest.mark.parametrize("theme", THEMES)
def test_keyboard_unsubscribes(visits, link, preferences, theme):
    page = visits.open(link, width=NARROW, theme=theme)
    expect(page.get_by_role("heading", level=1)).to_have_text("Unsubscribe")
    faults = faults_of(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Unsubscribe")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_title("You are unsubscribed")
    assert faults + faults_of(page) == []
    assert preferences.of("ada").unsubscribed
    assert page.evaluate(BACKGROUND) == COLOURS[theme]


def cut_token(link):
    return link[:-4]


def without_token(link):
    return link.partition("?")[0]


@pytest.mark.parametrize("damage", [cut_token, without_token])
def test_cut_link_shows_a_page(visits, link, preferences, damage):
    page = visits.open(damage(link), width=NARROW)
    assert visits.faults == [
        "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    ]
    visits.faults.clear()
    expect(page.get_by_role("heading", name="This link does not work", level=1)).to_be_visible()
    assert faults_of(page) == []
    assert preferences.rows == {}
