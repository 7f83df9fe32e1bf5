"""The stack files of an account are right, and fit those of the platform in it."""

import pytest

from foundation.account import DATA, account
from foundation.config import DataName
from stacks.exports import export_plain
from stacks.foundation import PLATFORMS, FoundationOutputs
from stacks.stack_file import ConfigError
from tests.foundation.stack_files import CLOUD, config_of, read, written
from tests.stacks import stack_files as platform_files


@pytest.mark.parametrize("stack", CLOUD)
def test_an_account_fits_the_platform_in_it(stack):
    own, platform = config_of(stack), platform_files.config_of(stack)
    assert (own.account, own.region) == (platform.account, platform.region)
    assert own.platform_prefix == platform.prefix
    assert own.deletion_protection is platform.deletion_protection
    assert PLATFORMS[own.cluster.architecture] in platform.images.platforms
    context = platform_files.written(stack)["kubernetes:context"]
    assert own.name == context
    [database] = [each for each in platform.network.destinations if each.ports == [5432]]
    assert database.cidr == own.network.cidr


@pytest.mark.parametrize("stack", CLOUD)
def test_it_is_never_applied_elsewhere_and_its_tags_are_not_the_platforms(stack):
    values = written(stack)
    assert values["aws:allowedAccountIds"] == [values["herald-foundation:account"]]
    tags = values["aws:defaultTags"]["tags"]
    theirs = platform_files.written(stack)["aws:defaultTags"]["tags"]
    assert tags == {**theirs, "system": "herald-foundation"}


def test_networks_do_not_overlap_so_that_they_can_be_connected():
    assert len({config_of(stack).network.cidr for stack in CLOUD}) == len(CLOUD)


def test_every_account_has_the_same_kubernetes_and_its_proxy_is_of_that_version():
    clusters = [config_of(stack).cluster for stack in CLOUD]
    [(version, addons)] = {(each.version, tuple(sorted(each.addons.items()))) for each in clusters}
    assert [name for name, _ in addons] == ["coredns", "kube-proxy", "metrics-server", "vpc-cni"]
    assert dict(addons)["kube-proxy"].startswith(f"v{version}.")


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
            "foundation/Pulumi.dev.yaml: herald-foundation:nam is no setting; expected one of "
            "account, aws:region, cluster, deletionProtection, deployment, name, network, "
            "platformPrefix, state, unlock.",
        ),
        (
            {"network": {"cidr": "10.0.0.0/16", "zones": ["eu-central-1a"]}},
            "foundation/Pulumi.dev.yaml: herald-foundation:network.zones is wrong: expected to "
            'have at least 2 items after validation, not 1, came ["eu-central-1a"].',
        ),
        (
            {"deployment": {"repository": "acme/*", "environment": "development"}},
            "foundation/Pulumi.dev.yaml: herald-foundation:deployment.repository is wrong: "
            "expected to match pattern '^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$', came \"acme/*\".",
        ),
        (
            {"cluster": {**written("dev")["herald-foundation:cluster"], "architecture": "arm"}},
            "foundation/Pulumi.dev.yaml: herald-foundation:cluster.architecture is wrong: expected "
            "'x86_64' or 'arm64', came \"arm\".",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(changes, said):
    assert refusal(**changes) == said


def test_what_holds_data_is_locked_where_the_configuration_says(foundation):
    for stack in CLOUD:
        data = [each for each in foundation(stack).resources if each.type in DATA]
        names = {each.name.removeprefix(f"herald-{stack}-") for each in data}
        assert names == set(DataName.__args__)
        assert {each.protect for each in data} == {config_of(stack).deletion_protection}
    assert foundation("prod").one("aws:eks/cluster:Cluster").inputs["deletionProtection"] is True


def test_nodes_may_be_of_either_architecture_but_not_of_both(deploy):
    cluster = written("dev")["herald-foundation:cluster"]
    arm64 = {**cluster, "architecture": "arm64", "instanceTypes": ["t4g.medium"]}
    config = read("dev", {**written("dev"), "herald-foundation:cluster": arm64})
    deployment = deploy(lambda: export_plain(account(config), FoundationOutputs))
    group = deployment.one("aws:eks/nodeGroup:NodeGroup").inputs
    assert (group["amiType"], group["instanceTypes"]) == ("AL2023_ARM_64_STANDARD", ["t4g.medium"])
    assert deployment.exports["node_architecture"] == "arm64"
    assert (
        "herald-foundation:cluster is wrong: expected instance types of architecture arm64 in "
        "place of t3.medium; name such, or x86_64 as the architecture, came "
    ) in refusal(cluster={**cluster, "architecture": "arm64"})
