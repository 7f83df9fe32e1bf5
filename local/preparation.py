"""Lays out the state folder of the local environment: configuration, identities, database files."""

import json
import shutil
import stat
import subprocess
from importlib.metadata import version
from pathlib import Path
from string import Template

from local import certificates, identities
from local.environment import BRIDGE, BRIDGE_ADDRESS, CONTROL_GROUP, PROJECT, Environment

TEMPLATES = Path(__file__).parent / "templates"
PLACES = {  # template -> where it lies in the state folder
    "containerd.toml": "containerd.toml",
    "kubelet.yaml": "kubelet.yaml",
    "bridge.conflist": "cni/10-bridge.conflist",
    "buildkitd.toml": "buildkitd.toml",
    "registry.yaml": "registry.yaml",
}
PROVIDERS = {"aws": "pulumi-aws", "random": "pulumi-random"}  # stand-ins in local/providers
BUILT_PROVIDERS = {"kubernetes": "pulumi-kubernetes", "docker-build": "pulumi-docker-build"}
FOLDERS = ("run", "logs", "etcd", "stacks", "pulumi/plugins", "kubelet", "docker/buildx/instances")


def prepare(environment: Environment) -> None:
    """Make everything that the processes read; keep what an earlier start made."""
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
    renew(environment)
    if not environment.own_kubeconfig:
        make_network()
        make_control_groups()


def make_database_files(environment: Environment) -> None:
    """Run initdb as user postgres, once; PostgreSQL refuses to run as root."""
    folder, pki = environment.state / "postgres", environment.state / "pki"
    if (folder / "server.key").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o700)
    capabilities = "+dac_read_search"
    subprocess.run(
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        + [f"--inh-caps={capabilities}", f"--ambient-caps={capabilities}"]
        + [str(environment.postgres_bin / "initdb"), "--pgdata", str(folder), "--encoding=UTF8"]
        + ["--locale=C.UTF-8", "--auth=scram-sha-256", "--username=postgres"]
        + [f"--pwfile={environment.secret('database-admin-password')}"],
        check=True,
        capture_output=True,
    )
    access = (
        "hostssl all all 10.244.0.0/16 scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
    )
    (folder / "pg_hba.conf").write_text(access)
    for suffix in ("crt", "key"):
        target = folder / f"server.{suffix}"
        shutil.copyfile(pki / f"postgres.{suffix}", target)
        shutil.chown(target, "postgres", "postgres")
        target.chmod(0o600)


def make_builder(environment: Environment) -> None:
    """Name our buildkitd as the builder `herald`, in buildx's format."""
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
    """Make what a newer checkout may want otherwise, also of an environment that runs."""
    certificates.write_added(environment.state / "pki" / "added-certificates.pem")
    make_plugins(environment)


def make_plugins(environment: Environment) -> None:
    """Put the language host and each provider where the engine looks for plugins."""
    plugins = environment.state / "pulumi" / "plugins"
    host = plugins / f"language-python-v{version('pulumi')}" / "pulumi-language-python"
    write_program(host, module_script("local.language_host"))
    for name, package in PROVIDERS.items():
        folder = plugins / f"resource-{name}-v{version(package)}"
        write_program(folder / f"pulumi-resource-{name}", module_script(f"local.providers.{name}"))
    for name, package in BUILT_PROVIDERS.items():
        folder = plugins / f"resource-{name}-v{version(package)}"
        folder.mkdir(exist_ok=True)
        link = folder / f"pulumi-resource-{name}"
        program = (environment.links / link.name).resolve()
        if link.resolve() != program:
            link.unlink(missing_ok=True)
            link.symlink_to(program)


def module_script(module: str) -> str:
    """Run a module of ours; with kept bytecode, or else each start compiles the SDK again."""
    python = f"{PROJECT}/.venv/bin/python"
    return (
        f"#!/bin/sh\nunset PYTHONDONTWRITEBYTECODE\n"
        f'cd {PROJECT} && exec {python} -m {module} "$@"\n'
    )


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def make_network() -> None:
    """The bridge of the pods, made before any pod so that processes can listen on its address."""
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
        subprocess.run(["ip", "address", "add", f"{BRIDGE_ADDRESS}/24", "dev", BRIDGE], check=True)
    subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def make_control_groups() -> None:
    for controller in Path("/sys/fs/cgroup").iterdir():
        if (controller / "cgroup.procs").exists() and not controller.is_symlink():
            group = controller / CONTROL_GROUP
            group.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):  # an empty cpuset admits no process
                if (group / setting).exists() and not (group / setting).read_text().strip():
                    (group / setting).write_text((controller / setting).read_text())
