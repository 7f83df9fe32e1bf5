"""Each check, well and wrong, with programs that answer from files."""

import json
import socket

import pytest

from operations import doctor
from operations.checks import account, email, running, settings, tools
from operations.checks.problem import LOCAL, NotWell
from operations.doctor import Check, Finding, findings
from stacks.config.project import PROJECT
from tests.operations.test_status import deployment


def problem(check, stack):
    with pytest.raises(NotWell) as caught:
        check(stack)
    return caught.value.text, caught.value.remedy


@pytest.mark.parametrize(
    ("check", "program", "word", "good", "old"),
    [
        (tools.pulumi, "pulumi", "version", "v3.274.1", "v3.9.1"),
        (tools.kubectl, "kubectl", "version", "Client Version: v1.34.4", "v1.9.0"),
    ],
)
def test_program_must_exist_and_be_recent(project, monkeypatch, check, program, word, good, old):
    project.answer(program, word, good)
    assert check(project.stack) == f"version {good.rpartition('v')[2]}"
    project.answer(program, word, old)
    text, remedy = problem(check, project.stack)
    assert text == f"version {old[1:]}"
    assert remedy.startswith(f"install {program}")
    project.answer(program, word, "unknown")
    assert problem(check, project.stack)[0] == f"`{program}` prints no version"
    project.lack(program)
    monkeypatch.setenv("PATH", str(project.folder))
    text, remedy = problem(check, project.stack)
    assert text == "not on the PATH"
    assert remedy.startswith(f"install {program}")
    assert "make up" in remedy


def test_local_variables_conflict_with_other_stacks(project, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert settings.environment(project.stack) == "AWS requests go to http://127.0.0.1:1"
    del project.settings["aws:endpoints"]
    project.write()
    text, remedy = problem(settings.environment, project.stack)
    assert text == (
        "Pulumi.test.yaml names no AWS endpoint, but AWS_ENDPOINT_URL is http://127.0.0.1:4566"
    )
    assert remedy.startswith("unset AWS_ENDPOINT_URL")


def test_unknown_key_is_named(project):
    given = {
        f"{PROJECT}:acount": {"value": "1", "secret": False},
        "aws:region": {"value": "eu-central-1", "secret": False},
    }
    project.answer("pulumi", "config", given)
    text, remedy = problem(settings.configuration, project.stack)
    assert text.startswith(
        f"Pulumi.test.yaml: unknown setting {PROJECT}:acount; the most similar setting is "
        f"{PROJECT}:account ("
    )
    assert remedy == "correct the key in Pulumi.test.yaml"


def test_valid_configuration_is_parsed(project):
    from tests.stacks.stack_files import SECRET_KEYS, as_engine, with_secrets

    given = {
        key: {"value": value, "secret": key in SECRET_KEYS}
        for key, value in as_engine(with_secrets("prod")).items()
    }
    project.answer("pulumi", "config", given)
    assert settings.configuration(project.stack).endswith("account 777788889999")


def test_the_builder_must_exist_and_listen(project, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    project.settings[f"{PROJECT}:images"] = {"builder": "fast"}
    project.write()
    text, remedy = problem(tools.builder, project.stack)
    assert text == f"no buildx builder fast in {tmp_path}"
    assert remedy.startswith("create it with buildx")
    address = tmp_path / "b.sock"
    instances = tmp_path / "buildx" / "instances"
    instances.mkdir(parents=True)
    (instances / "fast").write_text(json.dumps({"Nodes": [{"Endpoint": f"unix://{address}"}]}))
    text, _ = problem(tools.builder, project.stack)
    assert text == f"builder fast does not listen at unix://{address}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        assert tools.builder(project.stack) == f"fast at unix://{address}"


def test_without_a_builder_docker_is_needed(project, monkeypatch):
    monkeypatch.setattr(tools.shutil, "which", {"docker": None}.get)
    assert problem(tools.builder, project.stack)[0].startswith("no program `docker`")
    monkeypatch.setattr(tools.shutil, "which", {"docker": "/usr/bin/docker"}.get)
    assert tools.builder(project.stack) == "Docker's default builder"


@pytest.mark.integration
def test_identity_must_belong_to_the_account(aws):
    assert "at the emulator at 127.0.0.1" in account.identity(aws.stack)
    aws.settings[f"{PROJECT}:account"] = "111122223333"
    aws.write()
    assert problem(account.identity, aws.stack) == (
        "expected account 111122223333 of the stack file; got 123456789012",
        "choose another profile, for example with AWS_PROFILE",
    )


def test_missing_emulator_names_make_up(project):
    text, remedy = problem(account.identity, project.stack)
    assert text.startswith("the emulator at 127.0.0.1:1 rejected your credentials")
    assert remedy == LOCAL


def test_cluster_must_answer_with_the_namespace(project):
    text, remedy = problem(running.cluster, project.stack)
    assert text == "kubectl failed: error: kubectl has no answer"
    assert remedy.startswith("check KUBECONFIG")
    project.answer("kubectl", "get", "ok")
    assert running.cluster(project.stack) == "ready, with namespace test"


def test_every_deployment_must_be_ready(project):
    project.answer("kubectl", "get", {"items": [deployment("a", 1, 1), deployment("b", 1, 3)]})
    assert problem(running.deployments, project.stack)[0] == "not ready: b 1/3"
    project.answer("kubectl", "get", {"items": []})
    assert problem(running.deployments, project.stack) == (
        "namespace test has no deployments",
        "run `pulumi up --stack test`",
    )
    project.answer("kubectl", "get", {"items": [deployment("a", 1, 1)]})
    assert running.deployments(project.stack) == "all 1 deployments are ready"


@pytest.mark.integration
def test_dead_letters_are_counted_with_remedy(aws):
    assert running.queues(aws.stack) == "4 queues answer and have no dead letters"
    url = aws.stack.outputs.queues["notification"].dead_letters_url
    aws.stack.client("sqs").send_message(QueueUrl=url, MessageBody="dead")
    text, remedy = problem(running.queues, aws.stack)
    assert text == "dead letters: 1 in notification-dead-letters"
    assert remedy.startswith("see why with `herald dead-letters list --stack test")


@pytest.mark.integration
def test_unverified_sender_shows_its_records(aws):
    assert problem(email.email, aws.stack) == (
        "SES does not send for reminders@example.com: unknown",
        "add these DNS records: k._domainkey CNAME k.dkim",
    )
    aws.stack.client("ses").verify_email_identity(EmailAddress="reminders@example.com")
    assert email.email(aws.stack) == "SES sends for reminders@example.com"


@pytest.mark.integration
def test_sandbox_of_email_is_named(project, emulator):
    project.endpoints(emulator)
    client = project.stack.client("sesv2")
    details = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com"}
    client.put_account_details(ProductionAccessEnabled=False, **details)
    assert problem(email.email_access, project.stack) == (
        "SES is in its sandbox: 200 e-mails a day, 1 a second, to verified addresses only",
        "request production access in the SES console of this region",
    )
    client.put_account_details(ProductionAccessEnabled=True, **details)
    assert email.email_access(project.stack) == "SES sends 50,000 e-mails a day, 14 a second"


def test_unreachable_database_is_named(project, monkeypatch):
    assert problem(running.database, project.stack)[0] == "no PostgreSQL answers at 127.0.0.1:1"
    monkeypatch.setattr(running, "answers_as_postgres", lambda host, port: True)
    assert running.database(project.stack) == "PostgreSQL answers at 127.0.0.1:1"


def test_outputs_are_counted_or_faults_reported(project):
    assert settings.outputs(project.stack) == "12 outputs, as the program expects"
    project.silence("pulumi", "output")
    [found] = [each for each in findings(project.stack, doctor.CHECKS) if each.name == "pulumi"]
    assert found.result == "failed"


def test_what_needs_something_wrong_is_skipped(project, monkeypatch):
    def wrong(stack):
        raise NotWell("broken", "mend it")

    monkeypatch.setattr(
        doctor,
        "CHECKS",
        (
            Check("first", wrong),
            Check("second", lambda stack: "fine"),
            Check("third", lambda stack: "fine", needs=("first", "second")),
        ),
    )
    assert findings(project.stack, doctor.CHECKS) == [
        Finding("first", "failed", "broken", "mend it"),
        Finding("second", "ok", "fine"),
        Finding("third", "skipped", "not checked, because first must pass first"),
    ]


def test_exit_code_reports_failed_checks(project, herald, monkeypatch):
    monkeypatch.setattr(doctor, "CHECKS", (Check("first", lambda stack: "fine"),))
    said = herald("doctor", "--stack", "test")
    assert (said.code, said.out) == (
        0,
        "ok      first         fine\n\n1 checks passed.\n",
    )
    monkeypatch.setattr(doctor, "CHECKS", (Check("stack file", settings.stack_file),))
    said = herald("doctor", "--stack", "prd")
    assert said.code == 1
    assert "failed  stack file    expected a stack among test; got 'prd'" in said.out


def test_checks_depend_on_earlier_checks():
    for number, check in enumerate(doctor.CHECKS):
        assert set(check.needs) <= {each.name for each in doctor.CHECKS[:number]}
