"""Two environments of one account, by the settings of the guide, share no name."""

import copy

from review.simulation import trial
from review.simulation.simulated_foundation import ACCOUNT_ANSWERS, simulate_lookups
from stacks.config.stack_file import parse
from stacks.foundation.account import account
from stacks.outputs.exports import export
from stacks.platform.reminder_platform import reminder_platform
from tests.rehearsals.documented import settings
from tests.rehearsals.environment import merged
from tests.stacks import stack_files as platform_files
from tests.stacks.foundation import stack_files as foundation_files

PAGE = "docs/how-to/add-an-environment.md"
# Inputs that name a resource in the whole account; names of other types are in a parent.
NAMES = {
    "aws:amp/workspace:Workspace": "alias",
    "aws:cloudwatch/dashboard:Dashboard": "dashboardName",
    "aws:cloudwatch/logGroup:LogGroup": "name",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:ecr/repository:Repository": "name",
    "aws:eks/cluster:Cluster": "name",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "url",
    "aws:kms/alias:Alias": "name",
    "aws:rds/instance:Instance": "identifier",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:ses/domainIdentity:DomainIdentity": "domain",
}


def names(deployment):
    """Kind and name of every AWS resource; the engine names those without one by the program."""
    return {
        (each.type, each.inputs.get(NAMES.get(each.type, "name")) or each.name)
        for each in deployment.resources
        if each.type.startswith("aws:")
    }


def foundation(values):
    config = foundation_files.read("dev", values)
    return trial.run(lambda: account(config), project="herald-foundation", lookups=ACCOUNT_ANSWERS)


def platform(values):
    config = parse("dev", platform_files.as_engine(values), platform_files.SECRET_KEYS)
    return trial.run(lambda: export(reminder_platform(config)), lookups=simulate_lookups(values))


def test_foundations_share_no_name():
    first = foundation_files.written("dev")
    second = merged(first, settings(PAGE, "1. Describe the foundation"))
    assert names(foundation(first)) & names(foundation(second)) == set()


def test_platforms_share_no_name():
    first = platform_files.with_secrets("dev")
    second = merged(copy.deepcopy(first), settings(PAGE, "2. Describe the platform"))
    assert names(platform(first)) & names(platform(second)) == set()
