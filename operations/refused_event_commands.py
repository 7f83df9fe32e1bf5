"""`herald refused-events`: show, retry or discard events that the topic rejected.

Only the pods of a service reach its database, so the commands run in a pod.
"""

from typing import Annotated

import typer

from operations.options import StackName

COMMAND = ("python", "-m", "service_runtime.outbox_command")

refused_events = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show, retry or discard events that the topic rejected.\n\n"
    "Each line of the output is a JSON object.",
)


ServiceName = Annotated[str, typer.Option("--service", help="Service that wrote the events.")]
Ids = Annotated[list[str], typer.Option("--id", help="Id of an event; repeatable.")]


def carry_out(stack: str, service: str, *arguments: str) -> None:
    from operations.cluster import print_from_pod

    print_from_pod(stack, service, *COMMAND, *arguments)


def named(ids: list[str]) -> list[str]:
    return [word for id in ids for word in ("--id", id)]


@refused_events.command("list")
def list_(
    stack: StackName,
    service: ServiceName,
    limit: Annotated[int, typer.Option(min=1, help="Number of events to read.")] = 1000,
) -> None:
    """List the oldest events with their reasons.

    The list has no texts of users.
    """
    carry_out(stack, service, "list", "--limit", str(limit))


@refused_events.command()
def show(stack: StackName, service: ServiceName, ids: Ids) -> None:
    """Show whole events."""
    carry_out(stack, service, "show", *named(ids))


@refused_events.command()
def retry(
    stack: StackName,
    service: ServiceName,
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="Id of an event; repeatable.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="The oldest 1,000 events.")] = False,
) -> None:
    """Publish events again and print their ids.

    Correct the cause of the rejection first.
    """
    from operations.dead_letter_commands import selected

    carry_out(stack, service, "retry", *(named(selected(ids, everything)) or ["--all"]))


@refused_events.command()
def discard(
    stack: StackName,
    service: ServiceName,
    ids: Ids,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that the events are lost.")] = False,
) -> None:
    """Delete events and print them; needs --yes."""
    from operations.errors import OperatorError

    if not yes:
        raise OperatorError(
            "expected --yes, because discarded events are lost; nothing was changed"
        )
    carry_out(stack, service, "discard", "--yes", *named(ids))
