"""Evaluates the policies of queues, topics, customer keys and buckets.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterator
from typing import Any

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.aws_server.policies import Request, statements_of
from local.aws_server.requirements import Requirement
from local.aws_server.sessions import Session


def find_role_refusal(session: Session, request: Request) -> str | None:
    """Return the reason why the policy of a resource refuses a role of its account, or None.

    Queues, topics and buckets leave the decision to the policies of the role. A key has to admit
    the account or the role.
    """
    root = f"arn:{session.partition}:iam::{session.account}:root"
    effects = effects_on("AWS", {session.role_arn, session.arn, session.account, root}, request)
    if "Deny" in effects:
        return "with an explicit deny in a resource-based policy"
    if request.action.startswith("kms:") and "Allow" not in effects:
        return f"because no resource-based policy allows the {request.action} action"
    return None


def find_service_refusal(service: str, source_arn: str, needed: Requirement) -> str | None:
    """Return the reason why an AWS service may not act for `source_arn`, or None."""
    context = {
        "aws:SourceArn": [source_arn],
        "aws:SourceAccount": [source_arn.split(":")[4]],
        "aws:SecureTransport": ["true"],
    }
    request = Request(needed.action, needed.resource, context)
    if effects_on("Service", {service}, request) == {"Allow"}:
        return None
    return (
        f"{service} is not authorized to perform: {needed.action} on resource: {needed.resource} "
        f"for {source_arn}"
    )


def effects_on(kind: str, names: set[str], request: Request) -> set[str]:
    document = policy_of(request.resource)
    return {
        each.effect
        for each in (statements_of(document) if document else ())
        if each.has_principal(kind, names) and each.applies_to(request)
    }


def policy_of(arn: str) -> str | None:
    """Return the policy of a queue, topic, customer key or bucket; None if there is none."""
    if arn == "*":
        return None
    _, _, service, region, account, name = arn.split(":", 5)
    found: Any = None
    if service == "sqs":
        found = sqs_backends[account][region].queues.get(name)
    elif service == "sns":
        found = sns_backends[account][region].topics.get(arn)
    elif service == "kms":
        found = kms_backends[account][region].keys.get(name.removeprefix("key/"))
    elif service == "s3":
        found = find_bucket(name.partition("/")[0])
    return found.policy if found else None


def find_bucket(name: str) -> Any:
    owners = [backends["aws"] for backends in list(s3_backends.values()) if "aws" in backends]
    return next((each.buckets[name] for each in owners if name in each.buckets), None)


def resources_with_policies() -> Iterator[tuple[str, str]]:
    """Yield ARN and policy of each queue, topic and customer key."""
    for queue in all_of(sqs_backends, "queues"):
        if queue.policy:
            yield queue.queue_arn, queue.policy
    for each in (*all_of(sns_backends, "topics"), *all_of(kms_backends, "keys")):
        yield each.arn, each.policy


def all_of(backends: Any, kind: str) -> list[Any]:
    """Return the resources of one kind in all accounts and regions."""
    return [
        each
        for account in list(backends.values())
        for backend in account.values()
        for each in list(vars(backend)[kind].values())
    ]
