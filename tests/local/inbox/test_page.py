"""The page of the inbox in a browser: by mouse, keyboard and screen reader, wide and narrow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from playwright.sync_api import Page, expect

from local.addresses import Address, listening_socket
from local.inbox.__main__ import InboxServer
from local.inbox.app import inbox_app
from local.inbox.google_access import GRANT, GoogleAccess
from local.inbox.messages import Messages
from tests.browser import NARROW, THEMES, accessibility_faults, scrolled_sideways

EMAIL = {
    "messageId": "0102",
    "from": "Herald <reminders@example.com>",
    "to": ["ann@example.com"],
    "subject": "Tea" + "at" * 60,
    "text": "Tea at four",
    "html": "<h1>Tea at four</h1>",
    "headers": {"X-Entity-Ref-ID": "7" * 60},
}
PUSH = {"token": "valid-1", "notification": {"title": "Stand-up", "body": "Now"}}


@contextmanager
def running(server: uvicorn.Server) -> Iterator[str]:
    with listening_socket(Address("127.0.0.1", 0)) as socket:
        thread = threading.Thread(target=server.run, args=([socket],))
        thread.start()
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def inbox(account, assertion) -> Iterator[httpx.Client]:
    """A served inbox that has received an e-mail, then a push."""
    messages = Messages()
    app = inbox_app(messages, GoogleAccess(account))
    server = InboxServer(uvicorn.Config(app, log_level="warning"), messages)
    with running(server) as url, httpx.Client(base_url=url, timeout=25) as client:
        form = {"grant_type": GRANT, "assertion": assertion()}
        token = client.post("/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        client.post("/api/emails", json=EMAIL).raise_for_status()
        push(client)
        yield client


def push(client: httpx.Client) -> None:
    path = "/v1/projects/herald-local/messages:send"
    client.post(path, json={"message": PUSH}).raise_for_status()


@pytest.fixture
def visit(visits, inbox):
    """Opens the page, and waits until it has the messages."""

    def open_page(**options) -> Page:
        page = visits.open(str(inbox.base_url), **options)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return page

    return open_page


def row(page: Page, kind: str):
    return page.get_by_role("button", name=f"{kind} to")


@pytest.mark.parametrize(("width", "theme"), [(NARROW, "dark"), (1280, "light")])
def test_page_is_accessible_everywhere(visit, width, theme):
    page = visit(width=width, theme=theme)
    faults = {"list": accessibility_faults(page) + scrolled_sideways(page)}
    for kind in ("Push", "E-mail"):
        row(page, kind).click()
        faults[kind] = accessibility_faults(page) + scrolled_sideways(page)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete all").click()
    faults["question"] = accessibility_faults(page) + scrolled_sideways(page)
    assert faults == {"list": [], "Push": [], "E-mail": [], "question": []}


def test_theme_follows_the_system(visit):
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (visit(theme=theme).evaluate(background) for theme in THEMES)
    assert (light, dark) == ("rgb(244, 244, 247)", "rgb(18, 18, 23)")


def test_keyboard_reaches_everything(visit):
    page = visit()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search recipient or text")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Delete all")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(row(page, "E-mail")).to_be_focused()
    page.keyboard.press("Enter")
    tabs = page.get_by_role("tablist", name="Parts of the e-mail")
    tabs.get_by_role("tab", name="Rendered").focus()
    page.keyboard.press("ArrowRight")
    expect(tabs.get_by_role("tab", name="Text", selected=True)).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Text")).to_have_text("Tea at four")
    page.keyboard.press("Escape")
    expect(row(page, "E-mail")).to_be_focused()


def test_channels_change_by_arrow_keys(visit):
    page = visit()
    page.get_by_role("radio", name="All").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="E-mail")).to_be_checked()
    expect(page.get_by_role("listitem")).to_have_count(1)


def test_email_runs_no_script(visit, visits, inbox):
    html = "<h1>Tea</h1><script>document.title = 'run'</script>"
    inbox.delete("/api/messages")
    inbox.post("/api/emails", json=EMAIL | {"html": html}).raise_for_status()
    page = visit()
    row(page, "E-mail").click()
    frame = page.frame_locator("iframe[title='Rendered e-mail']")
    expect(frame.get_by_role("heading", name="Tea")).to_be_visible()
    [fault] = visits.faults
    assert fault.startswith("Blocked script execution in 'about:srcdoc'")
    visits.faults.clear()


def test_arrivals_are_announced(visit, inbox):
    page = visit()
    expect(page.get_by_role("status").nth(1)).to_have_text("2 messages, 2 unread")
    push(inbox)
    expect(page.get_by_role("status").nth(1)).to_have_text("3 messages, 3 unread")
    expect(page).to_have_title("(3) Inbox · Herald")


def test_narrow_page_shows_one_part(visit):
    page = visit(width=NARROW)
    row(page, "Push").click()
    message = page.get_by_role("region", name="Message", exact=True)
    expect(message).to_be_focused()
    expect(row(page, "E-mail")).to_be_hidden()
    message.get_by_role("button", name="Messages").click()
    expect(row(page, "Push")).to_be_focused()


def test_deletion_needs_confirmation(visit):
    page = visit()
    page.get_by_role("button", name="Delete all").click()
    page.keyboard.press("Enter")  # on the safe choice
    expect(page.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Delete all").click()
    question = page.get_by_role("dialog", name="Delete all messages?")
    question.get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("status").nth(1)).to_have_text("No messages")
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
