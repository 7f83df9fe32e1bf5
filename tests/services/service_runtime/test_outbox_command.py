"""What the command of the outbox expects; what it does is tested with the refused events."""

import subprocess
import sys
from uuid import UUID

import pytest
from service_runtime.outbox_command import main


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "the following arguments are required: action"),
        (["list", "more"], "unrecognized arguments: more"),
        (["show"], "one of the arguments --id is required"),
        (["retry"], "one of the arguments --id --all is required"),
        (["retry", "--all", "--id", str(UUID(int=1))], "not allowed with argument --all"),
        (["retry", "--id", "x"], "argument --id: invalid UUID value: 'x'"),
        (["discard", "--id", str(UUID(int=1))], "the following arguments are required: --yes"),
    ],
)
def test_a_mistaken_command_is_told_and_changes_nothing(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.integration
def test_a_missing_setting_is_named() -> None:
    command = [sys.executable, "-m", "service_runtime.outbox_command", "list"]
    ended = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "DATABASE_HOST" in ended.stderr
