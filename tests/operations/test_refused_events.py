"""What the operators' command has a pod of a service do."""

import sys

import pytest

from operations.refused_event_commands import COMMAND

ASKED = f"--request-timeout=10s exec -n test deploy/test-event-service -- {' '.join(COMMAND)}"
ID = "0190b3d2-7c00-7000-8000-000000000001"


@pytest.fixture
def cluster(around):
    names = ("test-reminder-service", "test-event-service")
    around.answer("kubectl", "get", {"items": [{"metadata": {"name": name}} for name in names]})
    around.answer("kubectl", "exec", '{"id": "1"}\n')
    return around


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["list"], "list --limit 1000"),
        (["show", "--id", ID], f"show --id {ID}"),
        (["retry", "--id", ID, "--id", "2"], f"retry --id {ID} --id 2"),
        (["retry", "--all"], "retry --all"),
        (["discard", "--id", ID, "--yes"], f"discard --yes --id {ID}"),
    ],
)
def test_a_pod_of_the_service_is_asked_and_its_answer_shown(cluster, herald, arguments, asked):
    [action, *rest] = arguments
    said = herald("refused-events", action, "--stack", "test", "--service", "event-service", *rest)
    assert (said.code, said.out, said.err) == (0, '{"id": "1"}\n', "")
    assert cluster.asked[-1] == f"{ASKED} {asked}"


def test_the_service_understands_every_command(monkeypatch, capsys):
    from service_runtime.outbox_command import main

    monkeypatch.delenv("DATABASE_HOST", raising=False)
    for asked in ("list --limit 9", f"show --id {ID}", "retry --all", f"discard --yes --id {ID}"):
        with pytest.raises(SystemExit) as ended:
            main(asked.split())
        assert ended.value.code == 2
        assert "environment variables are missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["retry"], "expected either --id ID or --all; got neither. Nothing was changed"),
        (
            ["discard", "--id", ID],
            "expected --yes, because discarded events are lost; nothing was changed",
        ),
    ],
)
def test_what_is_meant_has_to_be_said(around, herald, arguments, told):
    [action, *rest] = arguments
    said = herald("refused-events", action, "--stack", "test", "--service", "event-service", *rest)
    assert (said.code, said.out, said.err) == (1, "", f"Herald: {told}.\n")


def test_what_the_pod_complains_of_is_told_in_its_words(cluster, herald):
    (cluster.folder / "kubectl").write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "if 'exec' not in sys.argv: sys.exit(print(open(sys.path[0] + '/kubectl.get').read()))\n"
        "sys.exit('Expected ids, found none.\\ncommand terminated with exit code 1')\n"
    )
    said = herald("refused-events", "list", "--stack", "test", "--service", "event-service")
    told = "Herald: the command failed in a pod of event-service: Expected ids, found none.\n"
    assert (said.code, said.out, said.err) == (1, "", told)


def test_a_service_that_is_not_deployed_is_named(cluster, herald):
    said = herald("refused-events", "list", "--stack", "test", "--service", "notification-service")
    told = "Herald: expected a deployment of notification-service in test; found none.\n"
    assert (said.code, said.out, said.err) == (1, "", told)
