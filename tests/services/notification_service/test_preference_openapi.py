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


@pytest.fixture
def app():
    preferences = InMemoryPreferences()
    return device_api(
        InMemoryDevices(),
        InMemoryPush(),
        preferences,
        Unsubscription("https://herald.test/unsubscribe", "k" * 43, preferences),
        buckets=roomy(),
        live=lambda: True,
        ready=lambda: True,
    )


# The description cannot say which time zones and tokens there are, nor that a week needs a free
# hour; the gateway says who asks, and knows whomever it names.
@pytest.fixture
def operations(app):
    """The described operations, each with a function that sends it generated requests.

    Only the worker that runs the test imports Schemathesis and derives the cases.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import schemathesis
        from schemathesis.checks import load_all_checks
        from schemathesis.config import SchemathesisConfig
        from schemathesis.pytest.lazy import get_all_tests
        from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

    def check(case):
        case.call_and_validate(excluded_checks=[ignored_auth, positive_data_acceptance])

    load_all_checks()
    config = SchemathesisConfig.from_dict({"checks": REFUSALS})
    described = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    few = settings(max_examples=25, suppress_health_check=list(HealthCheck))
    tests = get_all_tests(
        schema=described.include(path_regex="^/(preferences|unsubscribe)"),
        test_func=check,
        settings=few,
        given_kwargs=None,
    )
    return [each.ok() for each in tests]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_answers_are_as_described(operations, subtests):
    assert len(operations) == 5
    for operation, answers_are_as_described in operations:
        with subtests.test(operation.label):
            answers_are_as_described()
