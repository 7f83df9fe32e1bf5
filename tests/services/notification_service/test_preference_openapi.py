"""Generated requests for preferences and links: they are answered as is described."""

import warnings

import pytest
from hypothesis import HealthCheck, settings
from notification_service.api import device_api
from notification_service.unsubscription import Unsubscription

from tests.services.notification_service.examples import REFUSALS, roomy
from tests.services.notification_service.fake_devices import InMemoryDevices
from tests.services.notification_service.fakes import (
    InMemoryPreferences,
    InMemoryPush,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import load_all_checks
    from schemathesis.config import SchemathesisConfig
    from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

# The description cannot say which time zones and tokens there are, nor that a week needs a free
# hour; the gateway says who asks, and knows whomever it names.
load_all_checks()
preferences = InMemoryPreferences()
app = device_api(
    InMemoryDevices(),
    InMemoryPush(),
    preferences,
    Unsubscription("https://herald.test/unsubscribe", "k" * 43, preferences),
    buckets=roomy(),
    live=lambda: True,
    ready=lambda: True,
)
schema = schemathesis.openapi.from_asgi(
    "/openapi.json", app, config=SchemathesisConfig.from_dict({"checks": REFUSALS})
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@schema.include(path_regex="^/(preferences|unsubscribe)").parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case):
    case.call_and_validate(excluded_checks=[ignored_auth, positive_data_acceptance])
