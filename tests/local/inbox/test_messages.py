import asyncio
import json

from local.inbox.messages import BACKLOG, Message, Messages


def push(to: str, title: str = "") -> Message:
    return Message(channel="push", to=to, title=title)


def test_only_the_newest_are_kept():
    messages = Messages(kept=3)
    for number in range(5):
        messages.add(push(f"valid-{number}"))
    assert [message.to for message in messages.find()] == ["valid-2", "valid-3", "valid-4"]


def test_newest_matches_are_listed_oldest_first():
    messages = Messages()
    for to, title in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")]:
        messages.add(push(to, title))
    messages.add(Message(channel="email", to="a", title="5"))
    assert [m.title for m in messages.find("push", "a", 2)] == ["3", "4"]
    assert [m.title for m in messages.find(to="a")] == ["1", "3", "4", "5"]


def test_watcher_sees_arrivals_deletions_and_end():
    async def watch() -> list[str]:
        messages = Messages()
        with messages.watch() as watcher:
            messages.add(Message(id="1", channel="push", to="a", received_at="now"))
            messages.clear()
            seen = [await watcher.next(), await watcher.next()]
            messages.end_watching()
            assert watcher.ended
            return [*seen, await watcher.next()]

    arrival, cleared, end = asyncio.run(watch())
    kind, data, *_ = arrival.split("\n")
    assert kind == "event: message"
    assert json.loads(data.removeprefix("data: ")) == {
        "id": "1",
        "channel": "push",
        "to": "a",
        "title": "",
        "body": "",
        "html": None,
        "data": {},
        "receivedAt": "now",
    }
    assert (cleared, end) == ("event: cleared\ndata: {}\n\n", ": the end\n\n")


def test_slow_watcher_is_ended():
    messages = Messages()
    with messages.watch() as watcher:
        for _ in range(BACKLOG):
            messages.add(push("a"))
        assert not watcher.ended
        messages.add(push("a"))
        assert watcher.ended


def test_a_watcher_that_left_is_forgotten():
    messages = Messages()
    with messages.watch() as watcher:
        pass
    for _ in range(BACKLOG + 1):
        messages.add(push("a"))
    assert not watcher.ended
