"""What a stack's file, state and history tell."""

import pytest

from operations.errors import OperatorError


def test_clients_use_endpoints_of_stack_file(project):
    client = project.stack.client("sqs")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.region_name == "eu-central-1"


def test_clients_without_endpoints_use_operators_keys(project, monkeypatch):
    del project.settings["aws:endpoints"], project.settings["aws:accessKey"]
    project.write()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    client = project.stack.client("sqs")
    assert client.meta.endpoint_url == "https://sqs.eu-central-1.amazonaws.com"
    assert client._request_signer._credentials.access_key == "mine"


def test_encrypted_key_in_file_is_ignored(project):
    project.settings["aws:accessKey"] = {"secure": "v1:…"}
    project.write()
    assert project.stack.written["aws:accessKey"] == {"secure": "v1:…"}
    credentials = project.stack.client("sqs")._request_signer._credentials
    assert credentials is None or credentials.access_key != {"secure": "v1:…"}


def test_state_and_history_come_from_pulumi(project):
    project.answer("pulumi", "export", {"deployment": {"resources": [{"urn": "u"}]}})
    project.answer("pulumi", "history", [{"kind": "update"}])
    assert project.stack.resources() == [{"urn": "u"}]
    assert project.stack.last_update() == {"kind": "update"}
    assert project.asked == [
        "stack export --stack test --non-interactive",
        "stack history --json --page-size 1 --stack test --non-interactive",
    ]


def test_new_stack_has_empty_history(project):
    project.answer("pulumi", "export", {"deployment": None})
    project.answer("pulumi", "history", [])
    assert project.stack.resources() == []
    assert project.stack.last_update() is None


def test_complaints_of_pulumi_are_shown(project):
    with pytest.raises(OperatorError, match="Pulumi reported: error: pulumi has no answer"):
        project.stack.resources()
