"""A load balancer with TLS, and the paths that it answers."""

import json

import pytest
from herald_infra.gateway import Gateway, GatewayArgs

HOST = "reminders.example.com"
RECORD = "aws:route53/record:Record"
CERTIFICATE = "arn:aws:acm:eu-central-1:123456789012:certificate/prod-gateway-1a2b3c4"
LOOKUPS = {"aws:lb/getHostedZoneId:getHostedZoneId": {"id": "ZBALANCERS"}}


@pytest.fixture
def gateway(deploy):
    args = GatewayArgs(
        host=HOST,
        zone_id="Z1",
        region="eu-central-1",
        namespace="production",
        labels={"part": "herald"},
        routes={"/reminders": "prod-reminder-service", "/device": "prod-notification-service"},
    )
    return deploy(lambda: Gateway("prod-gateway", args), lookups=LOOKUPS)


def test_certificate_is_validated_by_dns_record(gateway):
    requested = gateway.one("aws:acm/certificate:Certificate")
    assert requested.inputs == {"domainName": HOST, "validationMethod": "DNS"}
    assert gateway.one(RECORD, "prod-gateway-validation").inputs == {
        "zoneId": "Z1",
        "name": f"_proof.{HOST}.",
        "type": "CNAME",
        "records": ["_value.acm-validations.aws."],
        "ttl": 300,
        "allowOverwrite": True,
    }
    assert gateway.one("aws:acm/certificateValidation:CertificateValidation").inputs == {
        "certificateArn": CERTIFICATE,
        "validationRecordFqdns": [f"_proof.{HOST}"],
    }


def test_load_balancer_requires_tls_and_headers(gateway):
    ingress = gateway.one("kubernetes:networking.k8s.io/v1:Ingress")
    annotations = ingress.inputs["metadata"].pop("annotations")
    assert ingress.inputs["metadata"] == {
        "name": "prod-gateway",
        "namespace": "production",
        "labels": {"part": "herald"},
    }
    settings = {
        key.removeprefix("alb.ingress.kubernetes.io/"): annotations[key] for key in annotations
    }
    assert json.loads(settings.pop("listen-ports")) == [{"HTTP": 80}, {"HTTPS": 443}]
    assert settings == {
        "scheme": "internet-facing",
        "target-type": "ip",
        "ssl-redirect": "443",
        "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "certificate-arn": CERTIFICATE,
        "load-balancer-attributes": "routing.http.drop_invalid_header_fields.enabled=true",
        "healthcheck-interval-seconds": "5",
        "healthy-threshold-count": "2",
        "target-group-attributes": "deregistration_delay.timeout_seconds=30",
    }
    waited = ("aws:acm/certificateValidation:CertificateValidation", "prod-gateway")
    assert waited in ingress.depends_on


def test_load_balancer_answers_only_known_routes(gateway):
    class_ = gateway.one("kubernetes:networking.k8s.io/v1:IngressClass").inputs
    assert (class_["metadata"]["name"], class_["spec"]) == (
        "prod-gateway",
        {"controller": "eks.amazonaws.com/alb"},
    )
    assert gateway.one("kubernetes:networking.k8s.io/v1:Ingress").inputs["spec"] == {
        "ingressClassName": "prod-gateway",
        "rules": [
            {
                "host": HOST,
                "http": {
                    "paths": [
                        {
                            "path": path,
                            "pathType": "Prefix",
                            "backend": {"service": {"name": service, "port": {"name": "http"}}},
                        }
                        for path, service in (
                            ("/reminders", "prod-reminder-service"),
                            ("/device", "prod-notification-service"),
                        )
                    ]
                },
            }
        ],
    }


def test_host_leads_to_the_load_balancer(gateway):
    assert gateway.one(RECORD, "prod-gateway").inputs == {
        "zoneId": "Z1",
        "name": HOST,
        "type": "A",
        "aliases": [
            {
                "name": "k8s-gateway.eu-central-1.elb.amazonaws.com",
                "zoneId": "ZBALANCERS",
                "evaluateTargetHealth": True,
            }
        ],
    }
    assert gateway.one("herald:infra:Gateway").outputs == {"url": f"https://{HOST}"}


def test_gateway_without_routes_is_refused():
    with pytest.raises(ValueError, match="^expected at least one route of the gateway, got none$"):
        GatewayArgs(host=HOST, zone_id="Z1", region="eu-central-1", namespace="n", routes={})
