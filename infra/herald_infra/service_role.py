"""Creates the role of a Kubernetes service account on a cluster with an OIDC provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import iam

from herald_infra.policy_document import Statement, policy, policy_json


@dataclass(frozen=True, kw_only=True)
class ServiceRoleArgs:
    oidc_provider_arn: Input[str]  # contains the issuer
    namespace: Input[str]
    service_account: Input[str]
    statements: Sequence[Statement] = ()


class ServiceRole(pulumi.ComponentResource):
    """Creates a role with the given statements that only the named service account can assume.

    Its pods get credentials if the account has the annotation `eks.amazonaws.com/role-arn` with the
    output `arn`.
    """

    arn: Output[str]
    name: Output[str]

    def __init__(
        self, name: str, args: ServiceRoleArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ServiceRole", name, {}, opts)
        child = ResourceOptions(parent=self)

        trusted = [args.oidc_provider_arn, args.namespace, args.service_account]
        self.role = iam.Role(
            name,
            description=f"Assumed by the service account of {name}",
            assume_role_policy=Output.json_dumps(Output.all(*trusted).apply(trust)),
            opts=child,
        )
        if args.statements:
            iam.RolePolicy(
                name, role=self.role.name, policy=policy_json(args.statements), opts=child
            )

        self.arn, self.name = self.role.arn, self.role.name
        self.register_outputs({"arn": self.arn, "name": self.name})


def trust(provider_namespace_and_account: list[Any]) -> dict[str, Any]:
    provider_arn, namespace, service_account = provider_namespace_and_account
    issuer = issuer_of(provider_arn)
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{issuer}:aud": "sts.amazonaws.com",
                f"{issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
            }
        },
    }
    return policy([statement])


def issuer_of(provider_arn: str) -> str:
    head, found, issuer = provider_arn.partition(":oidc-provider/")
    if not found or not issuer:
        raise ValueError(
            "Expected the ARN of the cluster's OIDC provider, "
            f"arn:aws:iam::ACCOUNT:oidc-provider/ISSUER; got {provider_arn!r}."
        )
    return issuer
