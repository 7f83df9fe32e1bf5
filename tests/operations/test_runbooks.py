"""The runbooks keep up with alarms and commands."""

import re

import pytest

from operations.command_line import app
from stacks.config.project import ROOT

RUNBOOKS = ROOT / "docs" / "runbooks"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in RUNBOOKS.glob("*.md")}


def test_every_alarm_has_a_page(platform):
    alarms = [
        alarm
        for stack in ("dev", "prod")  # the scheduler as a function, and as pods
        for alarm in platform(stack).all("aws:cloudwatch/metricAlarm:MetricAlarm")
    ]
    ends = set(re.findall(r"`…(-[a-z-]+)`", TEXTS["README.md"]))
    assert alarms
    assert {each.name for each in alarms if not each.name.endswith(tuple(ends))} == set()
    names = " ".join(each.name for each in alarms) + " "
    assert {end for end in ends if f"{end} " not in names} == set()


def test_runbooks_and_their_names_match():
    for text in TEXTS.values():
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (RUNBOOKS / target).exists(), target
    for name in TEXTS.keys() - {"README.md"}:
        assert f"]({name})" in TEXTS["README.md"]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_commands_are_spelt_as_they_are(name):
    from typer.main import get_command

    for words in re.findall(r"(?m)\bherald ([a-z][^`#\n>]*)", TEXTS[name]):
        command, given = get_command(app), words.split()
        while hasattr(command, "commands") and given:
            assert given[0] in command.commands, words
            command = command.commands[given.pop(0)]
        known = {option for each in command.params for option in each.opts}
        assert {word for word in given if word.startswith("--")} <= known, words
