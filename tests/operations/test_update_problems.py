"""The problems of an account that a preview names, as the deploy role."""

import json

import pytest

from operations.update_problems import problems_of
from review.preview.plan import Finding
from stacks.config.project import PROJECT
from stacks.foundation.deployment import checks
from tests.operations.conftest import ACCOUNT
from tests.operations.test_permissions import FOUNDATION, PLACE, granted
from tests.stacks.stack_files import SECRET_KEYS, as_engine, with_secrets

pytestmark = pytest.mark.integration
ROLE = "herald-test-deploy-1"
ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"


def allow(iam, statements):
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=ROLE, PolicyName="own", PolicyDocument=document)


def without(statements, action):
    return [{**each, "Action": [a for a in each["Action"] if a != action]} for each in statements]


@pytest.fixture
def deploying(project, emulator, monkeypatch):
    """The role that deploys a stack with valid settings; `allow` replaces its permissions."""
    written = as_engine(with_secrets("prod"))
    given = {key: {"value": value, "secret": key in SECRET_KEYS} for key, value in written.items()}
    for program, word, answer in (
        ("pulumi", "version", "v3.274.1"),
        ("pulumi", "config", given),
        ("pulumi", f"{FOUNDATION['cluster_name']}", FOUNDATION),
        ("kubectl", "version", "Client Version: v1.34.4"),
    ):
        project.answer(program, word, answer)
    (project.folder / "docker").touch(0o755)
    project.settings.update(
        {
            f"{PROJECT}:prefix": "test-",
            f"{PROJECT}:foundation": {"stack": f"organization/herald/{FOUNDATION['cluster_name']}"},
        }
    )
    project.endpoints(emulator)
    project.answer("pulumi", "output", FOUNDATION)
    stack = project.stack
    iam = stack.client("iam")
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
    allow(iam, [*granted(), *checks(PLACE, "herald-test")])
    session = stack.client("sts").assume_role(RoleArn=ARN, RoleSessionName="run")
    details = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com"}
    stack.client("sesv2").put_account_details(ProductionAccessEnabled=True, **details)
    for variable, member in (
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ):
        monkeypatch.setenv(variable, session["Credentials"][member])
    del project.settings["aws:accessKey"], project.settings["aws:secretKey"]
    project.write()
    return stack


def problem(rule, level, text, remedy):
    return Finding(
        rule=rule, level=level, type="account", name=ACCOUNT, problem=text, reason=remedy
    )


def test_sound_account_has_no_problems(project, deploying):
    assert problems_of(project.stack) == []


def test_problems_name_their_remedies(project, deploying):
    as_administrator = deploying.client
    allow(
        as_administrator("iam"),
        without([*granted(), *checks(PLACE, "herald-test")], "sqs:CreateQueue"),
    )
    as_administrator("sesv2").put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://example.com", ProductionAccessEnabled=False
    )
    project.settings[f"{PROJECT}:scheduler"] = {"runtime": "lambda"}
    project.settings[f"{PROJECT}:gateway"] = {"host": "reminders.example.com"}
    project.write()
    assert problems_of(project.stack) == [
        problem(
            "permissions",
            "mandatory",
            f"{ARN} may not sqs:CreateQueue",
            "use the deploy role of the foundation, or allow what "
            "stacks/foundation/deployment.py lists",
        ),
        problem(
            "quotas",
            "mandatory",
            "concurrent executions of Lambda: the update needs 11, 10 of 10 are free",
            "request more: `aws service-quotas request-service-quota-increase "
            "--service-code lambda --quota-code L-B99A9384 --desired-value 11`",
        ),
        problem(
            "zone",
            "mandatory",
            "no public zone of this account contains reminders.example.com",
            "create the zone in Route 53 and name it in the foundation's stack file",
        ),
        problem(
            "e-mail access",
            "advisory",
            "SES is in its sandbox: 200 e-mails a day, 1 a second, to verified addresses only",
            "request production access in the SES console of this region",
        ),
    ]


def test_checks_need_permissions_of_their_own(project, deploying):
    simulation, _ = checks(PLACE, "herald-test")
    allow(deploying.client("iam"), [*granted(), simulation])
    project.settings[f"{PROJECT}:gateway"] = {"host": "reminders.example.com"}
    project.settings[f"{PROJECT}:nodes"] = {"mostCpus": 1}
    project.write()
    assert [
        (each.rule, each.problem.partition(" (")[0]) for each in problems_of(project.stack)
    ] == [
        ("quotas", "AWS rejected GetServiceQuota"),
        ("zone", "AWS rejected ListHostedZones"),
        ("e-mail access", "AWS rejected GetAccount"),
    ]
