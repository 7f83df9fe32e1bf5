"""The role that a GitHub workflow takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import iam

from infra.policy_document import Statement, policy, policy_json

ISSUER = "token.actions.githubusercontent.com"


@dataclass(frozen=True, kw_only=True)
class DeployRoleArgs:
    repository: str  # owner/name
    environment: str | None = None  # of GitHub; this or the branch
    branch: str | None = None
    statements: Sequence[Statement]
    provider_arn: Input[str] | None = None  # GitHub's in this account; made when none
    session: int = 3600  # seconds

    def __post_init__(self) -> None:
        if (self.environment is None) == (self.branch is None):
            raise ValueError("A deploy role needs either an environment or a branch.")
        if "*" in self.subject or self.repository.count("/") != 1:
            raise ValueError(
                f"A deploy role is for one repository, owner/name, not for {self.subject!r}."
            )

    @property
    def subject(self) -> str:
        """As GitHub signs it into the token of a job."""
        if self.environment is not None:
            return f"repo:{self.repository}:environment:{self.environment}"
        return f"repo:{self.repository}:ref:refs/heads/{self.branch}"


class DeployRole(pulumi.ComponentResource):
    """Taken by workflows of one repository in one environment or on one branch, without keys.

    It may do what the statements say. An account has one provider for GitHub: a second role
    names the `provider_arn` of the first.
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
            description=f"Taken by workflows of {args.subject}",
            assume_role_policy=Output.json_dumps(
                self.provider_arn.apply(lambda arn: trust_github(arn, args.subject))
            ),
            max_session_duration=args.session,
            opts=child,
        )
        iam.RolePolicy(name, role=self.role.name, policy=policy_json(args.statements), opts=child)

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
