"""The command that shows a stack's outputs, with a `pulumi` that answers from a file."""

import json
import shlex
import stat

import pytest
import yaml

from stacks.config import ROOT
from stacks.output_schema import schema
from stacks.outputs import VERSION, main

SETTINGS = {"EVENT_TOPIC_ARN": "arn:aws:sns:event", "DATABASE_PASSWORD": "it's $ecret"}
GIVEN = {
    "region": "eu-central-1",
    "namespace": "local",
    "event_topic_arn": "arn:aws:sns:event",
    "notification_topic_arn": "arn:aws:sns:notification",
    "alarm_topic_arn": "arn:aws:sns:alarms",
    "event_queue_url": "http://sqs/event",
    "notification_queue_url": "http://sqs/notification",
    "event_dead_letters_url": "http://sqs/event-dead-letters",
    "notification_dead_letters_url": "http://sqs/notification-dead-letters",
    "event_store_table": "local-event-store",
    "email_template": "local-reminder",
    "email_dns_records": [],
    "reminder_service_url": "http://127.0.0.1:30080",
    "notification_service_url": "http://127.0.0.1:30081",
    "images": {"reminder-service": "localhost:5000/reminder-service@sha256:1"},
    "databases": {
        "reminders": {
            "host": "db",
            "port": 5432,
            "name": "reminders",
            "user": "reminders",
            "password": "it's $ecret",
            "sslmode": "require",
            "authorities": "",
        }
    },
    "service_settings": {"reminder-service": SETTINGS},
}


@pytest.fixture
def pulumi(tmp_path, monkeypatch):
    """Puts a program on the PATH that answers like `pulumi stack output`."""

    def answer(outputs, *, code=0, complaint=""):
        (tmp_path / "answer.json").write_text(json.dumps(outputs))
        program = tmp_path / "pulumi"
        program.write_text(
            "#!/bin/sh\n"
            f'printf "%s " "$@" > {tmp_path}/asked\n'
            f"printf %s {shlex.quote(complaint)} >&2\n"
            f"cat {tmp_path}/answer.json\n"
            f"exit {code}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "asked"

    return answer


def test_the_settings_of_a_service_are_lines_that_a_shell_reads(pulumi, capsys):
    asked = pulumi(GIVEN)
    assert main(["--stack", "local", "--service", "reminder-service"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert dict(shlex.split(line)[0].split("=", 1) for line in lines) == SETTINGS
    assert asked.read_text().split() == [
        *("stack", "output", "--json", "--show-secrets", "--stack", "local")
    ]


def test_the_settings_of_a_service_as_json(pulumi, capsys):
    pulumi(GIVEN)
    assert main(["--stack", "local", "--service", "reminder-service", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == SETTINGS


def test_without_a_service_no_secret_is_shown(pulumi, capsys):
    pulumi(GIVEN)
    assert main(["--stack", "local", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == {k: v for k, v in GIVEN.items() if k not in ("databases", "service_settings")}


def test_what_is_no_text_is_json_in_a_line(pulumi, capsys):
    pulumi(GIVEN)
    main(["--stack", "local"])
    lines = capsys.readouterr().out.splitlines()
    assert "NAMESPACE=local" in lines
    assert """IMAGES='{"reminder-service": "localhost:5000/reminder-service@sha256:1"}'""" in lines


def test_the_settings_of_a_service_as_a_secret_for_pods(pulumi, capsys):
    pulumi(GIVEN)
    main(["--stack", "local", "--service", "reminder-service", "--format", "k8s"])
    assert yaml.safe_load(capsys.readouterr().out) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": "reminder-service-settings", "namespace": "local"},
        "stringData": SETTINGS,
    }


def test_the_outputs_without_secrets_as_a_map_for_pods(pulumi, capsys):
    pulumi(GIVEN)
    main(["--stack", "local", "--format", "k8s"])
    manifest = yaml.safe_load(capsys.readouterr().out)
    assert manifest["kind"] == "ConfigMap"
    assert manifest["metadata"] == {"name": "herald-outputs", "namespace": "local"}
    assert manifest["data"]["EVENT_QUEUE_URL"] == "http://sqs/event"
    assert json.loads(manifest["data"]["IMAGES"]) == GIVEN["images"]
    assert set(manifest["data"]) == {
        name.upper() for name in GIVEN if name not in ("databases", "service_settings")
    }


def test_the_schema_in_the_documentation_is_that_of_the_model():
    written = (ROOT / "docs" / "outputs.schema.json").read_text()
    assert written == schema(), (
        "write it again: python -m stacks.output_schema docs, and raise "
        "VERSION in stacks/outputs.py when an output went or changed its meaning"
    )
    assert json.loads(written)["$id"] == f"urn:herald:stack-outputs:{VERSION}"


def test_version_1_keeps_what_it_promised():
    promised = json.loads(schema())
    assert VERSION == 1
    assert set(GIVEN) <= set(promised["required"])
    assert {name for name, each in promised["properties"].items() if each.get("writeOnly")} == {
        "databases",
        "service_settings",
    }


def complaint(capsys, *arguments):
    assert main(["--stack", "local", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_an_unknown_service_is_named_with_those_that_exist(pulumi, capsys):
    pulumi(GIVEN)
    assert complaint(capsys, "--service", "reminders") == (
        "Outputs: expected a service among reminder-service, got 'reminders'.\n"
    )


def test_a_stack_of_another_version_is_named_with_what_to_do(pulumi, capsys):
    pulumi({k: v for k, v in GIVEN.items() if k != "namespace"} | {"surplus": 1})
    assert complaint(capsys) == (
        "Outputs: stack local does not have the expected outputs (namespace, surplus); run "
        "`pulumi up` first, for it was made by another version of the program.\n"
    )


def test_what_pulumi_complains_about_is_handed_on(pulumi, capsys):
    pulumi({}, code=255, complaint="Diagnostics:\nerror: no stack named 'local' found")
    assert complaint(capsys) == (
        "Outputs: stack local could not be read; pulumi said: "
        "error: no stack named 'local' found.\n"
    )


def test_a_missing_pulumi_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert complaint(capsys) == (
        "Outputs: expected the program `pulumi` on the PATH, found none; "
        'install it, or for the local stack run eval "$(make -s urls)".\n'
    )


def test_what_a_service_elsewhere_checks_its_server_with_is_in_a_file(
    pulumi, capsys, monkeypatch, tmp_path
):
    monkeypatch.setattr("stacks.outputs.AUTHORITIES", tmp_path / "authorities")
    told = {"DATABASE_NAME": "reminders", "DATABASE_SSLROOTCERT": "/srv/in-the-image.pem"}
    database = GIVEN["databases"]["reminders"] | {"authorities": "certificates"}
    settings = {"service_settings": {"reminder-service": told}}
    pulumi({**GIVEN, **settings, "databases": {"reminders": database}})
    main(["--stack", "org/herald/dev", "--service", "reminder-service", "--format", "json"])
    file = tmp_path / "authorities" / "org-herald-dev.pem"
    assert json.loads(capsys.readouterr().out) == {**told, "DATABASE_SSLROOTCERT": str(file)}
    assert file.read_text() == "certificates"
    main(["--stack", "dev", "--service", "reminder-service", "--format", "k8s"])
    assert yaml.safe_load(capsys.readouterr().out)["stringData"] == told
