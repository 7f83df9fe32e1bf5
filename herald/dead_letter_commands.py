"""`herald dead-letters`: look at messages that failed, send them again, or let them go."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from herald.options import StackName

if TYPE_CHECKING:
    from herald.dead_letters import DeadLetter, DeadLetterQueue

dead_letters = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Messages that no consumer could handle.",
)


class Queue(StrEnum):
    event = "event"
    notification = "notification"


QueueName = Annotated[Queue, typer.Option("--queue", help="Whose dead letters.")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="Of a message; may be repeated.")]
All = Annotated[bool, typer.Option("--all", help="Every message of the queue.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, change nothing.")]


def queue_of(stack: str, queue: Queue) -> "DeadLetterQueue":
    from herald.dead_letters import DeadLetterQueue
    from herald.stack import Stack

    chosen = Stack(stack)
    told = chosen.outputs
    urls = {
        Queue.event: (told.event_dead_letters_url, told.event_queue_url),
        Queue.notification: (told.notification_dead_letters_url, told.notification_queue_url),
    }
    return DeadLetterQueue(chosen.client("sqs"), *urls[queue])


def selected(ids: list[str] | None, everything: bool) -> list[str]:
    """The ids, none for all; exactly one of the two must have been said."""
    from herald.errors import OperatorError

    if bool(ids) == everything:
        came = "both" if everything else "neither"
        raise OperatorError(f"expected either --id ID or --all, got {came}; nothing was changed")
    return ids or []


@dead_letters.command("list")
def list_(
    stack: StackName,
    queue: QueueName,
    limit: Annotated[int, typer.Option(min=1, help="Messages to look at.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="One object a message.")] = False,
) -> None:
    """The messages, oldest first, and how many failed for which reason. None is consumed."""
    from herald.dead_letter_report import report_messages

    source = queue_of(stack, queue)
    with source.held(limit=limit) as letters:
        if as_json:
            typer.echo(json.dumps([whole(letter) for letter in letters], indent=2))
        else:
            report_messages(queue.value, letters, source.depth() + len(letters))


@dead_letters.command()
def show(
    stack: StackName,
    queue: QueueName,
    id: Annotated[str, typer.Option("--id", help="Of the message.")],
) -> None:
    """One whole message: envelope, attributes, receive count, time and reason."""
    with queue_of(stack, queue).held([id]) as [letter]:
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
    """Send messages to their queue again, once the fault is mended."""
    from herald.dead_letter_report import report_outcome

    wanted = selected(ids, everything)
    source = queue_of(stack, queue)
    if everything and not dry_run:
        report_outcome(queue.value, "sent again", source.redrive_all(), source.depth())
        return
    with source.held(wanted) as letters:
        if dry_run:
            report_outcome(queue.value, "would be sent again", len(letters), None, letters)
            return
        done = source.redrive(letters)
    report_outcome(queue.value, "sent again", done, source.depth(), letters)


@dead_letters.command()
def discard(
    stack: StackName,
    queue: QueueName,
    ids: Ids = None,
    everything: All = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="The messages are lost for good.")] = False,
) -> None:
    """Remove messages for good; needs --yes."""
    from herald.dead_letter_report import report_outcome
    from herald.errors import OperatorError

    wanted = selected(ids, everything)
    if not yes and not dry_run:
        raise OperatorError(
            "expected --yes, since discarded messages are lost for good; nothing was changed, "
            "and --dry-run shows what would be"
        )
    source = queue_of(stack, queue)
    with source.held(wanted) as letters:
        if dry_run:
            report_outcome(queue.value, "would be discarded", len(letters), None, letters)
            return
        done = source.discard(letters)
    report_outcome(queue.value, "discarded", done, source.depth(), letters)
