"""The public address of a platform, and who must have tokens for it."""

import pytest

from docs.generator.http_api import device_document, reminder_document
from stacks.config.stack_file import ConfigError, parse
from stacks.platform.existing_resources import FoundationError, read_existing_resources
from tests.stacks.stack_files import (
    SECRET_KEYS,
    as_engine,
    config_of,
    foundation_of,
    with_secrets,
)

DOCUMENTS = {"reminder-service": reminder_document, "notification-service": device_document}
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
PATHS = {
    "reminder-service": {"/reminders"},
    "notification-service": {"/device", "/preferences", "/unsubscribe"},
}


def routes(deployment):
    [rule] = deployment.one(INGRESS).inputs["spec"]["rules"]
    return {
        path["path"]: path["backend"]["service"]["name"].partition("-")[2]
        for path in rule["http"]["paths"]
    }


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_services_answer_at_one_public_address(platform, stack):
    deployment, config = platform(stack), config_of(stack)
    assert routes(deployment) == {
        path: service for service, paths in PATHS.items() for path in paths
    }
    assert deployment.exports["urls"] == dict.fromkeys(PATHS, f"https://{config.gateway.host}")
    [zone, validation] = deployment.all("aws:route53/record:Record")
    assert {zone.inputs["zoneId"], validation.inputs["zoneId"]} == {"Z0MADEUP"}


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_stack_without_gateway_lacks_its_parts(platform, stack):
    types = {each.type for each in platform(stack).resources}
    assert not {INGRESS, "aws:acm/certificate:Certificate", "aws:route53/record:Record"} & types


def test_network_policies_admit_the_load_balancer(platform):
    for service in PATHS:
        policy = platform("prod").one(
            "kubernetes:networking.k8s.io/v1:NetworkPolicy", f"prod-{service}"
        )
        [api, _] = policy.inputs["spec"]["ingress"]
        assert api == {
            "from": [{"ipBlock": {"cidr": "10.30.240.0/22"}}],
            "ports": [{"protocol": "TCP", "port": 8080}],
        }


def test_load_balanced_pods_end_slowly(platform):
    for service, seconds in (("reminder-service", 15), ("event-service", None)):
        spec = platform("prod").one(DEPLOYMENT, f"prod-{service}").inputs["spec"]
        [container] = spec["template"]["spec"]["containers"]
        sleep = {"preStop": {"sleep": {"seconds": 15}}} if seconds else None
        assert (spec.get("minReadySeconds"), container.get("lifecycle")) == (seconds, sleep)
        grace = spec["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace == 30 + (seconds or 0)


def changed(**changes):
    values = with_secrets("prod")
    for key, value in changes.items():
        values[f"herald:{key}"] = value
    return parse("prod", as_engine({k: v for k, v in values.items() if v is not None}), SECRET_KEYS)


REFUSED = {
    "headers that everyone can send": (
        {"identity": None},
        "expected `herald:identity` with a public gateway: without it, services trust headers that "
        "anyone can send; got",
    ),
    "a closed network": (
        {"network": {"destinations": [{"cidr": "0.0.0.0/0", "ports": [443]}]}},
        "expected network.callerCidrs with the subnets of the load balancer, because network "
        "policies admit nobody else; got",
    ),
    "a host elsewhere": (
        {"gateway": {"host": "a.example.org", "zone": {"name": "example.com", "id": "Z1"}}},
        "expected a host in the zone example.com, got a.example.org; got",
    ),
    "a host of one word": ({"gateway": {"host": "reminders"}}, "expected to match pattern"),
    "two zones": (
        {"gateway": {"host": "a.example.com", "zone": {"name": "example.com", "id": "Z1"}}},
        "expected no gateway.zone with a foundation",
    ),
    "no zone": (
        {"foundation": None, "gateway": {"host": "a.example.com"}},
        "expected the stack of a foundation, or else gateway.zone",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_gateways_that_cannot_work_are_refused(case):
    changes, said = REFUSED[case]
    with pytest.raises(ConfigError) as refused:
        changed(**changes)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("zone", "found"),
    [(None, "has no zone"), ({"name": "example.org", "id": "Z1"}, "has the zone example.org")],
)
def test_foundation_must_have_zone_of_host(deploy, zone, found):
    told = foundation_of("prod", zone=zone)
    with pytest.raises(FoundationError) as refused:
        deploy(lambda: read_existing_resources(config_of("prod")), lookups=told)
    assert str(refused.value) == (
        f"Stack organization/herald-foundation/prod {found}, but herald:gateway.host is "
        "reminders.herald.example; set herald-foundation:zone to the zone of the host and update "
        "the foundation."
    )


@pytest.mark.parametrize("service", PATHS)
def test_every_operation_is_routed_exclusively(service):
    """The pages of the API, probes and metrics lie on no path of the gateway."""
    described = DOCUMENTS[service]()["paths"]
    public = {path for path in described if not path.startswith("/health")}
    assert public
    assert all(any(f"{path}/".startswith(f"{own}/") for own in PATHS[service]) for path in public)
    for closed in ("/docs", "/openapi.json", "/metrics", "/health/ready"):
        assert not any(f"{closed}/".startswith(f"{own}/") for own in PATHS[service])
