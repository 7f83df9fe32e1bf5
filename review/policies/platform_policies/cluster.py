"""Defines rules for namespaces, service accounts, Services and image builds."""

from collections.abc import Iterator

from platform_policies.resource import Resource, at
from platform_policies.rule import Rule, is_at_least, is_one_of
from platform_policies.workloads import SECRET_NAME

ROLES = (
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
)
ENFORCE = "pod-security.kubernetes.io/enforce"


def restricted(namespace: Resource) -> Iterator[str]:
    level = (namespace.at("metadata.labels") or {}).get(ENFORCE)
    if level != "restricted":
        yield f"label {ENFORCE} is {level or 'missing'}; expected restricted"


def inside(service: Resource) -> Iterator[str]:
    if service.at("spec.type") == "LoadBalancer":
        yield "spec.type is LoadBalancer; reach it through the gateway"


def names_rights(role: Resource) -> Iterator[str]:
    for rule in role.list_at("rules"):
        for part in ("apiGroups", "resources", "verbs"):
            if "*" in (at(rule, part) or []):
                yield f"a rule has * among its {part}"


def no_secret_arguments(image: Resource) -> Iterator[str]:
    for name in image.at("buildArgs") or {}:
        if SECRET_NAME.search(name.upper()):
            yield f"buildArgs has {name}; give it as one of secrets"


def base_by_digest(image: Resource) -> Iterator[str]:
    base = str((image.at("buildArgs") or {}).get("BASE", ""))
    if base and "@sha256:" not in base and not base.startswith("localhost:"):
        yield f"buildArgs.BASE is {base}; name it by its digest"


RULES = [
    Rule(
        name="namespace-restricted",
        reason="The cluster itself refuses unsafe pods, whoever makes them.",
        types=("kubernetes:core/v1:Namespace",),
        check=restricted,
    ),
    Rule(
        name="service-inside",
        reason="A load balancer of its own bypasses the gateway, which knows who calls.",
        types=("kubernetes:core/v1:Service",),
        check=inside,
    ),
    Rule(
        name="account-no-token",
        reason="Services do not talk to Kubernetes; a token only helps an intruder.",
        types=("kubernetes:core/v1:ServiceAccount",),
        check=is_one_of("automountServiceAccountToken", False),
    ),
    Rule(
        name="cluster-role-names-rights",
        reason="A right to everything includes everything that comes later.",
        types=ROLES,
        check=names_rights,
    ),
    Rule(
        name="image-no-secret-arguments",
        reason="Whoever pulls an image can read its build arguments.",
        types=("docker-build:index:Image",),
        check=no_secret_arguments,
    ),
    Rule(
        name="image-base-by-digest",
        reason="A tag names another image tomorrow, and nobody has tested that one.",
        types=("docker-build:index:Image",),
        check=base_by_digest,
    ),
    Rule(
        name="password-long",
        reason="A password that is made by a machine can be too long to guess.",
        types=("random:index/randomPassword:RandomPassword",),
        check=is_at_least("length", 24, "characters"),
    ),
]
