"""Each check, well and wrong, with programs that answer from files."""

import json
import socket

import pytest

from operations import checks, doctor
from operations.checks import NotWell
from operations.doctor import Check, Finding, findings
from stacks.config.project import PROJECT
from tests.emulator import aws_emulator
from tests.operations.test_status import deployment


def problem(check, stack):
    with pytest.raises(NotWell) as caught:
        check(stack)
    return caught.value.text, caught.value.remedy


@pytest.mark.parametrize(
    ("check", "program", "word", "good", "old"),
    [
        (checks.pulumi, "pulumi", "version", "v3.274.1", "v3.9.1"),
        (checks.kubectl, "kubectl", "version", "Client Version: v1.34.4", "v1.9.0"),
    ],
)
def test_a_program_must_be_there_and_new_enough(
    project, monkeypatch, check, program, word, good, old
):
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


def test_variables_of_the_local_environment_do_not_serve_another_stack(project, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert checks.environment(project.stack) == "AWS requests go to http://127.0.0.1:1"
    del project.settings["aws:endpoints"]
    project.write()
    text, remedy = problem(checks.environment, project.stack)
    assert text == (
        "Pulumi.test.yaml names no AWS endpoint, but AWS_ENDPOINT_URL is http://127.0.0.1:4566"
    )
    assert remedy.startswith("unset AWS_ENDPOINT_URL")


def test_a_key_that_is_no_setting_is_named(project):
    given = {
        f"{PROJECT}:acount": {"value": "1", "secret": False},
        "aws:region": {"value": "eu-central-1", "secret": False},
    }
    project.answer("pulumi", "config", given)
    text, remedy = problem(checks.configuration, project.stack)
    assert text.startswith(
        f"Pulumi.test.yaml: unknown setting {PROJECT}:acount; the most similar setting is "
        f"{PROJECT}:account ("
    )
    assert remedy == "correct the key in Pulumi.test.yaml"


def test_a_right_configuration_is_parsed_as_the_program_does(project):
    from tests.stacks.stack_files import SECRET_KEYS, as_engine, with_secrets

    given = {
        key: {"value": value, "secret": key in SECRET_KEYS}
        for key, value in as_engine(with_secrets("prod")).items()
    }
    project.answer("pulumi", "config", given)
    assert checks.configuration(project.stack).endswith("account 777788889999")


def test_the_builder_must_exist_and_listen(project, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    project.settings[f"{PROJECT}:images"] = {"builder": "fast"}
    project.write()
    text, remedy = problem(checks.builder, project.stack)
    assert text == f"no buildx builder fast in {tmp_path}"
    assert remedy.startswith("create it with buildx")
    address = tmp_path / "b.sock"
    instances = tmp_path / "buildx" / "instances"
    instances.mkdir(parents=True)
    (instances / "fast").write_text(json.dumps({"Nodes": [{"Endpoint": f"unix://{address}"}]}))
    text, _ = problem(checks.builder, project.stack)
    assert text == f"builder fast does not listen at unix://{address}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        assert checks.builder(project.stack) == f"fast at unix://{address}"


def test_without_a_builder_docker_is_needed(project, monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", {"docker": None}.get)
    assert problem(checks.builder, project.stack)[0].startswith("no program `docker`")
    monkeypatch.setattr(checks.shutil, "which", {"docker": "/usr/bin/docker"}.get)
    assert checks.builder(project.stack) == "Docker's default builder"


@pytest.mark.integration
def test_the_identity_must_be_of_the_stacks_account(aws):
    assert "at the emulator at 127.0.0.1" in checks.identity(aws.stack)
    aws.settings[f"{PROJECT}:account"] = "111122223333"
    aws.write()
    assert problem(checks.identity, aws.stack) == (
        "expected account 111122223333 of the stack file; got 123456789012",
        "choose another profile, for example with AWS_PROFILE",
    )


def test_an_emulator_that_is_not_there_is_to_be_started(project):
    text, remedy = problem(checks.identity, project.stack)
    assert text.startswith("the emulator at 127.0.0.1:1 rejected your credentials")
    assert remedy == checks.LOCAL


def test_the_cluster_must_answer_and_have_the_namespace(project):
    text, remedy = problem(checks.cluster, project.stack)
    assert text == "kubectl failed: error: kubectl has no answer"
    assert remedy.startswith("check KUBECONFIG")
    project.answer("kubectl", "get", "ok")
    assert checks.cluster(project.stack) == "ready, with namespace test"


def test_every_deployment_must_be_ready(project):
    project.answer("kubectl", "get", {"items": [deployment("a", 1, 1), deployment("b", 1, 3)]})
    assert problem(checks.deployments, project.stack)[0] == "not ready: b 1/3"
    project.answer("kubectl", "get", {"items": []})
    assert problem(checks.deployments, project.stack) == (
        "namespace test has no deployments",
        "run `pulumi up --stack test`",
    )
    project.answer("kubectl", "get", {"items": [deployment("a", 1, 1)]})
    assert checks.deployments(project.stack) == "all 1 deployments are ready"


@pytest.mark.integration
def test_dead_letters_are_counted_with_what_to_do(aws):
    assert checks.queues(aws.stack) == "4 queues answer and have no dead letters"
    url = aws.stack.outputs.queues["notification"].dead_letters_url
    aws.stack.client("sqs").send_message(QueueUrl=url, MessageBody="dead")
    text, remedy = problem(checks.queues, aws.stack)
    assert text == "dead letters: 1 in notification-dead-letters"
    assert remedy.startswith("see why with `herald dead-letters list --stack test")


@pytest.mark.integration
def test_a_sender_that_is_not_verified_is_told_its_records(aws):
    assert problem(checks.email, aws.stack) == (
        "SES does not send for reminders@example.com: unknown",
        "add these DNS records: k._domainkey CNAME k.dkim",
    )
    aws.stack.client("ses").verify_email_identity(EmailAddress="reminders@example.com")
    assert checks.email(aws.stack) == "SES sends for reminders@example.com"


@pytest.mark.integration
def test_sandbox_of_email_is_named(project):
    with aws_emulator() as url:
        project.endpoints(url)
        client = project.stack.client("sesv2")
        details = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com"}
        client.put_account_details(ProductionAccessEnabled=False, **details)
        assert problem(checks.email_access, project.stack) == (
            "SES is in its sandbox: 200 e-mails a day, 1 a second, to verified addresses only",
            "request production access in the SES console of this region",
        )
        client.put_account_details(ProductionAccessEnabled=True, **details)
        assert checks.email_access(project.stack) == "SES sends 50,000 e-mails a day, 14 a second"


def test_stack_without_a_gateway_needs_no_zone(project):
    assert checks.gateway(project.stack) == "no gateway in the stack file"


@pytest.mark.integration
def test_gateway_needs_a_zone_and_a_certificate(project):
    project.settings[f"{PROJECT}:gateway"] = {"host": "reminders.example.com"}
    with aws_emulator() as url:
        project.endpoints(url)
        assert problem(checks.gateway, project.stack) == (
            "no public zone of this account contains reminders.example.com",
            "create the zone in Route 53 and name it in the foundation's stack file",
        )
        project.stack.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
        assert problem(checks.gateway, project.stack) == (
            "no certificate of reminders.example.com",
            "run `pulumi up --stack test`",
        )
        acm = project.stack.client("acm")
        acm.request_certificate(DomainName="reminders.example.com", ValidationMethod="DNS")
        text, remedy = problem(checks.gateway, project.stack)
        assert text.startswith(
            "the certificate of reminders.example.com waits for the DNS record _"
        )
        assert remedy == (
            "see that the record is in zone example.com, and that its parent delegates the zone"
        )


def test_issued_certificate_is_not_enough(project, monkeypatch):
    project.settings[f"{PROJECT}:gateway"] = {"host": "reminders.example.com"}
    project.write()
    monkeypatch.setattr(checks, "zone_of", lambda stack, host: "example.com")
    monkeypatch.setattr(checks, "certificate_of", lambda stack, host: {"Status": "ISSUED"})
    monkeypatch.setattr(checks, "answers_over_http", lambda url: False)
    assert problem(checks.gateway, project.stack) == (
        "nothing answers at https://reminders.example.com",
        "see `kubectl describe ingress -n test`",
    )
    monkeypatch.setattr(checks, "answers_over_http", lambda url: True)
    assert checks.gateway(project.stack) == (
        "https://reminders.example.com answers with a valid certificate"
    )


def test_a_database_that_does_not_answer_is_named(project, monkeypatch):
    assert problem(checks.database, project.stack)[0] == "no PostgreSQL answers at 127.0.0.1:1"
    monkeypatch.setattr(checks, "answers_as_postgres", lambda host, port: True)
    assert checks.database(project.stack) == "PostgreSQL answers at 127.0.0.1:1"


def test_outputs_are_counted_or_their_fault_is_told(project):
    assert checks.outputs(project.stack) == "12 outputs, as the program expects"
    project.silence("pulumi", "output")
    [found] = [each for each in findings(project.stack) if each.name == "pulumi"]
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
    assert findings(project.stack) == [
        Finding("first", "failed", "broken", "mend it"),
        Finding("second", "ok", "fine"),
        Finding("third", "skipped", "not checked, because first must pass first"),
    ]


def test_the_exit_code_tells_whether_something_is_wrong(project, herald, monkeypatch):
    monkeypatch.setattr(doctor, "CHECKS", (Check("first", lambda stack: "fine"),))
    said = herald("doctor", "--stack", "test")
    assert (said.code, said.out) == (
        0,
        "ok      first         fine\n\n1 checks passed.\n",
    )
    monkeypatch.setattr(doctor, "CHECKS", (Check("stack file", checks.stack_file),))
    said = herald("doctor", "--stack", "prd")
    assert said.code == 1
    assert "failed  stack file    expected a stack among test; got 'prd'" in said.out


def test_every_check_needs_only_checks_before_it():
    for number, check in enumerate(doctor.CHECKS):
        assert set(check.needs) <= {each.name for each in doctor.CHECKS[:number]}
