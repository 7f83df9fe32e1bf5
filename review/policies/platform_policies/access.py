"""Defines rules for roles and their permissions."""

import re
from collections.abc import Iterator
from typing import Any

from platform_policies.documents import is_anyone, is_narrowed, label, listed, statements
from platform_policies.resource import Resource
from platform_policies.rule import Rule

ROLE = ("aws:iam/role:Role",)
POLICY = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ATTACHMENT = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
)
LASTING = (
    "aws:iam/user:User",
    "aws:iam/accessKey:AccessKey",
    "aws:iam/userLoginProfile:UserLoginProfile",
)
# AWS defines no resources for these actions, so they are granted on `*`.
WITHOUT_RESOURCES = frozenset(
    {
        # A certificate gets its name when it is requested.
        "acm:RequestCertificate",
        # AWS cannot restrict lookups of a network.
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        # A login is valid for all registries of the account; pulls and pushes are granted by name.
        "ecr:GetAuthorizationToken",
        # A key has no ARN before its creation.
        "kms:CreateKey",
        "kms:ListAliases",
        "logs:DescribeLogGroups",
        "route53:ListHostedZones",
        "servicequotas:GetAWSDefaultServiceQuota",
        "servicequotas:GetServiceQuota",
        # The first API of SES, which the provider uses, has no permissions by name.
        "ses:CreateConfigurationSet",
        "ses:CreateConfigurationSetEventDestination",
        "ses:CreateTemplate",
        "ses:DeleteConfigurationSet",
        "ses:DeleteConfigurationSetEventDestination",
        "ses:DeleteIdentity",
        "ses:DeleteTemplate",
        "ses:DescribeConfigurationSet",
        "ses:GetAccount",
        "ses:GetIdentityDkimAttributes",
        "ses:GetIdentityMailFromDomainAttributes",
        "ses:GetIdentityVerificationAttributes",
        "ses:GetTemplate",
        "ses:PutConfigurationSetDeliveryOptions",
        "ses:SetIdentityMailFromDomain",
        "ses:UpdateConfigurationSetReputationMetricsEnabled",
        "ses:UpdateTemplate",
        "ses:VerifyDomainDkim",
        "ses:VerifyDomainIdentity",
        "ses:VerifyEmailIdentity",
        # IAM has no resource for subscriptions; permissions name the topic.
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
    }
)
BROAD = re.compile(r"/(AdministratorAccess|PowerUserAccess|IAMFullAccess|[A-Za-z0-9]+FullAccess)$")


def own_documents(resource: Resource) -> Iterator[Resource]:
    """Return the document of a policy, or the inline policies of a role."""
    if resource.has("policy"):
        yield resource
    for inline in resource.list_at("inlinePolicies"):
        yield Resource(type=resource.type, name=resource.name, properties=inline)


def names_actions(resource: Resource) -> Iterator[str]:
    for document in own_documents(resource):
        for each in statements(document, "policy"):
            for action in listed(each.get("Action")):
                if action == "*" or action.endswith(":*"):
                    yield f"{label(each)} allows {action}; name the actions"
            if "NotAction" in each:
                yield f"{label(each)} allows all actions but some; name the actions"


def names_resources(resource: Resource) -> Iterator[str]:
    for document in own_documents(resource):
        for each in statements(document, "policy"):
            nameable = [a for a in listed(each.get("Action")) if a not in WITHOUT_RESOURCES]
            if "*" in listed(each.get("Resource")) and nameable:
                yield f"{label(each)} allows {', '.join(nameable)} on *; name the resources"
            if "NotResource" in each:
                yield f"{label(each)} allows all resources but some; name the resources"


def taken_by_someone(role: Resource) -> Iterator[str]:
    for each in statements(role, "assumeRolePolicy"):
        principal = each.get("Principal")
        if is_anyone(principal) and not is_narrowed(each):
            yield f"{label(each)} lets everyone assume the role; name the principals"
        if isinstance(principal, dict) and "Federated" in principal and not has_subject(each):
            yield f"{label(each)} lets every identity of {principal['Federated']} assume the role"


def has_subject(statement: dict[str, Any]) -> bool:
    """Return True for a complete subject; `repo:owner/*` would permit every repository."""
    return any(
        key.endswith(":sub") and not any("*" in each or "?" in each for each in listed(value))
        for operator, keys in statement.get("Condition", {}).items()
        if operator.startswith(("StringEquals", "StringLike"))
        for key, value in keys.items()
    )


def not_broad(attachment: Resource) -> Iterator[str]:
    if BROAD.search(str(attachment.at("policyArn"))):
        yield f"policyArn is {attachment.at('policyArn')}; write a narrower policy"


def not_broad_in_role(role: Resource) -> Iterator[str]:
    for arn in role.list_at("managedPolicyArns"):
        yield from not_broad(
            Resource(type=role.type, name=role.name, properties={"policyArn": arn})
        )


def must_not_exist(resource: Resource) -> Iterator[str]:
    yield f"{resource.type} is not allowed; use a role"


RULES = [
    Rule(
        name="access-names-actions",
        reason="An attacker of a service can do everything that its role permits.",
        types=(*POLICY, *ROLE),
        check=names_actions,
    ),
    Rule(
        name="access-names-resources",
        reason="An attacker of a service can access every resource of its role.",
        types=(*POLICY, *ROLE),
        check=names_resources,
    ),
    Rule(
        name="role-taken-by-someone",
        reason="Everyone gets the permissions of a role that everyone may assume.",
        types=ROLE,
        check=taken_by_someone,
    ),
    Rule(
        name="access-not-broad",
        reason="AWS-managed policies with full access permit more than services need.",
        types=ATTACHMENT,
        check=not_broad,
    ),
    Rule(
        name="role-not-broad",
        reason="AWS-managed policies with full access permit more than services need.",
        types=ROLE,
        check=not_broad_in_role,
    ),
    Rule(
        name="no-lasting-keys",
        reason="Keys of users do not expire; keys of roles expire after an hour.",
        types=LASTING,
        check=must_not_exist,
    ),
]
