"""Describes the local environment: state folder, ports and shell variables."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from local import patience

PROJECT = Path(__file__).resolve().parent.parent
BRIDGE = "herald0"
BRIDGE_ADDRESS = "10.244.0.1"  # address at which pods of our cluster reach processes of the host
CLUSTER = ("etcd", "apiserver", "controller-manager", "scheduler", "containerd", "kubelet", "proxy")
MONITORING = ("prometheus", "alertmanager", "pod-targets")  # need the addresses of pods
CONTROL_GROUP = "herald"
NOBODY = 65534
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
CNI_PLUGINS = ("bridge", "firewall", "host-local", "loopback", "portmap")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
REGION = "eu-central-1"
MACHINE_STATES = Path("/var/lib/herald")
PORTS_FILE = Path(__file__).parent / "ports.env"


def read_ports(text: str) -> dict[str, int]:
    """Return the ports of ports.env by name."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    pairs = (line.split("=", 1) for line in lines if line)
    return {name: int(number) for name, number in pairs}


def installed_postgres() -> list[Path]:
    """Return the program folders of the machine's PostgreSQL servers, the newest last."""
    servers = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return sorted((server.parent for server in servers), key=lambda p: int(p.parent.name))


def patient_variables() -> dict[str, str]:
    """Return variables that lengthen waits of Pulumi and Kubernetes on a slow machine."""
    if patience.factor() == 1:
        return {}
    return {
        patience.VARIABLE: f"{patience.factor():g}",
        # Seconds for an answer of the cluster; a watch starts again after them.
        "PULUMI_K8S_CLIENT_TIMEOUT": f"{patience.stretch(60):.0f}",
    }


@dataclass(frozen=True)
class Environment:
    """Describes the local environment of one checkout."""

    state: Path = PROJECT / ".local"
    own_kubeconfig: str | None = None  # of a cluster to use instead of ours
    own_builder: str | None = None  # buildx builder to use instead of ours
    host_address: str = BRIDGE_ADDRESS  # address of this machine for pods
    owner: tuple[int, int] = field(default_factory=lambda: (os.getuid(), os.getgid()))  # uid, gid

    @classmethod
    def from_variables(cls, variables: Mapping[str, str] = os.environ) -> "Environment":
        """Read HERALD_KUBECONFIG, HERALD_BUILDER and HERALD_HOST_ADDRESS.

        HERALD_OWNER names the user for whom root performs a step.
        """
        user, group = variables.get("HERALD_OWNER", f"{os.getuid()}:{os.getgid()}").split(":")
        return cls(
            owner=(int(user), int(group)),
            own_kubeconfig=variables.get("HERALD_KUBECONFIG"),
            own_builder=variables.get("HERALD_BUILDER"),
            host_address=variables.get("HERALD_HOST_ADDRESS", BRIDGE_ADDRESS),
        )

    def replaced_processes(self) -> tuple[str, ...]:
        """Return the processes that do not start because the user has a replacement."""
        builder = ("buildkitd",) if self.own_builder else ()
        return ((*CLUSTER, *MONITORING) if self.own_kubeconfig else ()) + builder

    @property
    def needs_root(self) -> bool:
        """Return True if root must start processes: only containers need it."""
        return not (self.own_kubeconfig and self.own_builder)

    @property
    def machine_state(self) -> Path:
        """Return the folder of root's processes: images, layers and pods.

        It is outside of the checkout unless root owns that, so that the owner can delete the
        checkout.
        """
        if self.owner[0] == 0 or not self.needs_root:
            return self.state
        return MACHINE_STATES / hashlib.sha256(str(self.state).encode()).hexdigest()[:12]

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
    def cluster_issuer(self) -> Path:
        """Return the file with the issuer of the cluster's tokens and its keys."""
        return self.state / "cluster-issuer.json"

    @property
    def links(self) -> Path:
        return self.state / "bin"

    def secret(self, name: str) -> Path:
        return self.state / "secrets" / name

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    @property
    def issuer(self) -> str:
        """Return the address of the inbox as token issuer, for pods and shells."""
        return f"http://{self.host_address}:{self.ports['INBOX_PORT']}/identity"

    @property
    def has_postgres(self) -> bool:
        """Return True if a PostgreSQL server is installed on the machine."""
        return bool(installed_postgres())

    @property
    def postgres_bin(self) -> Path:
        """Return the folder of the newest installed PostgreSQL server, or of the downloaded one."""
        return (installed_postgres() or [self.links / "postgresql"])[-1]

    @property
    def cni_bin(self) -> Path:
        complete = (
            folder
            for folder in CNI_FOLDERS
            if all((folder / plugin).exists() for plugin in CNI_PLUGINS)
        )
        return next(complete, self.links / "cni")

    @property
    def debian_keyring(self) -> Path:
        return KEYRING if KEYRING.exists() else self.links / KEYRING.name

    def as_owner(self) -> str:
        """Return a command prefix that makes root run a process as the user."""
        user, group = self.owner
        if user == 0 or not self.needs_root:
            return ""
        return f"setpriv --reuid={user} --regid={group} --init-groups"

    def as_database(self) -> str:
        """Return a command prefix for PostgreSQL, which does not run as root.

        The prefix permits access to the folders of root, because the checkout can be in /root.
        """
        if self.owner[0]:
            return self.as_owner()
        return (
            f"setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups"
            " --inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
        )

    def own_share(self) -> str:
        """Return a command prefix for programs of Debian's Prometheus package.

        These programs read files only in /usr/share, and a downloaded package is elsewhere.
        """
        package = (self.links / "prometheus").resolve().parent.parent
        share = package / "share" if (self.links / "prometheus").exists() else Path("/usr/share")
        return f"unshare --mount sh {Path(__file__).parent}/own-share.sh {share}"

    def variables(self) -> dict[str, str]:
        """Return the values of `$NAME` in processes.yaml and in the templates."""
        return {
            "STATE": str(self.state),
            "PROJECT": str(PROJECT),
            "PYTHON": str(PROJECT / ".venv" / "bin" / "python"),
            "UNTIL_HEALTHY": f"source {Path(__file__).parent}/until-healthy.sh",
            "CNI_BIN": str(self.cni_bin),
            "POSTGRES_BIN": str(self.postgres_bin),
            "BRIDGE": BRIDGE,
            "BRIDGE_ADDRESS": self.host_address,
            "ISSUER": self.issuer,
            "CONTROL_GROUP": CONTROL_GROUP,
            "MACHINE_STATE": str(self.machine_state),
            "OWNER_UID": str(self.owner[0]),
            "OWNER_GID": str(self.owner[1]),
            "AS_OWNER": self.as_owner(),
            "AS_DATABASE": self.as_database(),
            "PROBE_PERIOD": str(round(patience.stretch(60))),
            "OWN_SHARE": self.own_share(),
            "PROBE_TIMEOUT": str(round(patience.stretch(5))),
            "STOP_TIMEOUT": str(round(patience.stretch(15))),
            "NODE_GRACE": f"{patience.stretch(50):.0f}s",
            "RUNTIME_TIMEOUT": f"{patience.stretch(120):.0f}s",
            "TASK_TIMEOUT": f"{patience.stretch(2):.0f}s",
            "SHIM_TIMEOUT": f"{patience.stretch(5):.0f}s",
            **{name: str(port) for name, port in self.ports.items()},
        }

    def shell(self) -> dict[str, str]:
        """Return the shell variables for `pulumi`, `kubectl` and AWS clients."""
        password = self.secret("database-admin-password")
        admin = f"postgres:{password.read_text().strip()}" if password.exists() else "postgres"
        return {
            "REMINDERS_URL": self.url("REMINDERS_PORT"),
            "DEVICES_URL": self.url("DEVICES_PORT"),
            "INBOX_URL": self.url("INBOX_PORT"),
            "PROMETHEUS_URL": self.url("PROMETHEUS_PORT"),
            "ALERTMANAGER_URL": self.url("ALERTMANAGER_PORT"),
            "AWS_ENDPOINT_URL": self.url("AWS_PORT"),
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "KUBECONFIG": str(self.kubeconfig),
            "DATABASE_ADMIN_URL": f"postgresql://{admin}@127.0.0.1:{self.ports['POSTGRES_PORT']}/postgres",
            "PULUMI_HOME": str(self.state / "pulumi"),
            "PULUMI_BACKEND_URL": f"file://{self.state}/stacks",
            # Plain files beside the state contain the secrets, so a passphrase would protect
            # nothing. With an empty one, all checkouts share the salt of the stack file.
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "BUILDX_GIT_INFO": "false",  # saves five processes per image and update
            **patient_variables(),
            **({} if self.own_builder else {"DOCKER_CONFIG": str(self.state / "docker")}),
            "PATH": f"{self.links}:{PROJECT}/.venv/bin:{os.environ['PATH']}",
        }
