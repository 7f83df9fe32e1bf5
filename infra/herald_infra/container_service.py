"""Runs one service as pods with probes, autoscaling and rollouts without downtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from herald_infra.kubernetes_object import KubernetesObject, Manifest, fixed_metadata
from herald_infra.network_policies import NETWORKING, admission, egress, ingress
from herald_infra.restricted_pod import (
    NAME_LABEL,
    Environment,
    Resources,
    container,
    pod,
    selector,
    spread,
)
from herald_infra.rollout import VERSION, Rollout, add_version
from herald_infra.use import Use

METRICS_PORT = 9090  # port of the Prometheus metrics of every service
HEALTH_PATH = "alb.ingress.kubernetes.io/healthcheck-path"  # probed by a load balancer of AWS
LEARNING = 15  # seconds in which a load balancer adds or removes a pod


@dataclass(frozen=True, kw_only=True)
class Health:
    """Names the port and paths of probes; callers use the same port."""

    port: int = 8080
    live: str = "/health/live"  # 200, or another status if the process must restart
    ready: str = "/health/ready"  # 200 while the service can answer


@dataclass(frozen=True, kw_only=True)
class ContainerServiceArgs:
    namespace: Input[str]
    labels: Mapping[str, str]
    image: Input[str]
    environment: Environment
    health: Health = Health()
    resources: Resources
    min_replicas: int
    max_replicas: int
    role_arn: Input[str] | None = None
    callers: Sequence[Mapping[str, Any]] = ()  # peers of a NetworkPolicy that may reach the port
    scrapers: Sequence[Mapping[str, Any]] = ()  # peers that may read metrics, and nothing else
    calls: Sequence["ContainerService"] = ()  # services of its namespace that its pods call
    exposed: bool = False  # create a Service, so that others can connect
    balanced: bool = False  # a load balancer of AWS sends requests to the pods
    node_port: int | None = None
    after: Sequence[pulumi.Resource] = ()  # resources that must exist before the first pod starts
    grace: int = 30  # seconds to finish or release work after SIGTERM
    rollout_seconds: int = 300  # seconds from a new pod template to ready pods
    patience: float = 1  # factor for the seconds of rollouts and probes; slow clusters need more


class ContainerService(pulumi.ComponentResource):
    """Creates a Deployment, service account, autoscaler, network policy and, if exposed, Service.

    Pods run as an unprivileged user with a read-only file system and without a service account
    token. Only the autoscaler sets their number. A rollout removes a pod only after its successor
    is ready. If no pod becomes ready in time, the Deployment is rolled back. With two or more
    replicas, node drains evict one pod at a time.
    """

    name: Output[str]
    service_account: Output[str]

    def __init__(
        self, name: str, args: ContainerServiceArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ContainerService", name, {}, opts)
        self.child = ResourceOptions(parent=self)
        head = fixed_metadata(name, args.namespace, {**args.labels, NAME_LABEL: name})

        account = self.object(
            "v1",
            "ServiceAccount",
            account_head(head, args.role_arn),
            {"automountServiceAccountToken": False},
        )
        self.service_account = account.object_name
        self.health, self.namespace = args.health, args.namespace
        opened = {args.health.port: args.callers, METRICS_PORT: args.scrapers}
        self.object(NETWORKING, "NetworkPolicy", head, {"spec": admission(name, opened)})
        for called in args.calls:
            self.allow_calls(head, called)
        rollout = Rollout(name, seconds_of_rollout(args))
        template, version = add_version(pods(name, args, self.service_account))
        self.deployment = self.object(
            "apps/v1",
            "Deployment",
            {**head, "annotations": override_options(seconds_of_rollout(args))},
            {"spec": deployment(name, args, template)},
            ResourceOptions(depends_on=list(args.after), hooks=rollout.deployment_hook()),
        )
        self.name = self.deployment.object_name
        self.object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            {**head, "annotations": {VERSION: version}},
            {"spec": scaling(self.name, args.min_replicas, args.max_replicas)},
            ResourceOptions(hooks=rollout.successor_hook()),
        )
        if args.min_replicas > 1:
            self.object("policy/v1", "PodDisruptionBudget", head, {"spec": disruption_budget(name)})
        if args.exposed:
            # Pulumi already waits for the pods of the Deployment.
            metadata = {
                **head,
                "annotations": {"pulumi.com/skipAwait": "true", HEALTH_PATH: args.health.ready},
            }
            self.object("v1", "Service", metadata, {"spec": service(name, args.node_port)})
        self.register_outputs({"name": self.name, "service_account": self.service_account})

    def client(self, name: str) -> Use:
        """Grant connections to these pods, with their address as the setting `{name}_URL`."""
        own = self.pulumi_resource_name
        url = Output.concat("http://", own, ".", self.namespace, ".svc")
        return Use(environment=Environment(values={f"{name}_URL": url}), calls=[self])

    def allow_calls(self, head: Manifest, called: "ContainerService") -> None:
        """Allow connections to the pods of `called`, which must also admit these pods."""
        name, other = self.pulumi_resource_name, called.pulumi_resource_name
        ports = [{"protocol": "TCP", "port": called.health.port}]
        policies = {
            f"{name}-to-{other}": egress(name, other, ports),
            f"{other}-from-{name}": ingress(other, name, ports),
        }
        for policy, spec in policies.items():
            self.object(NETWORKING, "NetworkPolicy", {**head, "name": policy}, {"spec": spec})

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


def seconds_of_rollout(args: ContainerServiceArgs) -> int:
    return round(args.rollout_seconds * args.patience)


def override_options(seconds: int) -> dict[str, str]:
    """Let the program overwrite manual changes of a Deployment, for example a rollback."""
    return {"pulumi.com/timeoutSeconds": str(seconds), "pulumi.com/patchForce": "true"}


def deployment(name: str, args: ContainerServiceArgs, template: Manifest) -> Manifest:
    return {
        **({"minReadySeconds": LEARNING} if args.balanced else {}),
        "selector": selector(name),
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": seconds_of_rollout(args),
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
            more={"ports": ports(args.health), **probes(args), **stop_delay(args)},
        ),
        {
            "serviceAccountName": account,
            "terminationGracePeriodSeconds": args.grace + (LEARNING if args.balanced else 0),
            "topologySpreadConstraints": spread(name),
        },
    )


def stop_delay(args: ContainerServiceArgs) -> Manifest:
    """Delay the stop of a pod until the load balancer sends no more requests to it."""
    return {"lifecycle": {"preStop": {"sleep": {"seconds": LEARNING}}}} if args.balanced else {}


def ports(health: Health) -> list[Manifest]:
    return [
        {"name": "http", "containerPort": health.port},
        {"name": "metrics", "containerPort": METRICS_PORT},
    ]


def probes(args: ContainerServiceArgs) -> Manifest:
    """Return the probes: a minute to start, unready after 3 s, restart after 30 s of silence."""
    live, ready, patience = args.health.live, args.health.ready, args.patience
    return {
        "startupProbe": probe(live, period=1, failures=60, patience=patience),
        "readinessProbe": probe(ready, period=1, failures=3, patience=patience),
        "livenessProbe": probe(live, period=10, failures=3, patience=patience),
    }


def probe(path: str, *, period: int, failures: int, patience: float) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "timeoutSeconds": round(2 * patience),
        "failureThreshold": round(failures * patience),
    }


def scaling(deployment: Output[str], least: int, most: int) -> Manifest:
    busy = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [{"type": "Resource", "resource": busy}],
    }


def disruption_budget(name: str) -> Manifest:
    return {
        "selector": selector(name),
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
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
