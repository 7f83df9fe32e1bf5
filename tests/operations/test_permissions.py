"""The permissions of the operator's identity, by the simulation of IAM."""

import json

import pytest

from operations.checks import permissions
from operations.stack import Stack
from stacks.config.project import PROJECT
from stacks.foundation.deployment import Place, deployment
from tests.operations.conftest import ACCOUNT, REGION
from tests.operations.test_doctor import problem

pytestmark = pytest.mark.integration
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/herald-test-services"
FOUNDATION = {
    "cluster_name": "herald-test",
    "permissions_boundary_arn": BOUNDARY,
    "metrics_workspace_id": "ws-1",
}
PLACE = Place(region=REGION, account=ACCOUNT, prefix="test-", cluster="herald-test")


@pytest.fixture
def role(project, emulator, monkeypatch):
    """Sign in with a role that may do what is given: `role(statements)`."""
    project.settings[f"{PROJECT}:prefix"] = "test-"
    project.settings[f"{PROJECT}:foundation"] = {"stack": "organization/herald-foundation/test"}
    project.endpoints(emulator)
    project.answer("pulumi", "output", FOUNDATION)
    iam, arn = project.stack.client("iam"), f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ada"
    iam.create_role(RoleName="deploy", Path="/teams/", AssumeRolePolicyDocument="{}")
    monkeypatch.setattr(Stack, "caller", {"Arn": arn})

    def allow(statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=document)
        return project.stack

    return allow


def granted():
    groups = deployment(PLACE, BOUNDARY, PLACE.arn("aps", "workspace/ws-1"))
    return [dict(each) for group in groups.values() for each in group]


def test_deploy_role_may_update(role):
    assert permissions.permissions(role(granted())) == (
        f"arn:aws:iam::{ACCOUNT}:role/teams/deploy may do what an update needs"
    )


def test_missing_permissions_are_named(role):
    statements = granted()
    for each in statements:
        each["Action"] = [name for name in each["Action"] if name != "sqs:CreateQueue"]
    text, remedy = problem(permissions.permissions, role(statements))
    assert text == f"arn:aws:iam::{ACCOUNT}:role/teams/deploy may not sqs:CreateQueue"
    assert remedy.startswith("use the deploy role of the foundation")


def test_other_prefix_is_not_enough(role):
    elsewhere = json.loads(json.dumps(granted()).replace(":test-", ":other-"))
    text, _ = problem(permissions.permissions, role(elsewhere))
    assert text == (
        f"arn:aws:iam::{ACCOUNT}:role/teams/deploy may not lambda:CreateFunction, "
        "lambda:DeleteFunction, lambda:DeleteFunctionConcurrency, "
        "lambda:DeleteFunctionEventInvokeConfig, lambda:GetFunction and 29 more"
    )


def test_foundation_must_be_there(project, role):
    project.silence("pulumi", "output")
    text, remedy = problem(permissions.permissions, role(granted()))
    assert text.startswith("could not read stack organization/herald-foundation/test; Pulumi")
    assert remedy == "provision the foundation first"


def test_root_user_may_do_everything(project, monkeypatch):
    monkeypatch.setattr(Stack, "caller", {"Arn": f"arn:aws:iam::{ACCOUNT}:root"})
    assert permissions.permissions(project.stack) == (
        "the root user of the account may do everything"
    )
