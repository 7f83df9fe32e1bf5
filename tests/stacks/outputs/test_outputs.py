"""The outputs of a stack as text, with a `pulumi` that answers from a file."""

import json
import shlex
import stat

import pytest
import yaml

from stacks.config.project import ROOT
from stacks.outputs.models import VERSION, OutputsError, format_outputs
from stacks.outputs.schema import schema

SETTINGS = {"EVENT_TOPIC_ARN": "arn:aws:sns:event", "DATABASE_PASSWORD": "it's $ecret"}
GIVEN = {
    "region": "eu-central-1",
    "namespace": "local",
    "alarm_topic_arn": "arn:aws:sns:alarms",
    "topics": {"event": "arn:aws:sns:event"},
    "queues": {
        "event": {"url": "http://sqs/event", "dead_letters_url": "http://sqs/event-dead-letters"}
    },
    "tables": {"event-store": "local-event-store"},
    "email_template": "local-reminder",
    "email_dns_records": [],
    "urls": {"reminder-service": "http://127.0.0.1:30080"},
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


def test_service_settings_are_shell_lines(pulumi):
    asked = pulumi(GIVEN)
    lines = format_outputs("local", "env", "reminder-service").splitlines()
    assert dict(shlex.split(line)[0].split("=", 1) for line in lines) == SETTINGS
    assert asked.read_text().split() == [
        *("stack", "output", "--json", "--show-secrets", "--stack", "local")
    ]


def test_service_settings_are_json(pulumi):
    pulumi(GIVEN)
    assert json.loads(format_outputs("local", "json", "reminder-service")) == SETTINGS


def test_outputs_without_service_hide_secrets(pulumi):
    pulumi(GIVEN)
    printed = json.loads(format_outputs("local", "json"))
    assert printed == {k: v for k, v in GIVEN.items() if k not in ("databases", "service_settings")}


def test_structured_values_are_json_lines(pulumi):
    pulumi(GIVEN)
    lines = format_outputs("local", "env").splitlines()
    assert "NAMESPACE=local" in lines
    assert """IMAGES='{"reminder-service": "localhost:5000/reminder-service@sha256:1"}'""" in lines


def test_service_settings_are_kubernetes_secret(pulumi):
    pulumi(GIVEN)
    assert yaml.safe_load(format_outputs("local", "k8s", "reminder-service")) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": "reminder-service-settings", "namespace": "local"},
        "stringData": SETTINGS,
    }


def test_public_outputs_are_config_map(pulumi):
    pulumi(GIVEN)
    manifest = yaml.safe_load(format_outputs("local", "k8s"))
    assert manifest["kind"] == "ConfigMap"
    assert manifest["metadata"] == {"name": "herald-outputs", "namespace": "local"}
    assert json.loads(manifest["data"]["QUEUES"]) == GIVEN["queues"]
    assert json.loads(manifest["data"]["IMAGES"]) == GIVEN["images"]
    assert set(manifest["data"]) == {
        name.upper() for name in GIVEN if name not in ("databases", "service_settings")
    }


def test_documented_schema_matches_the_model():
    written = (ROOT / "docs" / "outputs.schema.json").read_text()
    assert written == schema(), (
        "write it again: python -m stacks.outputs.schema docs, and raise "
        "VERSION in stacks/outputs/models.py when an output went or changed its meaning"
    )
    assert json.loads(written)["$id"] == f"urn:herald:stack-outputs:{VERSION}"


def test_version_2_keeps_what_it_promised():
    promised = json.loads(schema())
    assert VERSION == 2
    assert set(GIVEN) <= set(promised["required"])
    assert {name for name, each in promised["properties"].items() if each.get("writeOnly")} == {
        "databases",
        "service_settings",
    }


def complaint(service=None):
    with pytest.raises(OutputsError) as caught:
        format_outputs("local", "env", service)
    return str(caught.value)


def test_unknown_service_is_named_with_others(pulumi):
    pulumi(GIVEN)
    assert complaint("reminders") == "expected a service among reminder-service; got 'reminders'"


def test_other_version_is_named_with_remedy(pulumi):
    pulumi({k: v for k, v in GIVEN.items() if k != "namespace"} | {"surplus": 1})
    assert complaint() == (
        "stack local does not have the expected outputs (namespace, surplus); run "
        "`pulumi up` first: another version of the program created it"
    )


def test_complaints_of_pulumi_are_shown(pulumi):
    pulumi({}, code=255, complaint="Diagnostics:\nerror: no stack named 'local' found")
    assert complaint() == (
        "could not read stack local; Pulumi reported: error: no stack named 'local' found"
    )


def test_a_missing_pulumi_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert complaint() == (
        "expected the program `pulumi` on the PATH, but it is missing; "
        "install it, or for the local stack run `make shell`"
    )


def test_authorities_are_written_to_a_file(pulumi, monkeypatch, tmp_path):
    monkeypatch.setattr("stacks.outputs.models.AUTHORITIES", tmp_path / "authorities")
    told = {"DATABASE_NAME": "reminders", "DATABASE_SSLROOTCERT": "/srv/in-the-image.pem"}
    database = GIVEN["databases"]["reminders"] | {"authorities": "certificates"}
    settings = {"service_settings": {"reminder-service": told}}
    pulumi({**GIVEN, **settings, "databases": {"reminders": database}})
    printed = json.loads(format_outputs("org/herald/dev", "json", "reminder-service"))
    file = tmp_path / "authorities" / "org-herald-dev.pem"
    assert printed == {**told, "DATABASE_SSLROOTCERT": str(file)}
    assert file.read_text() == "certificates"
    manifest = yaml.safe_load(format_outputs("dev", "k8s", "reminder-service"))
    assert manifest["stringData"] == told
