"""What a serving process loads: memory and time at each start of a pod."""

import subprocess
import sys

import pytest

PROGRAM = """
import {package}.__main__, sys
print(*sorted(set(sys.modules) & set({unwanted!r})))
"""
UNWANTED = ("alembic", "mako", "opentelemetry.sdk")


@pytest.mark.integration
@pytest.mark.parametrize(
    "package",
    ["reminder_service", "event_service", "notification_scheduler", "notification_service"],
)
def test_serving_skips_modules_of_migrations(package: str) -> None:
    program = PROGRAM.format(package=package, unwanted=UNWANTED)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == ("", "")
