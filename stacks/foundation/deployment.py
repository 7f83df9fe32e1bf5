"""Lists the permissions that `pulumi up` of the platform needs, without `*` as an action.

The names of the platform's resources start with its prefix; those of the foundation do not. So the
deploy role cannot change its own permissions, the cluster, the network or the key of the state.
"""

from __future__ import annotations  # `herald` works without the package of components

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi import Input

from stacks.config.services import find_services
from stacks.foundation.deploy_actions import CRUD, KEYS, NETWORK_PARTS, ROLES, SES

if TYPE_CHECKING:
    from herald_infra.policy_document import Statement

SYSTEM = "herald"  # value of the tag `system` on every resource of the platform
# AWS managed policies that roles of the platform may have: for functions in a network, and for
# metrics of a database server's operating system.
ATTACHED = [
    "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess",
    "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
]
TAKERS = ["lambda.amazonaws.com", "monitoring.rds.amazonaws.com", "scheduler.amazonaws.com"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Describes where the platform of one environment runs: account, region and prefix."""

    region: str
    account: str
    prefix: str
    cluster: str
    zone_id: str | None = None  # of Route 53

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def role_arn(self, name: str) -> str:
        return f"arn:aws:iam::{self.account}:role/{name}"


def deployment(
    place: Place, boundary_arn: Input[str], workspace_arn: Input[str]
) -> dict[str, list[Statement]]:
    """Return the statements of each managed policy, grouped to stay below IAM's size limit."""
    own = {service: granted(service, CRUD[service], named(place, service)) for service in CRUD}
    return {
        "messaging": [own["sns"], own["sqs"]],
        "data": [own["dynamodb"], own["rds"], *database_secret(place)],
        "images": [own["ecr"]],
        "compute": [own["lambda"], own["scheduler"], *cluster(place)],
        "operations": [own["cloudwatch"], own["logs"], alert_rules(place, workspace_arn)],
        "access": [*roles(place, boundary_arn), *keys(place)],
        "listing": [*found_by_listing(place), identities(place), without_resources()],
        **gateway(place),
    }


def named(place: Place, service: str) -> list[str]:
    """Return ARNs with the platform's prefix.

    Repositories have the names of services, or also the prefix without hyphen as their path.
    """
    paths = ("", f"{place.prefix.removesuffix('-')}/")
    kinds = {
        "dynamodb": ["table/{}*"],
        "rds": ["db:{}*", "pg:{}*", "subgrp:{}*", "snapshot:{}*", "og:default*"],
        "lambda": ["function:{}*"],
        "scheduler": ["schedule/default/{}*"],
        "logs": ["log-group:{}*", "log-group:/aws/rds/instance/{}*"],
        "ecr": [f"repository/{path}{name}" for name in find_services() for path in paths],
    }.get(service, ["{}*"])
    if service == "cloudwatch":
        dashboards = f"arn:aws:cloudwatch::{place.account}:dashboard/{place.prefix}*"
        return [place.arn(service, f"alarm:{place.prefix}*"), dashboards]
    return [place.arn(service, kind.format(place.prefix)) for kind in kinds]


def granted(service: str, names: Sequence[str], resources: Sequence[Input[str]]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": [f"{service}:{name}" for name in names],
        "Resource": list(resources),
    }


def roles(place: Place, boundary_arn: Input[str]) -> list[Statement]:
    """Return the permissions to manage roles of services, which must have the boundary."""
    own = [place.role_arn(f"{place.prefix}*")]
    bounded = {"ArnEquals": {"iam:PermissionsBoundary": boundary_arn}}
    writes = ["CreateRole", "PutRolePolicy", "DeleteRolePolicy", "PutRolePermissionsBoundary"]
    attached = {"ArnEquals": {**bounded["ArnEquals"], "iam:PolicyARN": ATTACHED}}
    linked = place.role_arn("aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS")
    return [
        granted("iam", ROLES, own),
        {**granted("iam", writes, own), "Condition": bounded},
        {
            **granted("iam", ["AttachRolePolicy", "DetachRolePolicy"], own),
            "Condition": attached,
        },
        {
            **granted("iam", ["PassRole"], own),
            "Condition": {"StringEquals": {"iam:PassedToService": TAKERS}},
        },
        granted("iam", ["CreateServiceLinkedRole"], [linked]),  # for the account's first database
    ]


def checks(place: Place, foundation: str) -> list[Statement]:
    """Return the permissions with which `herald doctor` and `preview` check the account."""
    own = [place.role_arn(f"{foundation}-deploy-*")]
    reads = [
        "route53:ListHostedZones",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:GetServiceQuota",
        "ses:GetAccount",
    ]
    return [
        granted("iam", ["GetRole", "SimulatePrincipalPolicy"], own),
        {"Sid": "ChecksOfTheAccount", "Effect": "Allow", "Action": reads, "Resource": ["*"]},
    ]


def found_by_listing(place: Place) -> list[Statement]:
    """Return the permissions of lookups by id, for which AWS requires access to all resources."""
    resources = [
        place.arn("rds", "db:*"),
        place.arn("cloudwatch", "alarm:*"),
        place.arn("ec2", "vpc/*"),  # RDS looks up the network
    ]
    actions = ["rds:DescribeDBInstances", "cloudwatch:DescribeAlarms", "ec2:DescribeVpcAttribute"]
    return [{"Effect": "Allow", "Action": actions, "Resource": resources}]


def identities(place: Place) -> Statement:
    """Return the permissions for settings of SES identities, which have the names of domains."""
    names = ["GetEmailIdentity", "PutEmailIdentityFeedbackAttributes"]
    return granted("ses", names, [place.arn("ses", "identity/*")])


def keys(place: Place) -> list[Statement]:
    """Return the permissions for keys; keys have no names, so tags identify the platform's keys."""
    tag = {"aws:ResourceTag/system": SYSTEM}
    # A new key has no tags yet, and a change of tags may omit this tag.
    tagging = {**tag, "aws:RequestTag/system": SYSTEM}
    untagging = {"StringEquals": tag, "ForAllValues:StringNotEquals": {"aws:TagKeys": ["system"]}}
    alias = place.arn("kms", f"alias/{place.prefix}*")
    aliases = ["CreateAlias", "UpdateAlias", "DeleteAlias"]
    own = place.arn("kms", "key/*")
    return [
        {**granted("kms", KEYS, [own]), "Condition": {"StringEquals": tag}},
        {**granted("kms", ["TagResource"], [own]), "Condition": {"StringEqualsIfExists": tagging}},
        {**granted("kms", ["UntagResource"], [own]), "Condition": untagging},
        granted("kms", aliases, [alias]),
        {**granted("kms", aliases, [own]), "Condition": {"StringEquals": tag}},
    ]


def database_secret(place: Place) -> list[Statement]:
    """Return the permissions with which RDS stores the administrator's password."""
    secrets = [place.arn("secretsmanager", "secret:rds!db-*")]
    names = ["CreateSecret", "DescribeSecret", "GetSecretValue", "TagResource"]
    return [granted("secretsmanager", names, secrets)]


def alert_rules(place: Place, workspace_arn: Input[str]) -> Statement:
    """Return the permissions for alert rules and routes in the foundation's workspace."""
    subjects = ("RuleGroupsNamespace", "AlertManagerDefinition")
    verbs = ("Create", "Put", "Describe", "Delete")
    names = [f"{verb}{subject}" for subject in subjects for verb in verbs]
    tags = ["ListTagsForResource", "TagResource", "UntagResource"]
    own = place.arn("aps", f"rulegroupsnamespace/*/{place.prefix}*")
    return granted("aps", [*names, *tags], [workspace_arn, own])


def cluster(place: Place) -> list[Statement]:
    """Return the permission to read the cluster's address; access entries grant the rest."""
    return [granted("eks", ["DescribeCluster"], [place.arn("eks", f"cluster/{place.cluster}")])]


def gateway(place: Place) -> Mapping[str, list[Statement]]:
    """Return the permissions of a public platform, which needs a zone; tags mark certificates."""
    if place.zone_id is None:
        return {}
    certificates = [place.arn("acm", "certificate/*")]
    tag = {"StringEquals": {"aws:ResourceTag/system": SYSTEM}}
    new = {"StringEquals": {"aws:RequestTag/system": SYSTEM}}
    zone = [f"arn:aws:route53:::hostedzone/{place.zone_id}"]
    records = ["GetHostedZone", "ListResourceRecordSets", "ChangeResourceRecordSets"]
    reads = ["DescribeCertificate", "ListTagsForCertificate"]
    statements: list[Statement] = [
        granted("acm", reads, certificates),
        {**granted("acm", ["RequestCertificate"], ["*"]), "Condition": new},
        {**granted("acm", ["AddTagsToCertificate"], certificates), "Condition": new},
        {**granted("acm", ["DeleteCertificate"], certificates), "Condition": tag},
        granted("route53", records, zone),
        granted("route53", ["GetChange"], ["arn:aws:route53:::change/*"]),
    ]
    return {"gateway": statements}


def without_resources() -> Statement:
    """Return the actions that AWS cannot restrict to resources."""
    return {
        "Sid": "WithoutResources",
        "Effect": "Allow",
        "Action": [
            "ecr:GetAuthorizationToken",
            *[f"ec2:Describe{part}" for part in NETWORK_PARTS],
            "kms:CreateKey",
            "kms:ListAliases",
            "logs:DescribeLogGroups",
            "sns:GetSubscriptionAttributes",
            "sns:SetSubscriptionAttributes",
            "sns:Unsubscribe",
            *[f"ses:{name}" for name in SES],
        ],
        "Resource": ["*"],
    }
