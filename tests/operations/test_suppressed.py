"""Suppressed addresses, looked after by a pod of notification-service."""

import pytest

from operations.suppressed_commands import COMMAND

ASKED = (
    f"--request-timeout=10s exec -n test deploy/test-notification-service -- {' '.join(COMMAND)}"
)


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["list"], "list --limit 1000"),
        (["list", "--limit", "5"], "list --limit 5"),
        (["remove", "--address", "ada@example.org"], "remove --address ada@example.org"),
    ],
)
def test_pod_answers(project, herald, arguments, asked):
    pods = {"items": [{"metadata": {"name": "test-notification-service"}}]}
    project.answer("kubectl", "get", pods)
    project.answer("kubectl", "exec", '{"address": "ada@example.org"}\n')
    said = herald("suppressed", *arguments, "--stack", "test")
    assert (said.code, said.out, said.err) == (0, '{"address": "ada@example.org"}\n', "")
    assert project.asked[-1] == f"{ASKED} {asked}"
