"""Defines an arrow of the diagram: the use of a resource by a service."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from herald_infra.policy_document import Statement
from herald_infra.restricted_pod import Environment

if TYPE_CHECKING:
    from herald_infra.container_service import ContainerService


@dataclass(frozen=True, kw_only=True)
class Use:
    """Describes settings, secrets and permissions that are granted together.

    Components return it from their grants, for example `queue.consumer("ORDER")`.
    """

    environment: Environment = Environment()
    statements: Sequence[Statement] = ()
    calls: Sequence["ContainerService"] = ()  # to which its pods may connect


class UseError(pulumi.RunError):
    """Reports a wrong list of uses; the message names the service and the entry."""


def combine_uses(service: str, uses: Iterable[Use]) -> Use:
    """Merge the uses of a service; raise UseError for a wrong entry or a repeated setting."""
    environment = Environment()
    statements, calls = list[Statement](), list["ContainerService"]()
    for use in uses:
        if not isinstance(use, Use):
            raise UseError(
                f"{service}: expected `uses` to list grants of components, such as "
                f'queue.consumer("EVENT"); got {use!r}.'
            )
        if twice := environment.names() & use.environment.names():
            raise UseError(
                f"{service}: two of its uses set {sorted(twice)[0]}; rename one of them."
            )
        environment |= use.environment
        statements += use.statements
        calls += use.calls
    return Use(environment=environment, statements=statements, calls=calls)
