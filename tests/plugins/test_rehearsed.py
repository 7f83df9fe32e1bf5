"""Types that are previewed here and never made."""

from typing import Any

import pytest

from local.providers.aws.account import Account
from local.providers.aws.package import resource_type
from local.providers.aws.rehearsed import REHEARSED
from local.providers.aws.settings import Settings
from local.providers.aws.types import TYPES
from local.providers.sdk import resource_schema
from tests.foundation.conftest import foundation, platform

__all__ = ["foundation", "platform"]  # fixtures
VPC = "aws:ec2/vpc:Vpc"


@pytest.mark.parametrize("token", sorted(REHEARSED))
def test_all_that_the_sdk_declares_is_taken(token: str) -> None:
    assert resource_type(token).served == {*resource_schema("pulumi_aws", token).inputs}


def test_what_the_foundation_makes_can_be_rehearsed_and_no_more(foundation: Any) -> None:
    types = {each.type for each in foundation("dev").resources if each.type.startswith("aws:")}
    assert types - TYPES.keys() == REHEARSED


def test_a_misspelt_property_is_refused(offline: Any) -> None:
    _, failures = offline.check(VPC, "network", {"cidrBlok": "10.0.0.0/16"})
    assert failures == {
        "cidrBlok": 'aws:ec2/vpc:Vpc has no property "cidrBlok"; did you mean "cidrBlock"?'
    }


def test_none_is_made() -> None:
    with pytest.raises(Exception, match=f"{VPC} can only be previewed here; run `pulumi up`"):
        resource_type(VPC)(Account(Settings())).create({})
