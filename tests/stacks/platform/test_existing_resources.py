"""The network and the cluster come from the foundation's stack, or by their ids."""

import json

import pytest

from stacks.config.project import PROJECT
from stacks.config.stack_file import parse
from stacks.outputs.exports import export
from stacks.outputs.foundation import VERSION, FoundationOutputs
from stacks.outputs.schema import foundation_schema
from stacks.platform.existing_resources import FoundationError, read_existing_resources
from stacks.platform.reminder_platform import reminder_platform
from tests.stacks.stack_files import (
    REFERENCE,
    ROOT,
    SECRET_KEYS,
    STACKS,
    as_engine,
    config_of,
    foundation_of,
    with_secrets,
)

CLOUD = [stack for stack in STACKS if stack != "local"]
ROLE = "aws:iam/role:Role"
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.example/id/1"
NO_FOUNDATION = {key: each for key, each in foundation_of("dev").items() if key != REFERENCE}
BOUNDARY = "arn:aws:iam::111122223333:policy/bounds"


@pytest.mark.parametrize("stack", CLOUD)
def test_foundation_locates_server_function_and_roles(platform, stack):
    deployment, told = platform(stack), foundation_of(stack)[REFERENCE]["outputs"]
    assert config_of(stack).foundation.stack == f"organization/herald-foundation/{stack}"
    server = deployment.one("aws:rds/instance:Instance").inputs
    subnets = deployment.one("aws:rds/subnetGroup:SubnetGroup").inputs
    assert server["vpcSecurityGroupIds"] == ["sg-database"]
    assert subnets["subnetIds"] == told["database_subnet_ids"]
    for function in deployment.all("aws:lambda/function:Function"):
        assert function.inputs["vpcConfig"] == {
            "subnetIds": told["private_subnet_ids"],
            "securityGroupIds": ["sg-function"],
        }
    trusts = [json.loads(each.inputs["assumeRolePolicy"]) for each in deployment.all(ROLE)]
    federated = [
        trust["Statement"][0]["Principal"]["Federated"]
        for trust in trusts
        if "Federated" in trust["Statement"][0]["Principal"]
    ]
    assert set(federated) == {told["oidc_provider_arn"]}


@pytest.mark.parametrize("stack", CLOUD)
def test_roles_stay_within_their_boundary(platform, stack):
    told = foundation_of(stack)[REFERENCE]["outputs"]
    bounds = {each.inputs["permissionsBoundary"] for each in platform(stack).all(ROLE)}
    assert bounds == {told["permissions_boundary_arn"]}


def by_id(**access):
    values = with_secrets("dev")
    del values[f"{PROJECT}:foundation"]
    values[f"{PROJECT}:database"]["rds"] |= {"subnetIds": ["a", "b"], "securityGroupIds": ["db"]}
    values[f"{PROJECT}:scheduler"] |= {"subnetIds": ["c"], "securityGroupIds": ["fn"]}
    values[f"{PROJECT}:access"] = {"oidcProviderArn": PROVIDER, **access}
    return parse("dev", as_engine(values), set(SECRET_KEYS))


def test_existing_resources_need_no_foundation(deploy):
    config = by_id()
    deployment = deploy(lambda: export(reminder_platform(config)), lookups=NO_FOUNDATION)
    assert deployment.one("aws:rds/instance:Instance").inputs["vpcSecurityGroupIds"] == ["db"]
    assert deployment.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"] == ["a", "b"]
    assert deployment.one("aws:lambda/function:Function").inputs["vpcConfig"] == {
        "subnetIds": ["c"],
        "securityGroupIds": ["fn"],
    }
    service = deployment.one(ROLE, "dev-event-service").inputs
    [trust] = json.loads(service["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Federated": PROVIDER}
    assert "permissionsBoundary" not in service


def test_boundary_may_be_named_too(deploy):
    config = by_id(permissionsBoundaryArn=BOUNDARY)
    deployment = deploy(lambda: export(reminder_platform(config)), lookups=NO_FOUNDATION)
    assert {each.inputs["permissionsBoundary"] for each in deployment.all(ROLE)} == {BOUNDARY}


def refusal(deploy, told, program=read_existing_resources):
    config = config_of("dev")
    with pytest.raises(FoundationError) as error:
        deploy(lambda: program(config), lookups=told)
    return str(error.value)


def test_missing_or_wrong_outputs_are_named(deploy):
    told = foundation_of("dev", database_subnet_ids=["only-one"])
    del told[REFERENCE]["outputs"]["vpc_id"]
    told[REFERENCE]["outputs"]["surplus"] = 1
    assert refusal(deploy, told, reminder_platform) == (
        "Stack organization/herald-foundation/dev does not have the expected outputs "
        "(database_subnet_ids, surplus, vpc_id); run `pulumi up` in stacks/foundation/, of the "
        "same version of this project, first."
    )


@pytest.mark.parametrize(
    ("key", "came", "expected"),
    [("account", "999999999999", "111122223333"), ("region", "eu-west-1", "eu-central-1")],
)
def test_foundation_of_another_account_is_refused(deploy, key, came, expected):
    assert refusal(deploy, foundation_of("dev", **{key: came})) == (
        f"Stack organization/herald-foundation/dev is of {key} {came}, but this stack is of "
        f"{expected}; name the foundation of its own account and region in "
        f"{PROJECT}:foundation.stack."
    )


@pytest.mark.parametrize(
    ("output", "granted", "key", "found"),
    [
        ("platform_prefix", "other-", f"{PROJECT}:prefix", "dev-"),
        ("platform_system", "other", "the tag `system` in aws:defaultTags", "herald"),
    ],
)
def test_foundation_for_others_is_refused(deploy, output, granted, key, found):
    assert refusal(deploy, foundation_of("dev", **{output: granted})) == (
        f"The deploy role of stack organization/herald-foundation/dev may change resources where "
        f"{key} is {granted}, but here it is {found}; use {granted}, or change the foundation."
    )


def test_documented_schema_matches_the_model():
    written = (ROOT / "docs" / "foundation.schema.json").read_text()
    assert written == foundation_schema(), (
        "write it again: python -m stacks.outputs.schema docs, and raise VERSION in "
        "stacks/platform/existing_resources.py when an output went or changed its meaning"
    )
    assert json.loads(written)["$id"] == f"urn:herald:foundation-outputs:{VERSION}"


def test_version_2_keeps_what_it_promised():
    assert VERSION == 2
    assert set(foundation_of("dev")[REFERENCE]["outputs"]) <= set(FoundationOutputs.model_fields)
