"""An environment of the whole platform on the AWS emulator, with processes in place of pods."""

import copy
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from plugins.installation import plugin_path, write_program
from review.simulation.rehearsal import PROGRAMS, lay_out, read_stack_file, variables
from tests.rehearsals.account import ACCESS, Account
from tests.rehearsals.clusterless import Objects
from tests.services.processes import free_port, status
from tests.waiting import eventually

PATIENCE = 120  # seconds; a start takes two on an idle machine
Settings = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    process: int
    url: str
    metrics_port: int
    log: Path
    template: Settings


@dataclass
class Environment:
    """A stack of the platform: its stack file, the engine and the processes of its pods."""

    folder: Path
    account: Account
    name: str
    settings: Settings
    program_name: str = "platform"
    backend: str = ""  # where the state is; by default in the folder
    pods: dict[str, Pod] = field(default_factory=dict)  # by the name of their deployment

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.program = lay_out(self.folder, PROGRAMS[self.program_name], self.name, self.settings)
        self.objects = Objects(self.folder / "cluster")
        self.objects.folder.mkdir()
        home = self.folder / "home"
        self.write_program(plugin_path(home, "kubernetes"), "kubernetes")
        self.write_program(plugin_path(home, "docker-build"), "docker-build")
        self.write_program(self.folder / "bin" / "kubectl", "kubectl")
        self.succeed("stack", "init", self.name)

    def write_program(self, path: Path, role: str, script: str = "clusterless.py") -> None:
        module = Path(__file__).with_name(script)
        command = f'exec "{sys.executable}" -P "{module}" {role} "{self.objects.folder}" "$@"'
        write_program(path, f"#!/bin/sh\n{command}\n")

    def configure(self, change: Settings) -> None:
        """Add settings to the stack file; None removes one."""
        self.settings = merged(self.settings, change)
        file = self.program / f"Pulumi.{self.name}.yaml"
        kept = {k: v for k, v in yaml.safe_load(file.read_text()).items() if k != "config"}
        file.write_text(yaml.safe_dump({**kept, "config": self.settings}))

    def read_settings(self) -> None:
        """Read the stack file again, after a command changed it."""
        self.settings = read_stack_file(self.name, self.program)

    def output(self, name: str) -> Settings:
        shown = self.succeed(
            "stack", "output", name, "--stack", self.name, "--json", "--show-secrets"
        )
        output: Settings = json.loads(shown)
        return output

    def pulumi(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        return self.run(command, self.program, input)

    def run(
        self, command: list[str], folder: Path, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        own = variables(self.folder)
        own |= {"AWS_ENDPOINT_URL": self.account.url, "PATH": f"{self.folder}/bin:{own['PATH']}"}
        own |= {"PULUMI_BACKEND_URL": self.backend} if self.backend else {}
        return subprocess.run(
            command,
            cwd=folder,
            env={**own, **ACCESS, "HOME": str(self.folder)},
            input=input,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeed(self, *arguments: str, input: str | None = None) -> str:
        done = self.pulumi(*arguments, input=input)
        assert done.returncode == 0, f"pulumi {arguments}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def up(self) -> float:
        """Update the stack and replace the pods that changed; return the seconds that took."""
        started = time.monotonic()
        self.succeed("up", "--stack", self.name, "--yes")
        self.roll_out()
        return round(time.monotonic() - started, 1)

    def destroy(self, *options: str) -> None:
        """Destroy the stack; its pods end first, as a cluster ends them."""
        self.stop([*self.pods])
        self.succeed(*(options or ("destroy", "--stack", self.name)), "--yes")
        assert self.objects.names() == []

    def refusal(self, *command: str) -> str:
        """Return the message of an update that the engine refuses."""
        done = self.pulumi(*(command or ("up",)), "--stack", self.name, "--yes")
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def differences(self, *options: str) -> list[str]:
        """Return what a preview would change after it read all resources again."""
        shown = self.succeed("preview", "--stack", self.name, "--refresh", "--json", *options)
        events = [json.loads(line) for line in shown.splitlines()]
        steps = [
            each["resourcePreEvent"]["metadata"] for each in events if "resourcePreEvent" in each
        ]
        return [
            f"{step['op']} {step['urn'].rpartition('$')[2]} {step.get('diffs', '')}"
            for step in steps
            if step["op"] not in ("same", "refresh", "read")
        ]

    def roll_out(self) -> None:
        wanted = {each["metadata"]["name"]: each for each in self.objects.all("Deployment")}
        started = {
            name: self.start(name, each)
            for name, each in wanted.items()
            if name not in self.pods or self.pods[name].template != each["spec"]["template"]
        }
        for pod in started.values():
            eventually(lambda pod=pod: self.is_ready(pod), PATIENCE)
        kept = {name: pod for name, pod in self.pods.items() if name in {*wanted} - {*started}}
        gone = [pod for name, pod in self.pods.items() if name not in kept]
        self.pods = kept | started  # before the others stop, as a cluster does
        self.end(gone)

    def start(self, name: str, deployment: Settings) -> Pod:
        command, settings = self.objects.command(deployment)
        port = free_port()
        metrics_port = free_port()
        ports = {"HTTP_PORT": str(port), "METRICS_PORT": str(metrics_port)}
        log = self.folder / f"{name}-{port}.log"
        process = self.account.loaded.run(command, {**settings, **ports}, log)
        url = f"http://127.0.0.1:{port}"
        return Pod(process, url, metrics_port, log, deployment["spec"]["template"])

    def is_ready(self, pod: Pod) -> bool:
        code = self.account.loaded.exit_code(pod.process, wait=False)
        assert code is None, f"{pod.log.name} ended with {code}:\n{pod.log.read_text()}"
        return status(f"{pod.url}/health/ready") == 200

    def stop(self, names: Iterable[str]) -> None:
        self.end([self.pods.pop(name) for name in names])

    def end(self, pods: Collection[Pod]) -> None:
        """End pods as a cluster does."""
        for pod in pods:
            os.kill(pod.process, signal.SIGTERM)
        for pod in pods:
            code = self.account.loaded.exit_code(pod.process, wait=True)
            assert code == 0, f"{pod.log.name} ended with {code}:\n{pod.log.read_text()}"

    def url(self, service: str) -> str:
        return self.pods[f"{self.name}-{service}"].url


def merged(settings: Any, change: Any) -> Any:
    """Return settings with those of a change; None removes one."""
    if not isinstance(settings, dict) or not isinstance(change, dict):
        return copy.deepcopy(change)
    whole = {**settings, **{name: merged(settings.get(name), change[name]) for name in change}}
    return {name: value for name, value in whole.items() if value is not None}


def first_settings(name: str, account: Account) -> Settings:
    """Return the settings of the local stack, with a server on RDS and locks as in production."""
    ec2 = account.client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    [group, *_] = ec2.describe_security_groups()["SecurityGroups"]
    local = read_stack_file("local")
    return {
        **local,
        "aws:endpoints": [dict.fromkeys(local["aws:endpoints"][0], account.url)],
        "herald:namespace": name,
        "herald:prefix": f"{name}-",
        "herald:deletionProtection": "true",
        "herald:images": {"registry": "localhost:5000", "base": local["herald:images"]["base"]},
        "herald:database": {
            "rds": {"subnetIds": subnets, "securityGroupIds": [group["GroupId"]]},
            "sslMode": "disable",  # the servers of the emulator have no certificates
        },
        "herald:push": {
            "url": account.inbox,
            "credentials": {"fromFile": str(account.credentials)},
        },
        "herald:services": {},
        "herald:workloadEnvironment": {**ACCESS, "AWS_ENDPOINT_URL": account.url},
    }


@contextmanager
def environment(folder: Path, account: Account, name: str) -> Iterator[Environment]:
    made = Environment(folder, account, name, first_settings(name, account))
    try:
        yield made
    finally:
        for pod in made.pods.values():
            os.kill(pod.process, signal.SIGKILL)
