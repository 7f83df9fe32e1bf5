"""Creates a public address with TLS, on a cluster in EKS Auto Mode."""

from __future__ import annotations  # so that the SDK's modules load only when used

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import acm, lb, route53

from herald_infra.kubernetes_object import KubernetesObject, Manifest, fixed_metadata
from herald_infra.network_policies import NETWORKING

CONTROLLER = "eks.amazonaws.com/alb"
SETTING = "alb.ingress.kubernetes.io/"
# TLS 1.3, and 1.2 with forward secrecy: AWS recommends it.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
ISSUED_WITHIN = "30m"  # ACM takes minutes, unless the zone is not delegated


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    host: str  # such as "reminders.example.com"
    zone_id: Input[str]  # of the public zone in Route 53 that contains the host
    region: str
    namespace: Input[str]
    labels: Mapping[str, str] = field(default_factory=dict)
    routes: Mapping[str, Input[str]]  # path: name of the Service that answers it and all below

    def __post_init__(self) -> None:
        if not self.routes:
            raise ValueError("expected at least one route of the gateway, got none")


class Gateway(pulumi.ComponentResource):
    """Creates an application load balancer with a certificate, a DNS record and routes to Services.

    It answers only the paths of `routes`, redirects HTTP to HTTPS, and drops requests with invalid
    headers. ACM renews the certificate with its record in the zone.
    """

    url: Output[str]

    def __init__(self, name: str, args: GatewayArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("herald:infra:Gateway", name, {}, opts)
        child = ResourceOptions(parent=self)
        labels = dict(args.labels)
        certificate_arn = certificate(name, args, child)
        class_ = KubernetesObject(
            name,
            api=NETWORKING,
            kind="IngressClass",
            metadata={"name": name, "labels": labels},
            body={"spec": {"controller": CONTROLLER}},
            opts=child,
        )
        head = {
            **fixed_metadata(name, args.namespace, labels),
            "annotations": load_balancer(certificate_arn),
        }
        ingress = KubernetesObject(
            name,
            api=NETWORKING,
            kind="Ingress",
            metadata=head,
            body={"spec": routes(class_.object_name, args)},
            opts=child,
        )
        balancers = lb.get_hosted_zone_id_output(
            region=args.region, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        route53.Record(
            name,
            zone_id=args.zone_id,
            name=args.host,
            type="A",
            aliases=[
                {
                    "name": ingress.status.apply(address),
                    "zone_id": balancers.id,
                    "evaluate_target_health": True,
                }
            ],
            opts=child,
        )
        self.url = Output.from_input(f"https://{args.host}")
        self.register_outputs({"url": self.url})


def certificate(name: str, args: GatewayArgs, child: ResourceOptions) -> Output[str]:
    """Return the ARN of a certificate, known once ACM has issued it."""
    requested = acm.Certificate(name, domain_name=args.host, validation_method="DNS", opts=child)
    proof = requested.domain_validation_options[0]
    record = route53.Record(
        f"{name}-validation",
        zone_id=args.zone_id,
        name=proof.resource_record_name,
        type=proof.resource_record_type,
        records=[proof.resource_record_value],
        ttl=300,
        allow_overwrite=True,  # a second certificate for the host has the same record
        opts=child,
    )
    waits = ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=ISSUED_WITHIN))
    return acm.CertificateValidation(
        name,
        certificate_arn=requested.arn,
        validation_record_fqdns=[record.fqdn],
        opts=ResourceOptions.merge(child, waits),
    ).certificate_arn


def load_balancer(certificate_arn: Output[str]) -> dict[str, Input[str]]:
    """Return the annotations that Auto Mode's controller reads."""
    settings: dict[str, Input[str]] = {
        "scheme": "internet-facing",
        "target-type": "ip",
        "listen-ports": json.dumps([{"HTTP": 80}, {"HTTPS": 443}]),
        "ssl-redirect": "443",
        "ssl-policy": TLS_POLICY,
        "certificate-arn": certificate_arn,
        "load-balancer-attributes": "routing.http.drop_invalid_header_fields.enabled=true",
        # New pods are healthy after 10 s. Those that leave get no new requests at once.
        "healthcheck-interval-seconds": "5",
        "healthy-threshold-count": "2",
        "target-group-attributes": "deregistration_delay.timeout_seconds=30",
    }
    return {f"{SETTING}{name}": value for name, value in settings.items()}


def routes(class_name: Output[str], args: GatewayArgs) -> Manifest:
    paths = [
        {
            "path": path,
            "pathType": "Prefix",
            "backend": {"service": {"name": service, "port": {"name": "http"}}},
        }
        for path, service in args.routes.items()
    ]
    return {
        "ingressClassName": class_name,
        "rules": [{"host": args.host, "http": {"paths": paths}}],
    }


def address(status: Any) -> str:
    """Return the name that AWS gave the load balancer."""
    return str(status["loadBalancer"]["ingress"][0]["hostname"])
