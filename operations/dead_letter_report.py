"""Prints dead letters, and the outcome of commands on them."""

from collections.abc import Collection

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.dead_letters import DeadLetter, reasons


def report_messages(queue: str, letters: Collection[DeadLetter], in_queue: int) -> None:
    """Print the messages, each with the number of its reason in the second table."""
    console = Console()
    if not letters:
        console.print(f"The {queue} queue has no dead letters.")
        return
    table = Table("id", "event", "user", "receives", "sent", "reason", box=None, pad_edge=False)
    for number in (0, 4, 5):  # for copying, and for reading in columns
        table.columns[number].no_wrap = True
    numbers = {
        (kind, reason): number for number, (kind, reason, _) in enumerate(reasons(letters), 1)
    }
    for letter in letters:
        table.add_row(
            letter.id,
            Text(letter.event_type),
            Text(str((letter.envelope or {}).get("userId", letter.attribute("userId") or ""))),
            str(letter.receive_count),
            f"{letter.sent_at:%m-%d %H:%M}",
            str(numbers[letter.event_type, letter.reason]),
        )
    console.print(table)
    console.print()
    report_reasons(console, letters)
    more = f", of about {in_queue}" if in_queue > len(letters) else ""
    console.print(f"{counted(len(letters), queue)}{more}. All times are UTC.")


def report_outcome(
    queue: str, what: str, number: int, left: int | None, letters: Collection[DeadLetter] = ()
) -> None:
    console = Console()
    report_reasons(console, letters)
    still = "nothing was changed" if left is None else f"about {left} left"
    console.print(f"{counted(number, queue)} {what}; {still}.")


def report_reasons(console: Console, letters: Collection[DeadLetter]) -> None:
    if not letters:
        return
    table = Table("reason", "messages", "event", "text", box=None, pad_edge=False)
    for number, (kind, reason, messages) in enumerate(reasons(letters), 1):
        table.add_row(str(number), str(messages), Text(kind), Text(reason))
    console.print(table)
    console.print()


def counted(number: int, queue: str) -> str:
    return f"{number} dead letter{'' if number == 1 else 's'} of the {queue} queue"
