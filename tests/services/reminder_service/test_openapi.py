"""Generated requests against the API: what it answers is what its description says."""

import warnings

import pytest
from hypothesis import HealthCheck, settings
from reminder_service.api import reminder_api
from reminder_service.fakes import InMemoryReminders, InMemoryTimelines
from reminder_service.rate_limit import TokenBuckets

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import load_all_checks
    from schemathesis.specs.openapi.checks import positive_data_acceptance

# The description cannot say that a date lies ahead or what a rule means, so 422 is an answer
# to requests that it allows.
load_all_checks()
app = reminder_api(
    InMemoryReminders(),
    InMemoryTimelines(),
    TokenBuckets(1e6, 10**6),
    live=lambda: True,
    ready=lambda: True,
)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case):
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
