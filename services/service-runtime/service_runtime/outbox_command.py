"""Looks after events that no topic takes: `python -m service_runtime.outbox_command --help`.

It is in the image of every service, loads nothing of the service itself so that it fits into the
memory of a pod beside it, and works on the database that the pod's settings name.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from service_runtime.database import create_database_engine
from service_runtime.refused_events import AT_ONCE, RefusedEvent, RefusedEvents, UnknownEvents
from service_runtime.settings import DatabaseSettings, read_settings


def main(arguments: Sequence[str]) -> None:
    asked = _parser().parse_args(arguments)
    engine = create_database_engine(read_settings(DatabaseSettings))
    try:
        for line in _answer(asked, RefusedEvents(engine)):
            print(json.dumps(line))
    except UnknownEvents as error:
        sys.exit(str(error))
    except SQLAlchemyError as error:
        reason = str(error).partition("\n")[0]
        sys.exit(f"Expected an answer of the database, came {reason}; nothing was changed.")
    finally:
        engine.dispose()


def _answer(asked: argparse.Namespace, events: RefusedEvents) -> Iterator[dict[str, Any]]:
    match asked.action:
        case "list":
            yield from map(_described, events.oldest(asked.limit))
        case "show":
            yield from _whole(events.bodies(asked.ids))
        case "retry":
            ids = asked.ids or [one.event_id for one in events.oldest()]
            events.retry(ids)
            yield from ({"id": str(id)} for id in ids)
        case "discard":
            yield from _whole(events.discard(asked.ids))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m service_runtime.outbox_command",
        description="Events that no topic takes; answers are one JSON object a line.",
    )
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="The oldest, without what users wrote.")
    listing.add_argument("--limit", type=int, default=AT_ONCE, help="How many at most.")
    show = actions.add_parser("show", help="Whole bodies.")
    retry = actions.add_parser("retry", help="Have them published, once the fault is mended.")
    discard = actions.add_parser("discard", help="Remove them for good; prints their bodies.")
    discard.add_argument("--yes", action="store_true", required=True, help="They are lost.")
    for action in (show, retry, discard):
        chosen = action.add_mutually_exclusive_group(required=True)
        chosen.add_argument(
            "--id", dest="ids", type=UUID, action="append", help="Of an event; may be repeated."
        )
        if action is retry:
            chosen.add_argument("--all", action="store_true", help=f"The oldest {AT_ONCE:,}.")
    return parser


def _described(one: RefusedEvent) -> dict[str, Any]:
    return {
        "id": str(one.event_id),
        "type": one.type,
        "bytes": one.size,
        "reason": one.reason,
        "attempts": one.attempts,
        "createdAt": one.created_at.isoformat(),
        "refusedAt": one.refused_at.isoformat(),
    }


def _whole(bodies: dict[UUID, str]) -> Iterator[dict[str, Any]]:
    return ({"id": str(id), "body": body} for id, body in bodies.items())


if __name__ == "__main__":
    main(sys.argv[1:])
