"""A member of the content needs one definition: every stage passes it on."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.postgresql import PostgresServer
from tests.services import content_journey

SERVICES = Path(__file__).parents[2] / "services"
DEFINITION = "event-messages/event_messages/content.py"
LAST = "    urgent: bool = False\n"
ADDED = """
    place: Annotated[str | None, Field(max_length=80, exclude_if=lambda one: one is None)] = None
"""
DATABASES = {
    "reminder_service": "reminders",
    "event_service": "notifications",
    "notification_service": "devices",
}
STAGES = {
    "answer", "reminder:updated", "notification:create", "notification:send",
    "push", "template", "deferral", "digest",
}  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The services with one more member of the content, found before those that are installed."""
    shutil.copytree(SERVICES, tmp_path, dirs_exist_ok=True)
    definition = tmp_path / DEFINITION
    text = definition.read_text()
    assert text.count(LAST) == 1
    definition.write_text(text.replace(LAST, LAST + ADDED))
    packages = sorted(str(file.parent) for file in tmp_path.glob("*/pyproject.toml"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(packages)}


def test_new_member_reaches_every_stage(
    postgres_server: PostgresServer, environment: dict[str, str]
) -> None:
    urls = {}
    for package, name in DATABASES.items():
        command = [sys.executable, "-m", package, "migrate"]
        variables = postgres_server.variables(f"content_{name}")
        subprocess.run(command, env=environment | variables, check=True)
        urls[name] = postgres_server.url(f"content_{name}").render_as_string(hide_password=False)
    date = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    body = {"date": date, "message": "Water the plants", "place": "Kitchen"}
    arguments = [json.dumps(one) for one in (body, {"place": "Balcony"}, urls)]
    ran = subprocess.run(
        [sys.executable, content_journey.__file__, *arguments],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    stages = json.loads(ran.stdout)
    assert {stage: stages[stage].get("place") for stage in STAGES} == dict.fromkeys(
        STAGES, "Balcony"
    )
