"""Takes the pictures of the README: `make shell`, then `python -m docs.generator.pictures`.

It sends reminders through the running platform, and previews a change of production.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from markdown_it import MarkdownIt
from playwright.sync_api import Page, sync_playwright

from local.environment import Environment
from local.errors import LocalError
from local.host.browser import find_browser
from stacks.config.project import ROOT

ADDRESSES = ("INBOX_URL", "DEVICES_URL", "REMINDERS_URL")  # `make shell` sets them
REMEDY = "run `make up`, then this program in `make shell`"
PICTURES = ROOT / "docs" / "pictures"
REMINDERS = (
    {"message": "Take the medicine", "notifyType": "push"},
    {"message": "Water the plants", "notifyType": "push"},
    {"message": "Pay the rent", "notifyType": "email"},
    {
        "message": "Team meeting in room 4",
        "notifyType": "email",
        "url": "https://example.com/rooms/4",
    },
)
CALLER = {"x-authenticated-userid": "ada", "x-consumer-username": "ada@example.com"}
STYLE = """<meta charset="utf-8"><style>
body { font: 14px/1.5 sans-serif; margin: 16px 32px; }
table { border-collapse: collapse; margin-bottom: 12px; font-size: 13px; line-height: 1.45; }
td, th { border: 1px solid #d1d9e0; padding: 0 12px; }
tr:nth-child(2n), pre, code { background: #f6f8fa; }
pre { padding: 12px; border-radius: 6px; }
</style>"""


def send_reminders() -> None:
    """Create reminders that are due at once, and wait until all have arrived in the inbox."""
    inbox = httpx.Client(base_url=os.environ["INBOX_URL"])
    inbox.delete("/api/messages").raise_for_status()
    device = f"{os.environ['DEVICES_URL']}/device/register"
    httpx.post(device, headers=CALLER, json={"fcmToken": "valid-phone"}).raise_for_status()
    for number, reminder in enumerate(REMINDERS):
        due = datetime.now(UTC) + timedelta(seconds=65 + number)
        body = {"date": due.isoformat(), "timeZone": "Europe/Paris", **reminder}
        answer = httpx.post(f"{os.environ['REMINDERS_URL']}/reminders", headers=CALLER, json=body)
        answer.raise_for_status()
    while len(inbox.get("/api/messages").json()) < len(REMINDERS):
        time.sleep(1)


def picture_inbox(page: Page) -> None:
    page.goto(os.environ["INBOX_URL"])
    page.get_by_role("button", name="Team meeting").click()
    page.frame_locator("iframe").get_by_role("heading").wait_for()
    page.screenshot(path=PICTURES / "inbox.png")


def preview(stack_folder: Path, *options: str) -> None:
    """Preview production into a folder; a violation of a policy is expected."""
    command = ["herald", "preview", "--stack", "prod", "--output", str(stack_folder), *options]
    subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)


def preview_one_zone(folder: Path) -> str:
    """Return the report of a change that moves the database into one zone, as Markdown."""
    stack_file, kept = ROOT / "Pulumi.prod.yaml", folder / "stack.yaml"
    preview(folder)
    shutil.copy(folder / "prod.json", folder / "before.json")
    shutil.copy(stack_file, kept)
    try:
        text = kept.read_text(encoding="utf-8")
        stack_file.write_text(text.replace("multiAz: true", "multiAz: false"), encoding="utf-8")
        preview(folder, "--before", str(folder / "before.json"))
    finally:
        shutil.copy(kept, stack_file)
    return (folder / "prod.md").read_text(encoding="utf-8")


def picture_report(page: Page) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = preview_one_zone(Path(folder))
    page.set_content(STYLE + MarkdownIt("gfm-like", {"linkify": False}).render(report))
    page.screenshot(path=PICTURES / "preview-report.png", full_page=True)


def take_pictures() -> None:
    if missing := [name for name in ADDRESSES if name not in os.environ]:
        raise LocalError(
            f"expected the addresses of the platform, but {', '.join(missing)} are not set"
        )
    send_reminders()
    with sync_playwright() as driver:
        executable = find_browser(Environment.from_variables())
        browser = driver.chromium.launch(executable_path=executable, chromium_sandbox=False)
        picture_inbox(browser.new_page(viewport={"width": 1200, "height": 500}))
        picture_report(browser.new_page(viewport={"width": 900, "height": 400}))


if __name__ == "__main__":
    try:
        take_pictures()
    except httpx.TransportError as error:
        sys.exit(
            f"pictures: expected an answer from {error.request.url}, but got {error}; {REMEDY}"
        )
    except LocalError as error:
        sys.exit(f"pictures: {error}; {REMEDY}")
