"""One service of the platform as pods that are probed, scaled and replaced without a gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from infra.kubernetes_object import KubernetesObject, Manifest, named
from infra.restricted_pod import Environment, Resources, container, pod
from infra.rollout import VERSION, Rollout, versioned

PORT = 8080  # every service answers its probes, metrics and API here
NAME_LABEL = "app.kubernetes.io/name"


@dataclass(frozen=True, kw_only=True)
class ContainerServiceArgs:
    namespace: Input[str]
    labels: Mapping[str, str]
    image: Input[str]
    environment: Environment
    resources: Resources
    min_replicas: int
    max_replicas: int
    role_arn: Input[str] | None = None
    callers: Sequence[Mapping[str, Any]] = ()  # peers of a NetworkPolicy that may reach the port
    exposed: bool = False  # whether others reach it by a Service
    node_port: int | None = None
    after: Sequence[pulumi.Resource] = ()  # what must be done before the first pod starts
    grace: int = 30  # seconds to finish or release what is in hand
    rollout_seconds: int = 300  # from a new pod template to its ready pods


class ContainerService(pulumi.ComponentResource):
    """A Deployment with its service account, autoscaler, network policy and, if exposed, Service.

    Pods run as a user without rights on a read-only file system and hold no token of the
    cluster. The autoscaler alone sets their number. A rollout takes no pod away before its
    successor is ready, and goes back to the version that serves if none becomes ready in time.
    With two replicas or more, nodes drain one pod at a time.
    """

    name: Output[str]
    service_account: Output[str]

    def __init__(
        self, name: str, args: ContainerServiceArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ContainerService", name, {}, opts)
        self.child = ResourceOptions(parent=self)
        head = named(name, args.namespace, {**args.labels, NAME_LABEL: name})

        account = self.object(
            "v1",
            "ServiceAccount",
            account_head(head, args.role_arn),
            {"automountServiceAccountToken": False},
        )
        self.service_account = account.object_name
        self.object(
            "networking.k8s.io/v1", "NetworkPolicy", head, {"spec": admission(name, args.callers)}
        )
        rollout = Rollout(name, args.rollout_seconds)
        template, version = versioned(pods(name, args, self.service_account))
        self.deployment = self.object(
            "apps/v1",
            "Deployment",
            {**head, "annotations": waiting(args.rollout_seconds)},
            {"spec": deployment(name, args.rollout_seconds, template)},
            ResourceOptions(depends_on=list(args.after), hooks=rollout.of_deployment()),
        )
        self.name = self.deployment.object_name
        self.object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {**head, "annotations": {VERSION: version}},
            {"spec": scaling(self.name, args.min_replicas, args.max_replicas)},
            ResourceOptions(hooks=rollout.of_successor()),
        )
        if args.min_replicas > 1:
            self.object("policy/v1", "PodDisruptionBudget", head, {"spec": one_at_a_time(name)})
        if args.exposed:
            # Its pods are waited for already.
            unawaited = {**head, "annotations": {"pulumi.com/skipAwait": "true"}}
            self.object("v1", "Service", unawaited, {"spec": service(name, args.node_port)})
        self.register_outputs({"name": self.name, "service_account": self.service_account})

    def object(
        self,
        api: str,
        kind: str,
        head: Manifest,
        body: Manifest,
        opts: ResourceOptions | None = None,
    ) -> KubernetesObject:
        opts = ResourceOptions.merge(self.child, opts)
        return KubernetesObject(
            head["name"], api=api, kind=kind, metadata=head, body=body, opts=opts
        )


def account_head(head: Manifest, role_arn: Input[str] | None) -> Manifest:
    if role_arn is None:
        return head
    return {**head, "annotations": {"eks.amazonaws.com/role-arn": role_arn}}


def waiting(seconds: int) -> dict[str, str]:
    """What was done to a Deployment by hand, such as a rollback, gives way to the program."""
    return {"pulumi.com/timeoutSeconds": str(seconds), "pulumi.com/patchForce": "true"}


def selector(name: str) -> Manifest:
    return {"matchLabels": {NAME_LABEL: name}}


def deployment(name: str, seconds: int, template: Manifest) -> Manifest:
    return {
        "selector": selector(name),
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": seconds,
        "template": template,
    }


def pods(name: str, args: ContainerServiceArgs, account: Output[str]) -> Manifest:
    return pod(
        {**args.labels, NAME_LABEL: name},
        container(
            name,
            image=args.image,
            environment=args.environment,
            resources=args.resources,
            more={"ports": [{"name": "http", "containerPort": PORT}], **probes()},
        ),
        {
            "serviceAccountName": account,
            "terminationGracePeriodSeconds": args.grace,
            "topologySpreadConstraints": spread(name),
        },
    )


def probes() -> Manifest:
    """Started within a minute; out of rotation after 3 s, restarted after 30 s of silence."""
    return {
        "startupProbe": probe("live", period=1, failures=60),
        "readinessProbe": probe("ready", period=1, failures=3),
        "livenessProbe": probe("live", period=10, failures=3),
    }


def probe(path: str, *, period: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": f"/health/{path}", "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def spread(name: str) -> list[Manifest]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector(name),
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def scaling(deployment: Output[str], least: int, most: int) -> Manifest:
    busy = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [{"type": "Resource", "resource": busy}],
    }


def one_at_a_time(name: str) -> Manifest:
    return {
        "selector": selector(name),
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def admission(name: str, callers: Sequence[Mapping[str, Any]]) -> Manifest:
    """No caller named means that the port stays closed; the kubelet's probes pass anyway."""
    opened = [
        {
            "from": [dict(caller) for caller in callers],
            "ports": [{"protocol": "TCP", "port": PORT}],
        }
    ]
    return {
        "podSelector": selector(name),
        "policyTypes": ["Ingress"],
        "ingress": opened if callers else [],
    }


def service(name: str, node_port: int | None) -> Manifest:
    port: Manifest = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    if node_port is None:
        return {"type": "ClusterIP", "selector": {NAME_LABEL: name}, "ports": [port]}
    return {
        "type": "NodePort",
        "selector": {NAME_LABEL: name},
        "ports": [{**port, "nodePort": node_port}],
    }
