"""A stack of the tests' own: its file, a `pulumi` and a `kubectl` that answer from files, AWS."""

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from operations.command_line import main
from operations.stack import Stack
from stacks.config.project import PROJECT
from tests.emulator import aws_emulator
from tests.stacks.conftest import platform

__all__ = ["platform"]  # a fixture: the real program, run on mocks

REGION, ACCOUNT = "eu-central-1", "123456789012"
QUEUES = ("event", "notification")
DIGEST = "localhost:5000/event-service:1@sha256:1"
PROGRAM = """#!/bin/sh
echo "$*" >> {folder}/asked
for word in "$@"; do [ -f "{folder}/{name}.$word" ] && file="{folder}/{name}.$word"; done
[ -n "$file" ] || {{ echo "error: {name} has no answer" >&2; exit 1; }}
cat "$file"
"""


def outputs(endpoint: str = "http://127.0.0.1:1") -> dict[str, Any]:
    queue = f"{endpoint}/{ACCOUNT}"
    return {
        "region": REGION,
        "namespace": "test",
        "alarm_topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
        "topics": {name: f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}" for name in QUEUES},
        "queues": {name: {"url": f"{queue}/{name}",
                          "dead_letters_url": f"{queue}/{name}-dead-letters"} for name in QUEUES},
        "tables": {"event-store": "event-store"},
        "email_template": "reminder",
        "email_dns_records": [{"name": "k._domainkey", "type": "CNAME", "value": "k.dkim"}],
        "urls": dict.fromkeys(("reminder-service", "notification-service"), "http://127.0.0.1:1"),
        "images": {"event-service": DIGEST},
        "databases": {
            "reminders": {
                "host": "127.0.0.1",
                "port": 1,
                "name": "reminders",
                "user": "reminders",
                "password": "secret",
                "sslmode": "require",
            }
        },
        "service_settings": {"event-service": {"EVENT_QUEUE_URL": f"{queue}/event"}},
    }  # fmt: skip


@dataclass(frozen=True)
class ProjectFolder:
    """A folder with a stack file and stand-ins of `pulumi` and `kubectl`; tests may change it."""

    folder: Path
    settings: dict[str, Any]

    def write(self) -> None:
        text = yaml.safe_dump({"config": self.settings})
        (self.folder / "Pulumi.test.yaml").write_text(text)

    def answer(self, program: str, word: str, value: Any) -> None:
        """What a program prints when one of its arguments is `word`."""
        text = value if isinstance(value, str) else json.dumps(value)
        (self.folder / f"{program}.{word}").write_text(text)

    def silence(self, program: str, word: str) -> None:
        (self.folder / f"{program}.{word}").unlink()

    def lack(self, program: str) -> None:
        (self.folder / program).unlink()

    def endpoints(self, url: str) -> None:
        services = (
            *("acm", "cloudwatch", "ec2", "eks", "iam", "rds", "route53"),
            *("ses", "servicequotas", "sns", "sqs", "sts"),
        )
        self.settings["aws:endpoints"] = [dict.fromkeys(services, url)]
        self.write()
        self.answer("pulumi", "output", outputs(url))

    @property
    def stack(self) -> Stack:
        return Stack("test")

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    made = ProjectFolder(
        tmp_path,
        {
            "aws:region": REGION,
            "aws:accessKey": "test",
            "aws:secretKey": "test",
            "aws:endpoints": [dict.fromkeys(("sts", "sqs"), "http://127.0.0.1:1")],
            f"{PROJECT}:account": ACCOUNT,
            f"{PROJECT}:email": {"sender": "reminders@example.com"},
        },
    )
    made.write()
    for name in ("pulumi", "kubectl"):
        program = tmp_path / name
        program.write_text(PROGRAM.format(folder=tmp_path, name=name))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    made.answer("pulumi", "output", outputs())
    for variable in ("AWS_ENDPOINT_URL", "DOCKER_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("operations.stack.ROOT", tmp_path)
    return made


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def herald(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs a command: `herald("status", "--stack", "test")`."""

    def run(*arguments: str) -> Said:
        code = main(arguments)
        printed = capfd.readouterr()
        return Said(code, printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def aws_server() -> Iterator[str]:
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # takes a second

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    server._server.server_close()  # type: ignore[union-attr]  # stop leaves the socket open


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    with aws_emulator() as url:
        yield url


@pytest.fixture
def emulator(emulator_url: str) -> str:
    """The whole AWS emulator, which knows nothing yet."""
    httpx.post(f"{emulator_url}/moto-api/reset").raise_for_status()
    return emulator_url


@pytest.fixture
def aws(aws_server: str, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch) -> ProjectFolder:
    """The stack with its queues and its alarm topic in an emulator."""
    httpx.post(f"{aws_server}/moto-api/reset").raise_for_status()
    project.endpoints(aws_server)
    monkeypatch.setattr("operations.dead_letters.WAIT", 0)  # the emulator has one server
    stack = project.stack
    sqs, sns = stack.client("sqs"), stack.client("sns")
    for name in QUEUES:
        sqs.create_queue(QueueName=name)
        sqs.create_queue(QueueName=f"{name}-dead-letters")
    sns.create_topic(Name="alarms")
    return project
