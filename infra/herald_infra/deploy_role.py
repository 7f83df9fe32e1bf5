"""Creates the role that a GitHub workflow assumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import iam

from herald_infra.policy_document import Statement, policy, policy_json

ISSUER = "token.actions.githubusercontent.com"
MOST_POLICIES = 10  # IAM's limit of managed policies per role


@dataclass(frozen=True, kw_only=True)
class DeployRoleArgs:
    repository: str  # owner/name
    environment: str | None = None  # of GitHub; set this or `branch`
    branch: str | None = None
    policies: Mapping[str, Sequence[Statement]]  # 1 to 10 by name, 6,144 characters each
    provider_arn: Input[str] | None = None  # GitHub's OIDC provider; created if unset
    session: int = 3600  # seconds

    def __post_init__(self) -> None:
        if (self.environment is None) == (self.branch is None):
            raise ValueError("A deploy role needs either an environment or a branch, not both.")
        if "*" in self.subject or self.repository.count("/") != 1:
            raise ValueError(
                "A deploy role needs one repository, owner/name, and one environment or branch, "
                f"without wildcards; got {self.subject!r}."
            )
        if not 1 <= len(self.policies) <= MOST_POLICIES:
            raise ValueError(
                f"A deploy role must have 1 to {MOST_POLICIES} policies; got {len(self.policies)}. "
                "Merge some of their statements."
            )

    @property
    def subject(self) -> str:
        """Return the subject that GitHub writes into the token of a job."""
        if self.environment is not None:
            return f"repo:{self.repository}:environment:{self.environment}"
        return f"repo:{self.repository}:ref:refs/heads/{self.branch}"


class DeployRole(pulumi.ComponentResource):
    """Creates a role without keys for workflows of one repository, in one environment or branch.

    The policies define its permissions. Each one is a managed policy, because IAM limits the inline
    policies of a role to 10,240 characters in total. An account has one OIDC provider for GitHub:
    pass the `provider_arn` of the first role to a second role.
    """

    arn: Output[str]
    name: Output[str]
    provider_arn: Output[str]

    def __init__(
        self, name: str, args: DeployRoleArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:DeployRole", name, {}, opts)
        child = ResourceOptions(parent=self)

        self.provider_arn = Output.from_input(args.provider_arn or github(name, child).arn)
        self.role = iam.Role(
            name,
            description=f"Assumed by workflows of {args.subject}",
            assume_role_policy=Output.json_dumps(
                self.provider_arn.apply(lambda arn: trust_github(arn, args.subject))
            ),
            max_session_duration=args.session,
            opts=child,
        )
        for title, statements in args.policies.items():
            granted = iam.Policy(
                f"{name}-{title}",
                description=f"Permissions of {name}: {title}",
                policy=policy_json(statements),
                opts=child,
            )
            iam.RolePolicyAttachment(
                f"{name}-{title}", role=self.role.name, policy_arn=granted.arn, opts=child
            )

        self.arn, self.name = self.role.arn, self.role.name
        self.register_outputs(
            {"arn": self.arn, "name": self.name, "provider_arn": self.provider_arn}
        )


def github(name: str, child: ResourceOptions) -> iam.OpenIdConnectProvider:
    return iam.OpenIdConnectProvider(
        name, url=f"https://{ISSUER}", client_id_lists=["sts.amazonaws.com"], opts=child
    )


def trust_github(provider_arn: str, subject: str) -> dict[str, Any]:
    return policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": subject}
                },
            }
        ]
    )
