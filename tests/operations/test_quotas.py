"""The quotas of an account, before the first update."""

import pytest
import yaml

from operations.checks import quotas
from stacks.config.project import PROJECT
from tests.operations.test_doctor import problem

pytestmark = pytest.mark.integration
REQUEST = "aws service-quotas request-service-quota-increase --service-code"


@pytest.fixture
def account(project, emulator):
    project.endpoints(emulator)
    return project


def grant(stack, service, code, value):
    stack.client("service-quotas").request_service_quota_increase(
        ServiceCode=service, QuotaCode=code, DesiredValue=value
    )


def test_stack_without_limited_resources_needs_nothing(project):
    assert quotas.quotas(project.stack) == "an update creates nothing that they limit"


def test_quotas_of_the_platform_must_suffice(account):
    account.settings.update(
        {
            f"{PROJECT}:prefix": "test-",
            f"{PROJECT}:database": {"rds": {"instanceClass": "db.t4g.micro"}},
            f"{PROJECT}:scheduler": {"runtime": "lambda"},
            f"{PROJECT}:nodes": {"mostCpus": 8},
        }
    )
    account.write()
    assert problem(quotas.quotas, account.stack) == (
        "concurrent executions of Lambda: the update needs 11, 10 of 10 are free; "
        "virtual processors: the update needs 12, 5 of 5 are free",
        f"request more: `{REQUEST} lambda --quota-code L-B99A9384 --desired-value 11`; "
        f"`{REQUEST} ec2 --quota-code L-1216C47A --desired-value 12`",
    )
    grant(account.stack, "lambda", "L-B99A9384", 1000)
    grant(account.stack, "ec2", "L-1216C47A", 16)
    assert quotas.quotas(account.stack) == (
        "suffice for database instances, concurrent executions of Lambda, virtual processors"
    )


def test_existing_database_needs_no_quota(account):
    account.settings.update({f"{PROJECT}:prefix": "test-", f"{PROJECT}:database": {"rds": {}}})
    account.write()
    grant(account.stack, "rds", "L-7B6409FD", 0)
    assert problem(quotas.quotas, account.stack)[0] == (
        "database instances: the update needs 1, 0 of 0 are free"
    )
    account.stack.client("rds").create_db_instance(
        DBInstanceIdentifier="test-postgres", Engine="postgres", DBInstanceClass="db.t4g.micro"
    )
    assert quotas.quotas(account.stack) == "an update creates nothing that they limit"


def test_quotas_of_the_foundation_must_suffice(account):
    account.settings[f"{PROJECT}:foundation"] = {"stack": "organization/herald-foundation/test"}
    account.write()
    settings = {
        "herald-foundation:name": "herald-test",
        "herald-foundation:network": {"zones": ["eu-central-1a", "eu-central-1b"]},
    }
    folder = account.folder / "stacks" / "foundation"
    folder.mkdir(parents=True)
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": settings}))
    stack = account.stack
    for _ in range(4):
        stack.client("ec2").allocate_address(Domain="vpc")
    assert problem(quotas.quotas, stack) == (
        "Elastic IP addresses: the update needs 2, 1 of 5 are free",
        f"request more: `{REQUEST} ec2 --quota-code L-0263D0A3 --desired-value 6`",
    )
    stack.client("eks").create_cluster(
        name="herald-test", roleArn="arn:aws:iam::123456789012:role/eks", resourcesVpcConfig={}
    )
    assert quotas.quotas(account.stack) == "an update creates nothing that they limit"
