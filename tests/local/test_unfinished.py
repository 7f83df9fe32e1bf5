"""What a killed update had begun is found in its state and removed, if it came to be."""

import json

import pytest

from local import unfinished
from local.environment import Environment

KEY = {"description": "Encrypts x", "deletionWindowInDays": 30}


def operation(kind, inputs, type_="creating", custom=True):
    resource = {"urn": f"urn::{kind}::x", "type": kind, "custom": custom, "inputs": inputs}
    return {"type": type_, "resource": resource}


def test_operations_are_read_off_the_state(tmp_path):
    file = tmp_path / "local.json"
    file.write_text(json.dumps({"checkpoint": {"latest": {"pending_operations": [1]}}}))
    assert unfinished.read_operations(file) == [1]
    for empty in ({"latest": {}}, {"latest": None}, {}):
        file.write_text(json.dumps({"checkpoint": empty}))
        assert unfinished.read_operations(file) == []


def test_only_creations_of_providers_are_undone():
    operations = [
        operation("aws:sns/topic:Topic", {"name": "t"}),
        operation("aws:sns/topic:Topic", {"name": "u"}, "updating"),
        operation("herald:infra:Topic", {}, custom=False),
    ]
    assert list(unfinished.interrupted_creations(operations)) == [
        ("aws:sns/topic:Topic", {"name": "t"})
    ]


class Called:
    """An account that remembers what was asked of it and answers as told."""

    def __init__(self, **answers):
        self.answers, self.calls = answers, []
        self.settings = type("Settings", (), {"region": "eu-central-1"})

    def number(self):
        return "123456789012"

    def call(self, service, operation, region=None, **given):
        self.calls.append((operation, given))
        return self.answers.get(operation)

    def find(self, missing, service, operation, **given):
        return self.call(service, operation, **given)


@pytest.mark.parametrize(
    ("kind", "inputs", "answers", "last"),
    [
        (
            "aws:sns/topic:Topic",
            {"name": "t-1"},
            {},
            ("delete_topic", {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:t-1"}),
        ),
        (
            "aws:sqs/queue:Queue",
            {"name": "q-1"},
            {"get_queue_url": {"QueueUrl": "http://q-1"}},
            ("delete_queue", {"QueueUrl": "http://q-1"}),
        ),
        (
            "aws:kms/alias:Alias",
            {"name": "alias/x", "targetKeyId": "k"},
            {},
            ("delete_alias", {"AliasName": "alias/x"}),
        ),
        (
            "aws:dynamodb/table:Table",
            {"name": "e-1"},
            {},
            ("delete_table", {"TableName": "e-1"}),
        ),
    ],
)
def test_resources_of_the_inputs_are_deleted(kind, inputs, answers, last):
    account = Called(**answers)
    unfinished.remove_from_emulator(account, kind, inputs)
    calls = [(operation, {**given, "region": None}) for operation, given in account.calls]
    assert (last[0], {**last[1], "region": None}) in calls


def test_newest_key_without_alias_is_deleted():
    told = {
        "old": {"CreationDate": 1, "KeyState": "Enabled"},
        "new": {"CreationDate": 2, "KeyState": "Enabled"},
        "gone": {"CreationDate": 3, "KeyState": "PendingDeletion"},
        "used": {"CreationDate": 4, "KeyState": "Enabled"},
    }

    class Keys(Called):
        def call(self, service, operation, region=None, **given):
            super().call(service, operation, **given)
            if operation == "describe_key":
                key = {"KeyId": given["KeyId"], "Description": "Encrypts x", **told[given["KeyId"]]}
                return {"KeyMetadata": key}
            aliases = {"Aliases": [{"AliasName": "alias/used", "TargetKeyId": "used"}]}
            return {
                "list_keys": {"Keys": [{"KeyId": k} for k in told]},
                "list_aliases": aliases,
            }.get(operation)

    account = Keys()
    unfinished.remove_from_emulator(account, "aws:kms/key:Key", KEY)
    assert account.calls[-1][0] == "schedule_key_deletion"
    assert account.calls[-1][1]["KeyId"] == "new"


def test_missing_resource_needs_no_deletion():
    account = Called(get_queue_url=None)
    unfinished.remove_from_emulator(account, "aws:sqs/queue:Queue", {"name": "q-1"})
    assert [operation for operation, _ in account.calls] == ["get_queue_url"]


@pytest.mark.parametrize(
    ("annotations", "deleted"),
    [
        (
            {"pulumi.com/autonamed": "true"},
            "delete Job m-1a2b --namespace local --ignore-not-found",
        ),
        ({}, ""),
    ],
)
def test_objects_with_fixed_names_stay(tmp_path, monkeypatch, annotations, deleted):
    said = tmp_path / "said"
    program = tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\necho "$@" > {said}\n')
    program.chmod(0o755)
    monkeypatch.setattr(Environment, "shell", lambda self: {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    metadata = {"name": "m-1a2b", "namespace": "local", "annotations": annotations}
    unfinished.remove_from_cluster(Environment(), {"kind": "Job", "metadata": metadata})
    assert (said.read_text().strip() if said.exists() else "") == deleted
