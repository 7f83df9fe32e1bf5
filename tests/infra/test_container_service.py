from dataclasses import replace
from unittest.mock import ANY

import pulumi
import pytest
from herald_infra.container_service import ContainerService, ContainerServiceArgs, Health
from herald_infra.restricted_pod import Environment, Resources

NAME = "dev-event-service"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
LABELS = {"app.kubernetes.io/part-of": "herald", "app.kubernetes.io/name": NAME}
SELECTOR = {"matchLabels": {"app.kubernetes.io/name": NAME}}
HEAD = {"name": NAME, "namespace": "development", "labels": LABELS}
ARGS = ContainerServiceArgs(
    namespace="development",
    labels={"app.kubernetes.io/part-of": "herald"},
    image="registry/event-service@sha256:1",
    environment=Environment(values={"AWS_REGION": "eu-central-1"}),
    resources=Resources(
        cpu_request="100m", cpu_limit="1", memory_request="128Mi", memory_limit="256Mi"
    ),
    min_replicas=1,
    max_replicas=3,
)


@pytest.fixture
def made(deploy):
    """Deploys a service that differs from ARGS by what is given."""

    def run(**changes):
        return deploy(lambda: ContainerService(NAME, replace(ARGS, **changes)))

    return run


def test_service_consists_of_these_objects(made):
    plain, full = made(), made(min_replicas=2, exposed=True)
    of_cluster = [r.type for r in plain.resources if r.type.startswith("kubernetes:")]
    assert sorted(of_cluster) == [
        "kubernetes:apps/v1:Deployment",
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kubernetes:core/v1:ServiceAccount",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    ]
    added = {r.type for r in full.resources} - {r.type for r in plain.resources}
    assert added == {"kubernetes:core/v1:Service", "kubernetes:policy/v1:PodDisruptionBudget"}


def test_rollout_keeps_pods_until_successors_start(made):
    deployment = made(rollout_seconds=90).one(DEPLOYMENT, NAME).inputs
    assert deployment["metadata"] == {
        **HEAD,
        "annotations": {"pulumi.com/timeoutSeconds": "90", "pulumi.com/patchForce": "true"},
    }
    spec = deployment["spec"]
    assert {name: spec[name] for name in spec if name != "template"} == {
        "selector": SELECTOR,
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        },
        "revisionHistoryLimit": 5,
        "progressDeadlineSeconds": 90,
    }


def test_pod_runs_image_with_probes(made):
    template = made().one(DEPLOYMENT).inputs["spec"]["template"]
    assert template["metadata"]["labels"] == LABELS
    [container] = template["spec"]["containers"]
    assert container["image"] == "registry/event-service@sha256:1"
    assert container["env"] == [{"name": "AWS_REGION", "value": "eu-central-1"}]
    assert container["ports"] == [
        {"name": "http", "containerPort": 8080},
        {"name": "metrics", "containerPort": 9090},
    ]
    assert {name: container[name] for name in container if name.endswith("Probe")} == {
        "startupProbe": {
            "httpGet": {"path": "/health/live", "port": "http"},
            "periodSeconds": 1,
            "timeoutSeconds": 2,
            "failureThreshold": 60,
        },
        "readinessProbe": {
            "httpGet": {"path": "/health/ready", "port": "http"},
            "periodSeconds": 1,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
        },
        "livenessProbe": {
            "httpGet": {"path": "/health/live", "port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 2,
            "failureThreshold": 3,
        },
    }


def test_pods_are_restricted_and_end_gracefully(made):
    spec = made(grace=45).one(DEPLOYMENT).inputs["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == NAME
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    assert spec["terminationGracePeriodSeconds"] == 45
    assert spec["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": SELECTOR,
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def test_autoscaler_follows_version_of_pods(made):
    def versions(deployment):
        template = deployment.one(DEPLOYMENT).inputs["spec"]["template"]
        scaler = deployment.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler")
        both = template["metadata"], scaler.inputs["metadata"]
        [version] = {head["annotations"]["herald/version"] for head in both}
        return version

    assert versions(made()) != versions(made(image="registry/event-service@sha256:2"))


def test_autoscaler_alone_sets_replicas(made):
    scaler = made(min_replicas=2, max_replicas=5).one(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", NAME
    )
    assert scaler.inputs["metadata"] == {**HEAD, "annotations": ANY}
    assert scaler.inputs["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
        "minReplicas": 2,
        "maxReplicas": 5,
        "metrics": [
            {
                "type": "Resource",
                "resource": {
                    "name": "cpu",
                    "target": {"type": "Utilization", "averageUtilization": 70},
                },
            }
        ],
    }


def test_drain_evicts_pods_one_by_one(made):
    budget = made(min_replicas=2).one("kubernetes:policy/v1:PodDisruptionBudget", NAME)
    assert budget.inputs["spec"] == {
        "selector": SELECTOR,
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }


def test_service_account_has_role_without_token(made):
    account = "kubernetes:core/v1:ServiceAccount"
    assert made().one(account, NAME).inputs == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": HEAD,
        "automountServiceAccountToken": False,
    }
    annotated = made(role_arn="arn:role").one(account).inputs["metadata"]
    assert annotated == {**HEAD, "annotations": {"eks.amazonaws.com/role-arn": "arn:role"}}


POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def test_each_port_has_its_own_peers(made):
    caller = {"ipBlock": {"cidr": "10.0.0.0/8"}}
    scraper = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    api = {"from": [caller], "ports": [{"protocol": "TCP", "port": 8080}]}
    metrics = {"from": [scraper], "ports": [{"protocol": "TCP", "port": 9090}]}
    assert made(callers=[caller], scrapers=[scraper]).one(POLICY, NAME).inputs["spec"] == {
        "podSelector": SELECTOR,
        "policyTypes": ["Ingress"],
        "ingress": [api, metrics],
    }
    assert made(scrapers=[scraper]).one(POLICY).inputs["spec"]["ingress"] == [metrics]
    assert made().one(POLICY).inputs["spec"]["ingress"] == []


def test_exposed_service_is_reachable(made):
    service = "kubernetes:core/v1:Service"
    port = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    selector = {"app.kubernetes.io/name": NAME}
    assert made(exposed=True).one(service, NAME).inputs["spec"] == {
        "type": "ClusterIP",
        "selector": selector,
        "ports": [port],
    }
    assert made(exposed=True, node_port=30080).one(service).inputs["spec"] == {
        "type": "NodePort",
        "selector": selector,
        "ports": [{**port, "nodePort": 30080}],
    }


def test_pods_start_after_their_prerequisites(deploy):
    def program():
        first = pulumi.ComponentResource("test:Migration", "first")
        job = pulumi.CustomResource("test:Job", "job", {}, pulumi.ResourceOptions(parent=first))
        ContainerService(NAME, replace(ARGS, after=[first]))
        return job

    assert ("test:Job", "job") in deploy(program).one(DEPLOYMENT).depends_on


def test_load_balancer_follows_readiness_of_pods(made):
    deployment = made(exposed=True, balanced=True, health=Health(ready="/ready"))
    service = deployment.one("kubernetes:core/v1:Service").inputs
    assert service["metadata"]["annotations"] == {
        "pulumi.com/skipAwait": "true",
        "alb.ingress.kubernetes.io/healthcheck-path": "/ready",
    }
    spec = deployment.one(DEPLOYMENT, NAME).inputs["spec"]
    pod = spec["template"]["spec"]
    assert (spec["minReadySeconds"], pod["terminationGracePeriodSeconds"]) == (15, 45)
    assert pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 15}}}
