import json

import pytest

from plugins.comparison import differences, same
from plugins.values import UNKNOWN, decode, encode

POLICY = {"Statement": [{"Effect": "Allow", "Action": ["sns:Publish"], "Resource": "*"}]}


def test_equivalent_policies_are_equal() -> None:
    other = {"Statement": {"Resource": ["*"], "Action": "sns:Publish", "Effect": "Allow"}}
    assert same(json.dumps(POLICY, indent=4), json.dumps(other), "policy")
    assert not same(json.dumps(POLICY), json.dumps(POLICY).replace("Allow", "Deny"), "policy")


def test_order_matters_outside_of_policies() -> None:
    assert same('{"a": [1, 2]}', '{ "a":[1,2] }', "document")
    assert not same('{"a": [1, 2]}', '{"a": [2, 1]}', "document")


def test_null_equals_empty_and_unknown_differs() -> None:
    assert same(None, {"enabled": False, "kmsKeyArn": ""})
    assert not same(UNKNOWN, UNKNOWN)


def test_partial_object_compares_given_members() -> None:
    filled = {"enabled": True, "kmsKeyArn": "arn:aws:kms:…"}
    assert same(filled, {"enabled": True}, "partial")
    assert not same(filled, {"enabled": False}, "partial")


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ({"a": "1", "b": "2"}, {"a": "1", "c": "3"}, {"t.b": "delete", "t.c": "add"}),
        ({"a.b": "1"}, {"a.b": "2"}, {'t["a.b"]': "update"}),
        ([1, 2], [1, 3, 4], {"t[1]": "update", "t[2]": "add"}),
        (None, "x", {"t": "add"}),
    ],
)
def test_difference_is_reported_by_path(old: object, new: object, paths: object) -> None:
    assert dict(differences("t", old, new)) == paths


def test_values_survive_the_wire_unchanged() -> None:
    sent = {"a": 1, "b": 1.5, "c": [True, {"d": UNKNOWN}], "password": {"e": "f"}}
    assert decode(encode(sent, ["password"])) == (sent, frozenset({"password"}))
