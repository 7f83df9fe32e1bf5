"""How dead letters and what was done with them are shown."""

from collections.abc import Collection

from rich.console import Console
from rich.table import Table
from rich.text import Text

from herald.dead_letters import DeadLetter, reasons


def report_messages(queue: str, letters: Collection[DeadLetter], in_queue: int) -> None:
    console = Console()
    if not letters:
        console.print(f"No dead letters of the {queue} queue.")
        return
    table = Table("id", "event", "user", "received", "since", "reason", box=None, pad_edge=False)
    table.columns[0].no_wrap = True  # for copying
    for letter in letters:
        table.add_row(
            letter.id,
            Text(letter.event_type),
            Text(str((letter.envelope or {}).get("userId", letter.attribute("userId") or ""))),
            str(letter.receive_count),
            f"{letter.sent_at:%Y-%m-%d %H:%M:%S}",
            Text(letter.reason),
        )
    console.print(table)
    console.print()
    report_reasons(console, letters)
    shown = f"{len(letters)} dead letters of the {queue} queue"
    more = f" are shown of about {in_queue}" if in_queue > len(letters) else ""
    console.print(f"{shown}{more}. All times are UTC.")


def report_outcome(
    queue: str, what: str, number: int, left: int | None, letters: Collection[DeadLetter] = ()
) -> None:
    console = Console()
    report_reasons(console, letters)
    still = "nothing was changed" if left is None else f"about {left} left"
    console.print(f"{number} dead letters of the {queue} queue {what}; {still}.")


def report_reasons(console: Console, letters: Collection[DeadLetter]) -> None:
    if not letters:
        return
    table = Table("number", "event", "reason", box=None, pad_edge=False)
    for kind, reason, number in reasons(letters):
        table.add_row(str(number), Text(kind), Text(reason))
    console.print(table)
    console.print()
