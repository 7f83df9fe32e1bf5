"""The stack files of an account are right, and fit those of the platform in it."""

from datetime import date
from ipaddress import IPv4Network

import pytest
from herald_infra.network import cidrs

from review.simulation.simulated_foundation import ACCOUNT_ANSWERS
from stacks.config.stack_file import ConfigError
from stacks.foundation.account import account
from stacks.foundation.config import DataName
from stacks.outputs.exports import export_plain
from stacks.outputs.foundation import FoundationOutputs
from stacks.protection import DATA
from tests.stacks import stack_files as platform_files
from tests.stacks.foundation.stack_files import CLOUD, config_of, read, written


@pytest.mark.parametrize("stack", CLOUD)
def test_account_fits_its_platform(stack):
    own, platform = config_of(stack), platform_files.config_of(stack)
    assert (own.account, own.region) == (platform.account, platform.region)
    assert own.platform_prefix == platform.prefix
    assert own.deletion_protection is platform.deletion_protection
    context = platform_files.written(stack)["kubernetes:context"]
    assert own.name == context
    if platform.gateway is not None:
        assert own.zone.contains(platform.gateway.host)
        [balancers] = map(IPv4Network, platform.network.caller_cidrs)
        public = cidrs(own.network.cidr, "public")[: len(own.network.zones)]
        assert all(IPv4Network(each).subnet_of(balancers) for each in public)
    [database] = [each for each in platform.network.destinations if each.ports == [5432]]
    assert database.cidr == own.network.cidr


@pytest.mark.parametrize("stack", CLOUD)
def test_foundation_has_its_own_tags(stack):
    values = written(stack)
    assert values["aws:allowedAccountIds"] == [values["herald-foundation:account"]]
    tags = values["aws:defaultTags"]["tags"]
    theirs = platform_files.written(stack)["aws:defaultTags"]["tags"]
    assert tags == {**theirs, "system": "herald-foundation"}


def test_networks_do_not_overlap():
    assert len({config_of(stack).network.cidr for stack in CLOUD}) == len(CLOUD)


def test_every_account_has_the_same_kubernetes():
    assert {config_of(stack).cluster.version for stack in CLOUD} == {"1.36"}


def refusal(**changes):
    values = {**written("dev"), **{f"herald-foundation:{key}": changes[key] for key in changes}}
    with pytest.raises(ConfigError) as error:
        read("dev", values)
    return str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"nam": "x"},
            "stacks/foundation/Pulumi.dev.yaml: unknown setting herald-foundation:nam; "
            "the most similar setting is herald-foundation:name.",
        ),
        (
            {"network": {"cidr": "10.0.0.0/16", "zones": ["eu-central-1a"]}},
            "stacks/foundation/Pulumi.dev.yaml: "
            "herald-foundation:network.zones is wrong: expected to "
            'have at least 2 items after validation, not 1; got ["eu-central-1a"].',
        ),
        (
            {"deployment": {"repository": "acme/*", "environment": "development"}},
            "stacks/foundation/Pulumi.dev.yaml: "
            "herald-foundation:deployment.repository is wrong: "
            "expected to match pattern '^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$'; got \"acme/*\".",
        ),
        (
            {"cluster": {"version": "1.36", "logDays": 45}},
            "stacks/foundation/Pulumi.dev.yaml: "
            "herald-foundation:cluster.logDays is wrong: expected one "
            "of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, "
            "2557, 2922, 3288, 3653; got 45.",
        ),
        (
            {"network": {**written("dev")["herald-foundation:network"], "flowLogDays": 45}},
            "stacks/foundation/Pulumi.dev.yaml: "
            "herald-foundation:network.flowLogDays is wrong: expected "
            "one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, "
            "2192, 2557, 2922, 3288, 3653; got 45.",
        ),
    ],
)
def test_faults_are_one_sentence(changes, said):
    assert refusal(**changes) == said


REFUSED_BY_AWS = {
    "zones of another region": (
        {
            "network": {
                **written("dev")["herald-foundation:network"],
                "zones": ["eu-central-1a", "us-east-1a"],
            }
        },
        "network is wrong: expected zones of eu-central-1; got us-east-1a",
    ),
    "a load balancer in subnets of /28": (
        {
            "network": {**written("dev")["herald-foundation:network"], "cidr": "10.30.0.0/20"},
            "zone": {"name": "example.com", "id": "Z0123456789ABCDEFGHIJ"},
        },
        "zone is wrong: expected a network.cidr of /19 or larger, because a load balancer needs "
        "public subnets of /27; got 10.30.0.0/20; change the cidr, or remove the zone",
    ),
    "roles that the deploy role may change": (
        {"name": "dev-cluster"},
        "platformPrefix is wrong: expected a prefix with which the foundation's own prefix "
        "dev-cluster- does not start; got dev-",
    ),
    "a foundation with the prefix of its platform": (
        {"name": "dev"},
        "platformPrefix is wrong: expected a prefix with which the foundation's own prefix dev- "
        "does not start; got dev-",
    ),
}


@pytest.mark.parametrize("case", REFUSED_BY_AWS)
def test_values_aws_refuses_are_named(case):
    changes, said = REFUSED_BY_AWS[case]
    assert said in refusal(**changes)


def test_data_is_protected_by_configuration(foundation):
    for stack in CLOUD:
        data = [each for each in foundation(stack).resources if each.type in DATA]
        names = {each.name.removeprefix(f"herald-{stack}-") for each in data}
        assert names == set(DataName.__args__)
        protected = {each.name for each in data if each.protect}
        state = {f"herald-{stack}-state"}
        everything = {each.name for each in data}
        assert protected == (everything if config_of(stack).deletion_protection else state)
    assert foundation("prod").one("aws:eks/cluster:Cluster").inputs["deletionProtection"] is True


def test_unlocked_state_can_be_destroyed(deploy):
    unlock = {"resource": "state", "until": date.today().isoformat(), "reason": "Account returned"}
    config = read("dev", {**written("dev"), "herald-foundation:unlock": unlock})
    deployment = deploy(
        lambda: export_plain(account(config), FoundationOutputs), lookups=ACCOUNT_ANSWERS
    )
    for type_ in ("aws:s3/bucket:Bucket", "aws:kms/key:Key"):
        state = deployment.one(type_, "herald-dev-state")
        assert (state.protect, state.retain_on_delete) == (False, False)
    assert deployment.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is True
