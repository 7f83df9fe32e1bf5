"""The quotas of an account."""

import pytest

pytestmark = pytest.mark.integration
ADDRESSES = {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"}


def test_requests_for_more_are_granted(aws):
    quotas = aws("service-quotas")
    assert quotas.get_service_quota(**ADDRESSES)["Quota"]["Value"] == 5
    quotas.request_service_quota_increase(**ADDRESSES, DesiredValue=7)
    assert quotas.get_service_quota(**ADDRESSES)["Quota"]["Value"] == 7


def test_unknown_quotas_are_refused(aws):
    quotas = aws("service-quotas")
    with pytest.raises(quotas.exceptions.NoSuchResourceException):
        quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-00000000")
