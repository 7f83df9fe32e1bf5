"""The whole platform as a process, killed at a named point and started again."""

import logging
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.emulator import admit_topics
from tests.faults.history import Accepted
from tests.faults.killing import Aws, Kill, client, sent_to, serve
from tests.faults.observation import PATIENCE, Stores, rest, told, verdict_of
from tests.faults.platform import Databases
from tests.faults.promises import Promises
from tests.faults.soak import loaded_context
from tests.services.event_table import make_event_table

pytestmark = pytest.mark.integration

SEED = 5
REMINDERS = 10  # before each kill; their events are more than one batch
NEVER = Kill("never")
KILLS = {
    "reminder relay": [
        Kill("reminder relay: after commit, before publish"),
        Kill("reminder relay: between batches", 2),
        Kill("reminder relay: after publish, before mark"),
    ],
    "event service": [
        Kill("event consumer: before effect", 7),
        Kill("event consumer: after effect, before delete", 5),
        Kill("event relay: after publish, before mark"),
    ],
    "scheduler": [
        Kill("scheduler: after claim, before publish"),
        Kill("scheduler: between batches"),
        Kill("scheduler: after publish, before settle"),
    ],
    "retries": [
        Kill("waiting: before storing", 2),
        Kill("waiting: after storing, before delete", 2),
        Kill("waiting: after claim, before attempt"),
        Kill("waiting: after attempt, before finish"),
    ],
    "delivery": [
        Kill("delivery: after claim, before send", 3),
        Kill("delivery: after send, before settle", 4),
        Kill("delivery: after settle, before delete", 5),
        Kill("delivery relay: after publish, before mark"),
    ],
}
# The second kill hits the process that works up what the first one left, and nothing else.
RECOVERIES = {
    "relay, then consumer": [
        Kill("reminder relay: after publish, before mark"),
        Kill("event consumer: before effect", 3),
    ],
    "consumer, then scheduler": [
        Kill("event consumer: after effect, before delete", 9),
        Kill("scheduler: between batches"),
    ],
    "scheduler twice": [
        Kill("scheduler: after publish, before settle"),
        Kill("scheduler: after claim, before publish"),
    ],
    "delivery twice": [
        Kill("delivery: after send, before settle", 2),
        Kill("delivery: after send, before settle", 2),
    ],
}
Start = Callable[[Kill], Any]
Check = Callable[[list[Accepted]], None]


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it has a line for each of thousands
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    server._server.server_close()  # type: ignore[union-attr]  # stop leaves the socket open


@pytest.fixture(scope="module")
def clients(emulator: str) -> Iterator[dict[str, Any]]:
    clients = {service: client(emulator, service) for service in ("sns", "sqs", "dynamodb")}
    yield clients
    for one in clients.values():
        one.close()


@pytest.fixture
def aws(emulator: str, clients: dict[str, Any]) -> Aws:
    """Topics, queues and a table that no other test used."""
    event_topic, event_queue = _subscribed_queue(clients, "event", {})
    only_due = {"FilterPolicy": '{"eventType": ["notification:send"]}'}
    notification_topic, notification_queue = _subscribed_queue(clients, "notification", only_due)
    table = f"events-{uuid4().hex[:8]}"
    make_event_table(clients["dynamodb"], table)
    dead_letters = clients["sqs"].create_queue(QueueName=f"dead-{uuid4().hex[:8]}")["QueueUrl"]
    return Aws(
        emulator,
        event_topic,
        event_queue,
        notification_topic,
        notification_queue,
        dead_letters,
        table,
    )


@pytest.fixture
def sink(tmp_path: Path) -> Path:
    return tmp_path / "sent"


@pytest.fixture
def start(databases: Databases, aws: Aws, sink: Path) -> Iterator[Start]:
    """Processes come from a server that has the services loaded already."""
    context, processes = loaded_context(), []

    def run(kill: Kill) -> Any:
        process = context.Process(target=serve, args=(databases, aws, sink, kill), daemon=True)
        process.start()
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.join()
        process.close()


@pytest.fixture
def queued(aws: Aws, clients: dict[str, Any]) -> Callable[[], int]:
    """How many messages are in the two queues."""
    urls = (aws.event_queue, aws.notification_queue)
    return lambda: sum(_length(clients["sqs"], url) for url in urls)


@pytest.fixture
def check(
    stores: Stores,
    aws: Aws,
    sink: Path,
    clients: dict[str, Any],
    queued: Callable[[], int],
    start: Start,
) -> Check:
    """Start a process that lives, let it come to rest and judge."""
    sqs, read = clients["sqs"], TypeDeserializer().deserialize

    def judged(accepted: list[Accepted]) -> None:
        start(NEVER)
        rest(stores, queued)
        verdict = verdict_of(accepted, sent_to(sink), stores)
        assert verdict.faultless, verdict
        assert _length(sqs, aws.dead_letters) == 0
        pages = clients["dynamodb"].get_paginator("scan").paginate(TableName=aws.event_store)
        found = [item for page in pages for item in page["Items"]]
        items = [{name: read(value) for name, value in item.items()} for item in found]
        assert told(items) == dict.fromkeys((one.effect for one in accepted), 1)

    return judged


@pytest.fixture
def promises(stores: Stores) -> Promises:
    return Promises(stores.reminders, stores.devices, random.Random(SEED))


@pytest.mark.parametrize("name", KILLS)
def test_kills_neither_lose_nor_repeat_work(
    name: str, promises: Promises, start: Start, check: Check
) -> None:
    accepted = []
    for kill in KILLS[name]:
        accepted += promises.make(REMINDERS)
        die(start(kill))
    check(accepted)


@pytest.mark.parametrize("name", RECOVERIES)
def test_second_kill_during_recovery_loses_nothing(
    name: str, promises: Promises, start: Start, check: Check
) -> None:
    accepted = promises.make(REMINDERS)
    for kill in RECOVERIES[name]:
        die(start(kill))
    check(accepted)


def test_nor_by_kills_at_any_moment(
    seed: int, promises: Promises, start: Start, check: Check
) -> None:
    print(f"replay with --seed {seed}")
    accepted, chance = promises.make(REMINDERS), random.Random(seed)
    for _ in range(3):
        process = start(NEVER)
        process.join(chance.uniform(0.5, 2.5))
        process.kill()
        die(process)
    check(accepted)


def die(process: Any) -> None:
    process.join(2 * PATIENCE)
    assert process.exitcode == -9, f"expected a killed process, came {process.exitcode}"


def _subscribed_queue(
    clients: dict[str, Any], name: str, attributes: dict[str, str]
) -> tuple[str, str]:
    sns, sqs = clients["sns"], clients["sqs"]
    unique = f"{name}-{uuid4().hex[:8]}"
    topic: str = sns.create_topic(Name=unique)["TopicArn"]
    url: str = sqs.create_queue(QueueName=unique)["QueueUrl"]
    names = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn = names["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": admit_topics(arn, topic)})
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true", **attributes},
    )
    return topic, url


def _length(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
