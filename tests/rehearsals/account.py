"""The AWS account of the rehearsals: the emulator with servers for RDS, and the inbox."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local.environment import PROJECT
from tests.emulator import aws_emulator
from tests.services.notification_service.examples import service_account_key
from tests.services.processes import free_port
from tests.upgrade.fleet import Loaded, wait_for_answer
from tests.upgrade.previous_version import NEW, Version

ACCOUNT, REGION = "123456789012", "eu-central-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
MANAGED_POLICIES = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
ACCESS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_REGION": REGION}


@dataclass(frozen=True)
class Account:
    """The AWS account of the emulator, and the code of the services."""

    url: str
    inbox: str
    credentials: Path  # file with the key of Firebase
    loaded: Loaded

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )


@contextmanager
def inbox_at(url: str, credentials: Path, *options: str) -> Iterator[None]:
    listen = ["--listen", url.removeprefix("http://"), "--credentials", str(credentials)]
    command = [sys.executable, "-m", "local.inbox", *listen, *options]
    with subprocess.Popen(command, cwd=PROJECT) as process:
        try:
            wait_for_answer(f"{url}/health")
            yield
        finally:
            process.terminate()


@contextmanager
def account(folder: Path, version: Version = NEW) -> Iterator[Account]:
    """Start the emulator, with servers for RDS, and the inbox."""
    databases = folder / "databases"
    databases.mkdir()
    for each in (databases, folder, *folder.parents[:2]):
        each.chmod(0o711)  # PostgreSQL runs as another user
    inbox = f"http://127.0.0.1:{free_port()}"
    key = json.loads(service_account_key()) | {"token_uri": f"{inbox}/token"}
    credentials = folder / "firebase-key.json"
    credentials.write_text(json.dumps(key))
    with ExitStack() as running:
        running.enter_context(inbox_at(inbox, credentials))
        loaded = Loaded(version)
        running.callback(loaded.close)
        emulator = aws_emulator("--databases", str(databases), inbox=inbox, **MANAGED_POLICIES)
        url = running.enter_context(emulator)
        yield Account(url, inbox, credentials, loaded)
