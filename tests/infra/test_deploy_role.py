import json

import pytest
from herald_infra.deploy_role import DeployRole, DeployRoleArgs

PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
ISSUER = "token.actions.githubusercontent.com"
ARN = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
READ = {"Effect": "Allow", "Action": ["sqs:ReceiveMessage"], "Resource": ["arn:queue"]}


def args(**changed):
    given = {
        "repository": "acme/herald",
        "environment": "development",
        "policies": {"queues": [READ]},
    }
    return DeployRoleArgs(**(given | changed))


def trust_of(deployment):
    [statement] = json.loads(deployment.one("aws:iam/role:Role").inputs["assumeRolePolicy"])[
        "Statement"
    ]
    return statement


def test_only_one_environment_assumes_the_role(deploy):
    deployment = deploy(lambda: DeployRole("dev-deploy", args()))
    assert trust_of(deployment) == {
        "Effect": "Allow",
        "Principal": {"Federated": ARN},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": "repo:acme/herald:environment:development",
            }
        },
    }
    assert deployment.one(PROVIDER).inputs == {
        "url": f"https://{ISSUER}",
        "clientIdLists": ["sts.amazonaws.com"],
    }
    assert deployment.one("herald:infra:DeployRole").outputs == {
        "arn": "arn:aws:iam::123456789012:role/dev-deploy-1a2b3c4",
        "name": "dev-deploy-1a2b3c4",
        "provider_arn": ARN,
    }


def test_or_one_branch(deploy):
    deployment = deploy(lambda: DeployRole("deploy", args(environment=None, branch="production")))
    condition = trust_of(deployment)["Condition"]["StringEquals"]
    assert condition[f"{ISSUER}:sub"] == "repo:acme/herald:ref:refs/heads/production"


def test_it_may_do_what_is_said(deploy):
    deployment = deploy(lambda: DeployRole("deploy", args()))
    policy = deployment.one("aws:iam/policy:Policy", "deploy-queues")
    assert json.loads(policy.inputs["policy"])["Statement"] == [READ]
    attached = deployment.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs
    assert attached == {"role": "deploy-1a2b3c4", "policyArn": policy.outputs["arn"]}
    assert deployment.one("aws:iam/role:Role").inputs["maxSessionDuration"] == 3600


def test_existing_identity_provider_is_used(deploy):
    deployment = deploy(lambda: DeployRole("deploy", args(provider_arn=ARN)))
    assert deployment.all(PROVIDER) == []
    assert trust_of(deployment)["Principal"] == {"Federated": ARN}


@pytest.mark.parametrize(
    "changed",
    [
        {"environment": None},
        {"branch": "main"},
        {"repository": "acme/*"},
        {"repository": "herald"},
        {"environment": "*"},
        {"policies": {}},
        {"policies": dict.fromkeys("abcdefghijk", [READ])},
    ],
)
def test_unsafe_arguments_are_refused(changed):
    with pytest.raises(ValueError, match="^A deploy role "):
        args(**changed)
