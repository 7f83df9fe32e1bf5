import json

import pytest
from herald_infra.service_role import ServiceRole, ServiceRoleArgs

ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/0123ABCD"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
STATEMENT = {"Effect": "Allow", "Action": ["sns:Publish"], "Resource": ["arn:topic"]}


def role(statements=(STATEMENT,), provider=PROVIDER):
    args = ServiceRoleArgs(
        oidc_provider_arn=provider,
        namespace="development",
        service_account="dev-reminder-service",
        statements=statements,
    )
    return lambda: ServiceRole("reminder", args)


def test_only_its_service_account_assumes_it(deploy):
    deployment = deploy(role())
    made = deployment.one("aws:iam/role:Role", "reminder")
    assert made.parent == ("herald:infra:ServiceRole", "reminder")
    assert made.inputs["description"] == "Assumed by the service account of reminder"
    assert json.loads(made.inputs["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": PROVIDER},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                        f"{ISSUER}:sub": "system:serviceaccount:development:dev-reminder-service",
                    }
                },
            }
        ],
    }
    assert deployment.one("herald:infra:ServiceRole").outputs == {
        "arn": "arn:aws:iam::123456789012:role/reminder-1a2b3c4",
        "name": "reminder-1a2b3c4",
    }


def test_role_has_only_given_statements(deploy):
    policy = deploy(role()).one("aws:iam/rolePolicy:RolePolicy").inputs
    assert policy["role"] == "reminder-1a2b3c4"
    assert json.loads(policy["policy"]) == {"Version": "2012-10-17", "Statement": [STATEMENT]}


def test_role_without_statements_has_no_policy(deploy):
    assert deploy(role(statements=())).all("aws:iam/rolePolicy:RolePolicy") == []


def test_url_instead_of_arn_is_refused(deploy):
    with pytest.raises(ValueError, match="Expected the ARN .*; got 'https://oidc'"):
        deploy(role(provider="https://oidc"))
