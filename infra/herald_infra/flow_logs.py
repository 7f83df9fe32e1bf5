"""Logs the traffic of a network in CloudWatch."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from pulumi import Output, ResourceOptions
from pulumi_aws import cloudwatch, ec2, iam

from herald_infra.policy_document import account_of, allow, policy_json, trust_service


def flow_logs(name: str, vpc_id: Output[str], days: int, child: ResourceOptions) -> None:
    logs = cloudwatch.LogGroup(f"{name}-flow", retention_in_days=days, opts=child)
    account = logs.arn.apply(account_of)
    role = iam.Role(
        f"{name}-flow",
        description=f"Assumed by the flow logs of {name}",
        assume_role_policy=policy_json([trust_service("vpc-flow-logs.amazonaws.com", account)]),
        opts=child,
    )
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    granted = iam.RolePolicy(
        f"{name}-flow",
        role=role.name,
        policy=policy_json([allow(write, Output.concat(logs.arn, ":*"))]),
        opts=child,
    )
    ec2.FlowLog(
        name,
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination=logs.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=600,
        tags={"Name": name},
        opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[granted])),
    )
