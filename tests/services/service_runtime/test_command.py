import subprocess
import sys

import pytest
from service_runtime.command import run_command

PACKAGES = ["reminder_service", "event_service", "notification_service"]


def test_without_arguments_a_service_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["service"])
    served: list[str] = []
    run_command("service", "service", lambda: served.append("once"))
    assert served == ["once"]


@pytest.mark.integration
@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_command_is_refused(package: str) -> None:
    command = [sys.executable, "-m", package, "sevre"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (
        1,
        "Expected `migrate` or no argument; got 'sevre'.\n",
    )


@pytest.mark.integration
@pytest.mark.parametrize("package", PACKAGES)
def test_migration_names_missing_settings(package: str) -> None:
    command = [sys.executable, "-m", package, "migrate"]
    ended = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "DATABASE_ADMIN_PASSWORD" in ended.stderr
