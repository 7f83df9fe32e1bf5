"""Where the local environment keeps its state, its ports, and what a shell needs to use it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BRIDGE = "herald0"
BRIDGE_ADDRESS = "10.244.0.1"  # pods of our cluster reach processes of the host at this address
CLUSTER = ("etcd", "apiserver", "controller-manager", "scheduler", "containerd", "kubelet", "proxy")
CONTROL_GROUP = "herald"
REGION = "eu-central-1"
PORTS_FILE = Path(__file__).parent / "ports.env"


def read_ports(text: str) -> dict[str, int]:
    """The `NAME=number` lines of ports.env."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    pairs = (line.split("=", 1) for line in lines if line)
    return {name: int(number) for name, number in pairs}


@dataclass(frozen=True)
class Environment:
    """The local environment of one checkout."""

    state: Path = PROJECT / ".local"
    own_kubeconfig: str | None = None  # of a cluster that is used in place of ours
    own_builder: str | None = None  # a buildx builder that is used in place of ours
    host_address: str = BRIDGE_ADDRESS  # where pods reach this machine

    @classmethod
    def chosen(cls, variables: Mapping[str, str] = os.environ) -> "Environment":
        """As a user chooses by HERALD_KUBECONFIG, HERALD_BUILDER and HERALD_HOST_ADDRESS."""
        return cls(
            own_kubeconfig=variables.get("HERALD_KUBECONFIG"),
            own_builder=variables.get("HERALD_BUILDER"),
            host_address=variables.get("HERALD_HOST_ADDRESS", BRIDGE_ADDRESS),
        )

    def replaced(self) -> tuple[str, ...]:
        """The processes that need not start, since the user has the like."""
        builder = ("buildkitd",) if self.own_builder else ()
        return (CLUSTER if self.own_kubeconfig else ()) + builder

    @cached_property
    def ports(self) -> dict[str, int]:
        return read_ports(PORTS_FILE.read_text())

    @property
    def socket(self) -> Path:
        return self.state / "run" / "processes.sock"

    @property
    def kubeconfig(self) -> Path:
        own = self.own_kubeconfig
        return Path(own) if own else self.state / "pki" / "admin.kubeconfig"

    @property
    def links(self) -> Path:
        return self.state / "bin"

    def secret(self, name: str) -> Path:
        return self.state / "secrets" / name

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    @property
    def issuer(self) -> str:
        """The inbox as an issuer of tokens, at an address that pods and shells reach alike."""
        return f"http://{self.host_address}:{self.ports['INBOX_PORT']}/identity"

    @cached_property
    def postgres_bin(self) -> Path:
        """The folder of Debian's newest PostgreSQL server."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
        return found[-1] if found else Path("/usr/lib/postgresql/missing/bin")

    def variables(self) -> dict[str, str]:
        """What stands for `$NAME` in processes.yaml and in the templates."""
        return {
            "STATE": str(self.state),
            "PROJECT": str(PROJECT),
            "PYTHON": str(PROJECT / ".venv" / "bin" / "python"),
            "PROBE": f"bash {Path(__file__).parent}/port-answers.sh",
            "POSTGRES_BIN": str(self.postgres_bin),
            "BRIDGE": BRIDGE,
            "BRIDGE_ADDRESS": self.host_address,
            "ISSUER": self.issuer,
            "CONTROL_GROUP": CONTROL_GROUP,
            **{name: str(port) for name, port in self.ports.items()},
        }

    def shell(self) -> dict[str, str]:
        """What a shell needs to use `pulumi`, `kubectl` and AWS clients here."""
        password = self.secret("database-admin-password")
        admin = f"postgres:{password.read_text().strip()}" if password.exists() else "postgres"
        return {
            "REMINDERS_URL": self.url("REMINDERS_PORT"),
            "DEVICES_URL": self.url("DEVICES_PORT"),
            "INBOX_URL": self.url("INBOX_PORT"),
            "AWS_ENDPOINT_URL": self.url("AWS_PORT"),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "KUBECONFIG": str(self.kubeconfig),
            "DATABASE_ADMIN_URL": f"postgresql://{admin}@127.0.0.1:{self.ports['POSTGRES_PORT']}/postgres",
            "PULUMI_HOME": str(self.state / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.state}/stacks",
            # The stack's secrets lie in plain files beside its state, so a passphrase would
            # protect nothing; an empty one lets every checkout share the salt of the stack file.
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "BUILDX_GIT_INFO": "false",  # five processes for each image at every update
            **({} if self.own_builder else {"DOCKER_CONFIG": str(self.state / "docker")}),
            "PATH": f"{self.links}:{PROJECT}/.venv/bin:{os.environ['PATH']}",
        }
