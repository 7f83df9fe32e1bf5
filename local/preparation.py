"""Creates the state folder of the local environment: configuration, identities, databases."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from string import Template

from local import certificates, identities, monitoring
from local.environment import NOBODY, Environment
from local.errors import LocalError
from local.supervisor import process_names
from plugins.installation import plugin_path, write_language_host, write_stand_ins

TEMPLATES = Path(__file__).parent / "templates"
PLACES = {  # place in the state folder by template
    "containerd.toml": "containerd.toml",
    "kubelet.yaml": "kubelet.yaml",
    "bridge.conflist": "cni/10-bridge.conflist",
    "buildkitd.toml": "buildkitd.toml",
    "registry.yaml": "registry.yaml",
}
STAND_INS = ("aws", "random")
BUILT_PROVIDERS = ("kubernetes", "docker-build")
FOLDERS = ("run", "logs", "etcd", "stacks", "pulumi/plugins", "kubelet", "docker/buildx/instances",
           "prometheus", "alertmanager")  # fmt: skip


def prepare(environment: Environment) -> None:
    """Create all files that the processes read; keep files of an earlier start."""
    state = environment.state
    for folder in FOLDERS:
        (state / folder).mkdir(parents=True, exist_ok=True)
    for template, place in PLACES.items():
        text = Template((TEMPLATES / template).read_text()).substitute(environment.variables())
        (state / place).parent.mkdir(parents=True, exist_ok=True)
        (state / place).write_text(text)
    if not environment.secret("database-admin-password").exists():
        identities.make_cluster_identities(environment)
        identities.make_secrets(environment)
    if not environment.secret("issuer-key.pem").exists():
        identities.make_issuer_key(environment)
    make_database_files(environment)
    make_builder(environment)
    make_logs(environment)
    if not environment.own_kubeconfig:
        monitoring.write_prometheus(environment)
        monitoring.write_alertmanager(environment)
    renew(environment)


def make_logs(environment: Environment) -> None:
    """Create the log files now, so that the user owns those that root writes."""
    for name in (*process_names(), "supervisor"):
        (environment.state / "logs" / f"{name}.log").touch()


def make_database_files(environment: Environment) -> None:
    """Run initdb once, as the user of the server."""
    folder, pki = environment.state / "postgres", environment.state / "pki"
    if (folder / "server.key").exists():
        check_database_version(environment, folder)
        own_database_files(folder)
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    own_database_files(folder)
    done = subprocess.run(
        [*(environment.as_database().split() if os.geteuid() == 0 else [])]
        + [str(environment.postgres_bin / "initdb"), "--pgdata", str(folder), "--encoding=UTF8"]
        + ["--locale=C.UTF-8", "--auth=scram-sha-256", "--username=postgres"]
        + [f"--pwfile={environment.secret('database-admin-password')}"],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LocalError(f"initdb could not create the databases: {done.stderr.strip()}")
    access = (
        "hostssl all all 10.244.0.0/16 scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
    )
    (folder / "pg_hba.conf").write_text(access)
    for suffix in ("crt", "key"):
        target = folder / f"server.{suffix}"
        shutil.copyfile(pki / f"postgres.{suffix}", target)
        target.chmod(0o600)
    own_database_files(folder)


def check_database_version(environment: Environment, folder: Path) -> None:
    made_by = (folder / "PG_VERSION").read_text().strip()
    shown = subprocess.check_output([environment.postgres_bin / "postgres", "--version"], text=True)
    if f" {made_by}." not in shown:
        raise LocalError(
            f"PostgreSQL {made_by} created the databases in {folder}, but this machine has"
            f" {shown.strip()}; run `make clean` to remove the databases"
        )


def own_database_files(folder: Path) -> None:
    """Give the database files of root to the unprivileged user of the server."""
    if os.geteuid() == 0 and folder.stat().st_uid != NOBODY:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def make_builder(environment: Environment) -> None:
    """Register our buildkitd with buildx as the builder `herald`."""
    node = {
        "Name": "herald0",
        "Endpoint": f"unix://{environment.state}/run/buildkitd.sock",
        "Platforms": None,
        "DriverOpts": None,
        "Flags": None,
        "Files": None,
    }
    builder = {"Name": "herald", "Driver": "remote", "Nodes": [node], "Dynamic": False}
    folder = environment.state / "docker" / "buildx" / "instances"
    (folder / "herald").write_text(json.dumps(builder))


def renew(environment: Environment) -> None:
    """Update files that a newer checkout may change, even of a running environment."""
    certificates.write_added(environment.state / "pki" / "added-certificates.pem")
    make_plugins(environment)


def make_plugins(environment: Environment) -> None:
    """Write the language host and each provider to the plugin folder of the engine."""
    home = environment.state / "pulumi"
    write_language_host(home)
    write_stand_ins(home, STAND_INS)
    for name in BUILT_PROVIDERS:
        link = plugin_path(home, name)
        link.parent.mkdir(parents=True, exist_ok=True)
        program = (environment.links / link.name).resolve()
        if link.resolve() != program:
            link.unlink(missing_ok=True)
            link.symlink_to(program)
