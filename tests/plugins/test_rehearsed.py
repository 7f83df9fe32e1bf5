"""Types that are previewed here and never made."""

from typing import Any

import pytest

from plugins.aws.account import Account
from plugins.aws.package import resource_type
from plugins.aws.settings import Settings
from plugins.sdk import resource_schema
from tests.plugins.served import PLANNED

VPC = "aws:ec2/vpc:Vpc"


@pytest.mark.parametrize("token", [*PLANNED, "aws:xray/group:Group"])
def test_declarations_of_sdk_are_accepted(token: str) -> None:
    assert resource_type(token).served == {*resource_schema("pulumi_aws", token).inputs}


def test_a_misspelt_property_is_refused(offline: Any) -> None:
    _, failures = offline.check(VPC, "network", {"cidrBlok": "10.0.0.0/16"})
    assert failures == {
        "cidrBlok": 'aws:ec2/vpc:Vpc has no property "cidrBlok"; did you mean "cidrBlock"?'
    }


def test_none_is_made() -> None:
    with pytest.raises(Exception, match=f"can only preview {VPC}; create it"):
        resource_type(VPC)(Account(Settings())).create({})
