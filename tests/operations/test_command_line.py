"""The command as a process: quick to help, one sentence for what is wrong."""

import json
import subprocess
import sys

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from operations.errors import sentence
from review.preview.costs import Bill
from review.preview.plan import Finding, Plan
from review.preview.report import Report

HEAVY = {"boto3", "botocore", "pulumi", "pydantic", "rich", "yaml"}
HELP = """
import sys
from operations.command_line import main
main(["--help"])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.integration
def test_help_lists_commands_without_slow_imports():
    run = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    for command in (
        *("dead-letters", "diagram", "doctor", "outputs"),
        *("preview", "redrive", "status"),
    ):
        assert f"  {command} " in run.stdout
    assert HEAVY & set(run.stderr.split()) == set()


@pytest.mark.parametrize("group", [[], ["dead-letters"], ["new"], ["suppressed"]])
def test_summaries_fit_a_terminal(herald, monkeypatch, group):
    monkeypatch.setenv("COLUMNS", "80")
    commands = herald(*group, "--help").out.partition("Commands:\n")[2].splitlines()
    assert len(commands) > 0
    assert [line for line in commands if line.endswith("...")] == []


@pytest.mark.integration
def test_module_returns_the_exit_code():
    run = subprocess.run(
        [sys.executable, "-m", "operations", "status"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "Missing option '--stack'" in run.stderr


@pytest.mark.parametrize("command", [["status"], ["diagram"]])
def test_unknown_stack_is_named_with_others(project, herald, command):
    said = herald(*command, "--stack", "prd")
    assert (said.code, said.out) == (1, "")
    assert said.err == "Herald: expected a stack among test; got 'prd'.\n"


def test_outputs_match_the_other_command(project, herald):
    said = herald("outputs", "--stack", "test", "--service", "event-service")
    assert said.out == "EVENT_QUEUE_URL=http://127.0.0.1:1/123456789012/event\n"
    said = herald("outputs", "--stack", "test", "--service", "x", "--format", "json")
    assert (said.code, said.out) == (1, "")
    assert said.err == "Herald: expected a service among event-service; got 'x'.\n"


def test_preview_of_unknown_stack_lists_stacks(herald):
    said = herald("preview", "--stack", "prd")
    assert (said.code, said.out) == (1, "")
    assert said.err == "Herald: expected a stack among dev, local, prod, staging; got prd.\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "/before.json: No such file or directory.\n"),
        (
            "{}",
            "before.json: expected a complete JSON report of a preview, as `--output` writes it.\n",
        ),
    ],
)
def test_preview_reports_an_invalid_earlier_report(herald, tmp_path, text, problem):
    before = tmp_path / "before.json"
    if text is not None:
        before.write_text(text)
    said = herald("preview", "--stack", "dev", "--before", str(before))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("Herald: ")
    assert said.err.endswith(problem)


def test_preview_with_violations_reports_and_fails(herald, tmp_path, monkeypatch):
    broken = Finding(
        rule="tagged", level="mandatory", type="t", name="n", reason="why", problem="no tags"
    )
    plan = Plan(resources=[], findings=[broken], rules=1, errors=[])
    report = Report(stack="dev", plan=plan, bill=Bill((), ()), currency="USD", assumptions=[])
    monkeypatch.setattr("review.preview.making.report_of", lambda *given: report)
    said = herald("preview", "--stack", "dev", "--output", str(tmp_path))
    assert said.code == 1
    assert "[mandatory] tagged: t n: no tags" in said.out
    assert {file.name for file in tmp_path.iterdir()} == {"dev.json", "dev.md", "dev.txt"}
    said = herald("preview", "--stack", "dev", "--format", "json")
    assert json.loads(said.out)["policies"]["findings"][0]["rule"] == "tagged"


@pytest.mark.parametrize(("level", "code"), [("mandatory", 1), ("advisory", 0)])
def test_preview_reports_account_problems(project, herald, monkeypatch, level, code):
    short = Finding(
        rule="quotas", level=level, type="account", name="1", reason="request more", problem="none"
    )
    plan = Plan(resources=[], findings=[], rules=1, errors=[])
    report = Report(stack="test", plan=plan, bill=Bill((), ()), currency="USD", assumptions=[])
    monkeypatch.setattr("review.preview.making.report_of", lambda *given: report)
    monkeypatch.setattr("operations.update_problems.problems_of", lambda stack: [short])
    said = herald("preview", "--stack", "test", "--account")
    assert said.code == code
    assert f"  [{level}] quotas: account 1: none\n      request more\n" in said.out
    assert "Account:" not in herald("preview", "--stack", "test").out


def test_foundation_has_no_account_check(herald):
    said = herald("preview", "--stack", "dev", "--program", "foundation", "--account")
    assert said.code == 2
    assert "expected the program platform with --account" in said.err


def test_an_unknown_format_is_refused(project, herald):
    said = herald("outputs", "--stack", "test", "--format", "xml")
    assert said.code == 2
    assert "'xml' is not one of 'env', 'json', 'k8s'" in said.err


def test_missing_pulumi_is_named_with_remedy(project, herald):
    project.lack("pulumi")
    said = herald("status", "--stack", "test")
    assert said.err == (
        "Herald: expected the program `pulumi` on the PATH, but it is missing; "
        "install it, or for the local stack run `make shell`.\n"
    )


def test_what_aws_refuses_is_one_sentence():
    answer = {"Error": {"Code": "AccessDenied", "Message": "not\n  allowed"}}
    assert sentence(ClientError(answer, "SendMessage")) == (
        "AWS rejected SendMessage (AccessDenied: not allowed); `herald doctor` checks your access"
    )
    told = sentence(EndpointConnectionError(endpoint_url="http://x"))
    assert told == (
        'AWS did not answer (Could not connect to the endpoint URL: "http://x"); '
        "`herald doctor` checks your access"
    )


def test_program_fault_shows_its_traceback(project, herald, monkeypatch):
    monkeypatch.setattr("stacks.outputs.models.read_stack", lambda stack: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        herald("outputs", "--stack", "test")
