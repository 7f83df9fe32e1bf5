"""Namespaces, accounts, services and images; and what concerns all types."""

from tests.review.policies.breaches.breach import ABSENT, Breach

TOPIC = "aws:sns/topic:Topic"


CLUSTER = [
    Breach(
        "namespace-restricted",
        "kubernetes:core/v1:Namespace",
        {"metadata.labels": {}},
        "label pod-security.kubernetes.io/enforce is missing; expected restricted",
    ),
    Breach(
        "service-inside",
        "kubernetes:core/v1:Service",
        {"spec.type": "LoadBalancer"},
        "spec.type is LoadBalancer; reach it through the gateway",
    ),
    Breach(
        "account-no-token",
        "kubernetes:core/v1:ServiceAccount",
        {"automountServiceAccountToken": ABSENT},
        "automountServiceAccountToken is missing; expected false",
    ),
    Breach(
        "cluster-role-names-rights",
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        {"rules.0.verbs": ["*"]},
        "a rule has * among its verbs",
    ),
    Breach(
        "image-no-secret-arguments",
        "docker-build:index:Image",
        {"buildArgs.PIP_TOKEN": "abc"},
        "buildArgs has PIP_TOKEN; give it as one of secrets",
    ),
    Breach(
        "image-base-by-digest",
        "docker-build:index:Image",
        {"buildArgs.BASE": "python:3.12"},
        "buildArgs.BASE is python:3.12; name it by its digest",
    ),
    Breach(
        "password-long",
        "random:index/randomPassword:RandomPassword",
        {"length": 12},
        "length is 12 characters; expected at least 24 characters",
    ),
]
ALL_TYPES = [
    Breach(
        "tagged",
        TOPIC,
        {"tags": {"system": "herald", "owner": ""}},
        "tags lack environment, owner; set them in aws:defaultTags",
    ),
    Breach(
        "type-known",
        "aws:xray/group:Group",
        {},
        "no rule covers aws:xray/group:Group; add it to resource_types.toml, with its rules",
    ),
]
