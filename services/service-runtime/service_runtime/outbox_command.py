"""Manages events that the topic rejects: `python -m service_runtime.outbox_command --help`.

Every image contains this command. It does not load the service, so that both fit into the
memory of a pod. It uses the database of the pod's settings.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from service_runtime.database_command import print_answers
from service_runtime.refused_events import AT_ONCE, RefusedEvent, RefusedEvents, UnknownEvents


def main(arguments: Sequence[str]) -> None:
    asked = _parser().parse_args(arguments)
    try:
        print_answers(lambda engine: _answer(asked, RefusedEvents(engine)))
    except UnknownEvents as error:
        sys.exit(str(error))
    except SQLAlchemyError as error:
        reason = str(error).partition("\n")[0]
        sys.exit(f"Expected an answer of the database; got {reason}. Nothing was changed.")


def _answer(asked: argparse.Namespace, events: RefusedEvents) -> Iterator[dict[str, Any]]:
    match asked.action:
        case "list":
            yield from map(_describe, events.oldest(asked.limit))
        case "show":
            yield from _list_bodies(events.bodies(asked.ids))
        case "retry":
            ids = asked.ids or [event.event_id for event in events.oldest()]
            events.retry(ids)
            yield from ({"id": str(id)} for id in ids)
        case "discard":
            yield from _list_bodies(events.discard(asked.ids))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m service_runtime.outbox_command",
        description="Manage events that the topic rejects. Output: one JSON object per line.",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="List the oldest events, without user data.")
    listing.add_argument("--limit", type=int, default=AT_ONCE, help="Maximum number of events.")
    show = actions.add_parser("show", help="Print the bodies of events.")
    retry = actions.add_parser("retry", help="Publish the events again, once the cause is fixed.")
    discard = actions.add_parser("discard", help="Delete the events and print their bodies.")
    discard.add_argument("--yes", action="store_true", required=True, help="Confirm the deletion.")
    for action in (show, retry, discard):
        chosen = action.add_mutually_exclusive_group(required=True)
        chosen.add_argument(
            "--id", dest="ids", type=UUID, action="append", help="Event id; may be repeated."
        )
        if action is retry:
            chosen.add_argument(
                "--all", action="store_true", help=f"Choose the oldest {AT_ONCE:,}."
            )
    return parser


def _describe(event: RefusedEvent) -> dict[str, Any]:
    return {
        "id": str(event.event_id),
        "type": event.type,
        "bytes": event.size,
        "reason": event.reason,
        "attempts": event.attempts,
        "createdAt": event.created_at.isoformat(),
        "refusedAt": event.refused_at.isoformat(),
    }


def _list_bodies(bodies: dict[UUID, str]) -> Iterator[dict[str, Any]]:
    return ({"id": str(id), "body": body} for id, body in bodies.items())


if __name__ == "__main__":
    main(sys.argv[1:])
