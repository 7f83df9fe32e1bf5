"""Thousands of generated requests to the running APIs: each answer is as its description says.

Replay a run with SCHEMATHESIS_SEED; what a request was is in the output of a failure.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from reminder_service.timeline import INDEX

from local.environment import Environment
from local.identities import fcm_credentials, make_issuer_key, write_private
from local.token_issuer import AUDIENCE, TokenIssuer
from tests.services.processes import free_port, status
from tests.waiting import eventually

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
UNLIMITED = {
    "RATE_LIMIT_PER_SECOND": "1000000",
    "RATE_LIMIT_BURST": "1000000",
    "REMINDERS_PER_USER": "5000",
}
EMAIL = {
    "SES_TEMPLATE": "reminder",
    "SES_CONFIGURATION_SET": "email",
    "EMAIL_SENDER": "reminders@example.com",
    "UNSUBSCRIBE_URL": "https://example.com/unsubscribe",
    "UNSUBSCRIBE_KEY": "k" * 32,
}


@dataclass(frozen=True)
class Inbox:
    """Plays FCM and the issuer of tokens."""

    url: str
    credentials: str
    token: str

    def identity(self) -> dict[str, str]:
        return {"IDENTITY_ISSUER": f"{self.url}/identity", "IDENTITY_AUDIENCE": AUDIENCE}


@contextmanager
def python(log: Path, *arguments: str, **environment: str) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    address = f"127.0.0.1:{free_port()}"
    url = f"http://{address}"
    environment, credentials = Environment(tmp_path), fcm_credentials(f"{url}/token")
    make_issuer_key(environment)
    key, account = environment.secret("issuer-key.pem"), environment.secret("fcm.json")
    write_private(account, credentials)
    issuer = TokenIssuer.read(f"{url}/identity", key)
    options = ["--listen", address, "--credentials", str(account)]
    options += ["--issuer", issuer.url, "--issuer-key", str(key)]
    with python(tmp_path / "inbox.log", "local.inbox", *options):
        eventually(lambda: status(f"{url}/health") == 200)
        yield Inbox(url, credentials, issuer.token("user-1", "user@example.com"))


@pytest.fixture
def neighbours(aws: Callable[[str], Any], inbox: Inbox) -> dict[str, str]:
    """Topic, queues, event store and FCM; the settings that name them."""
    sqs = aws("sqs")
    make_event_store(aws("dynamodb"))
    return {
        **UNLIMITED,
        **EMAIL,
        "EVENT_TOPIC_ARN": aws("sns").create_topic(Name="events")["TopicArn"],
        "EVENT_STORE_TABLE": "events",
        "NOTIFICATION_QUEUE_URL": sqs.create_queue(QueueName="due")["QueueUrl"],
        "NOTIFICATION_DEAD_LETTERS_URL": sqs.create_queue(QueueName="dead")["QueueUrl"],
        "FCM_URL": inbox.url,
        "FCM_CREDENTIALS": inbox.credentials,
    }


def make_event_store(dynamodb: Any) -> None:
    keys = {"userId": "HASH", "id": "RANGE"}
    index = {"reminderId": "HASH", "id": "RANGE"}
    dynamodb.create_table(
        TableName="events",
        KeySchema=key_schema(keys),
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in {**keys, **index}
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": key_schema(index),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def key_schema(keys: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()]


@pytest.fixture
def running(
    database: Any, neighbours: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., str]]:
    """Starts a service as a pod does, on a database of its own; gives its address."""
    with ExitStack() as processes:

        def start(package: str, **changes: str) -> str:
            port = str(free_port())
            ports = {"HTTP_PORT": port, "METRICS_PORT": str(free_port())}
            told = {**database.environment, **neighbours, **ports, **changes}
            migration = [sys.executable, "-m", package, "migrate"]
            subprocess.run(migration, env={**os.environ, **told}, check=True)
            processes.enter_context(python(tmp_path / "service.log", package, **told))
            url = f"http://127.0.0.1:{port}"
            eventually(lambda: status(f"{url}/health/ready") == 200)
            return url

        yield start


def checked(url: str, folder: Path, way: str, token: str, examples: int) -> dict[str, Any]:
    """Schemathesis's report of a run without failure; `examples` are asked of each operation."""
    report = folder / "report.json"
    options = ["--max-examples", str(examples), "--seed", SEED, "--report-json-path", str(report)]
    if way == "gateway":  # which vouches for every id, so there is no wrong one
        options += ["--exclude-checks", "ignored_auth"]
    print(f"replay with SCHEMATHESIS_SEED={SEED}")
    run = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--no-color"]
        + ["--config-file", str(ROOT / "tests/services/schemathesis.toml")]
        + ["run", f"{url}/openapi.json", *options],
        env={**os.environ, "TOKEN": token},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    log = (folder / "service.log").read_text()
    failures = run.stdout[max(0, run.stdout.find("= FAILURES =")) :]
    assert run.returncode == 0, f"{failures[:20_000]}\n{run.stderr[-2_000:]}\n{log[-4_000:]}"
    written: dict[str, Any] = json.loads(report.read_text())
    return written


def accepted(report: Mapping[str, Any]) -> int:
    """How many of the requests that ought to be accepted were."""
    rates = report["valid_rates"].values()
    return sum(phase["accepted"] for operation in rates for phase in operation.values())


@pytest.mark.parametrize(
    ("package", "way", "examples", "cases"),
    [
        ("reminder_service", "token", 140, 2300),
        ("notification_service", "token", 100, 1100),
        ("reminder_service", "gateway", 10, 800),
        ("notification_service", "gateway", 20, 500),
    ],
)
def test_answers_are_as_described(running, inbox, tmp_path, package, way, examples, cases):
    url = running(package, **(inbox.identity() if way == "token" else {}))
    report = checked(url, tmp_path, way, inbox.token, examples)
    print(report["test_cases"], f"{report['running_time']:.0f} s", report["valid_rates"])
    assert report["operations"]["tested"] == report["operations"]["total"] > 3
    assert report["test_cases"]["generated"] >= cases
    assert accepted(report) >= cases / 10
