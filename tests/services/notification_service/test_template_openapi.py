"""Generated requests for previews: what they are answered is what the description says."""

import warnings

import pytest
from hypothesis import HealthCheck, settings
from notification_service.template_api import template_routes
from service_runtime.api import create_api

from tests.services.notification_service.examples import REFUSALS, roomy, texts

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import load_all_checks
    from schemathesis.config import SchemathesisConfig
    from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

# The description cannot say which templates and time zones there are; the gateway says who asks,
# and whomever it names may look.
load_all_checks()
app = create_api("Templates", live=lambda: True, ready=lambda: True)
app.state.buckets = roomy()
app.include_router(template_routes(texts()))
schema = schemathesis.openapi.from_asgi(
    "/openapi.json", app, config=SchemathesisConfig.from_dict({"checks": REFUSALS})
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@schema.include(path_regex="^/templates").parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case):
    case.call_and_validate(excluded_checks=[ignored_auth, positive_data_acceptance])
