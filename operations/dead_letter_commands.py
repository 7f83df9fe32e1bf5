"""`herald dead-letters`: show, redrive or discard messages that failed."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from operations.options import StackName

if TYPE_CHECKING:
    from operations.dead_letters import DeadLetter, DeadLetterQueue

dead_letters = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show, redrive or discard messages that failed.",
)


QueueName = Annotated[str, typer.Option("--queue", help="Name of the queue.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Id of a message; repeatable.")]
All = Annotated[bool, typer.Option("--all", help="All messages of the queue.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the effect; change nothing.")]


def queue_of(stack: str, name: str) -> "DeadLetterQueue":
    from operations.dead_letters import DeadLetterQueue
    from operations.errors import OperatorError
    from operations.stack import Stack

    chosen = Stack(stack)
    queues = chosen.outputs.queues
    if name not in queues:
        known = ", ".join(queues) or "none"
        raise OperatorError(f"expected a queue of stack {stack} ({known}); got {name!r}")
    return DeadLetterQueue(chosen.client("sqs"), queues[name].dead_letters_url, queues[name].url)


def selected(ids: list[str] | None, everything: bool) -> list[str]:
    """Return the ids, or an empty list for all; raise OperatorError unless one of both is set."""
    from operations.errors import OperatorError

    if bool(ids) == everything:
        came = "both" if everything else "neither"
        raise OperatorError(f"expected either --id ID or --all; got {came}. Nothing was changed")
    return ids or []


@dead_letters.command("list")
def list_(
    stack: StackName,
    queue: QueueName,
    limit: Annotated[int, typer.Option(min=1, help="Number of messages to read.")] = 1000,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object for each message.")
    ] = False,
) -> None:
    """List the messages and count them by reason.

    The oldest are first. No message is consumed.
    """
    from operations.dead_letter_report import report_messages

    source = queue_of(stack, queue)
    with source.hold(limit=limit) as letters:
        if as_json:
            typer.echo(json.dumps([whole(letter) for letter in letters], indent=2))
        else:
            report_messages(queue, letters, source.depth() + len(letters))


@dead_letters.command()
def show(
    stack: StackName,
    queue: QueueName,
    id: Annotated[str, typer.Option("--id", help="Id of the message.")],
) -> None:
    """Show one message and the reason of its failure.

    The output contains the envelope, the attributes, the receive count and the time.
    """
    with queue_of(stack, queue).hold([id]) as [letter]:
        typer.echo(json.dumps(whole(letter), indent=2))


def whole(letter: "DeadLetter") -> dict[str, object]:
    return {
        "id": letter.id,
        "reason": letter.reason,
        "receiveCount": letter.receive_count,
        "sentAt": letter.sent_at.isoformat(),
        "attributes": {name: letter.attribute(name) for name in letter.attributes},
        "event": letter.envelope,
        **({} if letter.envelope else {"body": letter.body}),
    }


@dead_letters.command()
def redrive(
    stack: StackName,
    queue: QueueName,
    ids: Ids = None,
    everything: All = False,
    dry_run: DryRun = False,
) -> None:
    """Move messages back to their queue.

    Correct the cause of their failure first.
    """
    from operations.dead_letter_report import report_outcome

    wanted = selected(ids, everything)
    source = queue_of(stack, queue)
    if everything and not dry_run:
        report_outcome(queue, "redriven", source.redrive_all(), source.depth())
        return
    with source.hold(wanted) as letters:
        if dry_run:
            report_outcome(queue, "would be redriven", len(letters), None, letters)
            return
        done = source.redrive(letters)
    report_outcome(queue, "redriven", done, source.depth(), letters)


@dead_letters.command()
def discard(
    stack: StackName,
    queue: QueueName,
    ids: Ids = None,
    everything: All = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm that the messages are lost.")] = False,
) -> None:
    """Delete messages for good; `--yes` confirms it."""
    from operations.dead_letter_report import report_outcome
    from operations.errors import OperatorError

    wanted = selected(ids, everything)
    if not yes and not dry_run:
        raise OperatorError(
            "expected --yes, because discarded messages are lost; nothing was changed, "
            "and --dry-run shows the effect"
        )
    source = queue_of(stack, queue)
    with source.hold(wanted) as letters:
        if dry_run:
            report_outcome(queue, "would be discarded", len(letters), None, letters)
            return
        done = source.discard(letters)
    report_outcome(queue, "discarded", done, source.depth(), letters)
