"""`herald refused-events`: look at events that no topic takes, try again, or let them go.

Only the pods of a service reach its database, so a command of theirs does the work.
"""

from enum import StrEnum
from typing import Annotated

import typer

from herald.options import StackName

COMMAND = ("python", "-m", "service_runtime.outbox_command")

refused_events = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Events that a service wrote and no topic takes; one JSON object a line.",
)


class Service(StrEnum):
    """Those that have an outbox."""

    reminder = "reminder-service"
    event = "event-service"
    notification = "notification-service"


ServiceName = Annotated[Service, typer.Option("--service", help="Whose events.")]
Ids = Annotated[list[str], typer.Option("--id", help="Of an event; may be repeated.")]


def carry_out(stack: str, service: Service, *arguments: str) -> None:
    from herald.cluster import Cluster
    from herald.stack import Stack

    chosen = Stack(stack)
    cluster = Cluster(chosen.written.get("kubernetes:context"))
    said = cluster.run_in(chosen.outputs.namespace, service.value, *COMMAND, *arguments)
    typer.echo(said, nl=False)


def named(ids: list[str]) -> list[str]:
    return [word for id in ids for word in ("--id", id)]


@refused_events.command("list")
def list_(
    stack: StackName,
    service: ServiceName,
    limit: Annotated[int, typer.Option(min=1, help="Events to look at.")] = 1000,
) -> None:
    """The oldest events with their reasons, without what users wrote."""
    carry_out(stack, service, "list", "--limit", str(limit))


@refused_events.command()
def show(stack: StackName, service: ServiceName, ids: Ids) -> None:
    """Whole events."""
    carry_out(stack, service, "show", *named(ids))


@refused_events.command()
def retry(
    stack: StackName,
    service: ServiceName,
    ids: Annotated[list[str] | None, typer.Option("--id", help="May be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The oldest 1,000 events.")] = False,
) -> None:
    """Have events published, once the fault is mended; prints their ids."""
    from herald.dead_letter_commands import selected

    carry_out(stack, service, "retry", *(named(selected(ids, everything)) or ["--all"]))


@refused_events.command()
def discard(
    stack: StackName,
    service: ServiceName,
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", help="The events are lost for good.")] = False,
) -> None:
    """Remove events for good, and print them once more; needs --yes."""
    from herald.errors import OperatorError

    if not yes:
        raise OperatorError(
            "expected --yes, since discarded events are lost for good; nothing was changed"
        )
    carry_out(stack, service, "discard", "--yes", *named(ids))
