"""Stores received messages, and streams them to open pages."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Channel = Literal["push", "email"]

KEPT = 10_000  # messages; older ones are deleted
BACKLOG = 1_000  # events that a watcher may lag behind before its stream ends
SILENCE = 15  # seconds between comments to an idle watcher


def now() -> str:
    """Return the current time in RFC 3339 with microseconds, in UTC."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


class Message(BaseModel):
    """Describes a push notification or an e-mail to one recipient."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    id: str = Field(default_factory=lambda: str(uuid4()))
    channel: Channel
    to: str
    title: str = ""
    body: str = ""
    html: str | None = None
    data: dict[str, Any] = {}
    received_at: str = Field(default_factory=now)

    def json_text(self) -> str:
        return self.model_dump_json(by_alias=True)


class Watcher:
    """Streams new events to one open page, as Server-Sent Events."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[str] = asyncio.Queue(BACKLOG)
        self.ended = False

    def offer(self, event: str) -> None:
        """Queue an event. If too many wait, end the stream, so that the page reloads."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self.ended = True

    def end(self) -> None:
        self.ended = True
        if self._waiting.empty():
            self._waiting.put_nowait(": the end\n\n")

    async def next(self) -> str:
        try:
            return await asyncio.wait_for(self._waiting.get(), SILENCE)
        except TimeoutError:
            return ": still here\n\n"


class Messages:
    """Stores the last `kept` messages, oldest first; only one event loop may use it."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: deque[Message] = deque(maxlen=kept)
        self._watchers: set[Watcher] = set()

    def add(self, message: Message) -> None:
        self._kept.append(message)
        self._publish(f"event: message\ndata: {message.json_text()}\n\n")

    def find(
        self, channel: Channel | None = None, to: str | None = None, limit: int | None = None
    ) -> list[Message]:
        """Return the newest `limit` matching messages, oldest first."""
        found = [m for m in self._kept if channel in (None, m.channel) and to in (None, m.to)]
        return found if limit is None else found[max(len(found) - limit, 0) :]

    def clear(self) -> None:
        self._kept.clear()
        self._publish("event: cleared\ndata: {}\n\n")

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def end_watching(self) -> None:
        for watcher in self._watchers:
            watcher.end()

    def _publish(self, event: str) -> None:
        for watcher in self._watchers:
            watcher.offer(event)


def json_array(messages: Iterable[Message]) -> str:
    return f"[{','.join(message.json_text() for message in messages)}]"
