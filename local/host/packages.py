"""Provides Debian programs without installing them.

apt resolves and downloads the packages with a separate state; dpkg unpacks them into the cache.
Nothing on the machine is installed, removed, configured or started. This does not need root.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from local.environment import CNI_FOLDERS, CNI_PLUGINS, KEYRING, Environment
from local.errors import LocalError
from local.host.firewall import FILTER_KIND
from local.host.requirements import needed_programs
from local.programs.programs import cache_folder

PACKAGES = {  # program -> Debian package
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "ip": "iproute2",
    "iptables": "iptables",
    "iptables-restore": "iptables",
    "iptables-save": "iptables",
    "mmdebstrap": "mmdebstrap",
    "mmtarfilter": "mmdebstrap",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "promtool": "prometheus",
    "runc": "runc",
}
POSTGRES, PLUGINS = "postgresql", "containernetworking-plugins"
# JIT compiler of PostgreSQL, and scripts of Prometheus's consoles
UNUSED = ("libllvm", "libjs-", "fonts-glyphicons", "javascript-common")
FILTERS = [f"{family}{action}" for family in ("iptables", "ip6tables")
           for action in ("", "-save", "-restore")]  # fmt: skip
# record.py stores the kind of iptables that the kernel supports.
KIND = f"kind=$(cat {FILTER_KIND} 2>/dev/null || echo nft)"
CONFIGURATION = """
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Invoke;
Dir::State "{folder}/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "{folder}/cache";
Dir::Log "{folder}";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "2";
Debug::NoLocking "true";
"""


def provide(environment: Environment) -> None:
    """Put every Debian program that the machine lacks into the program folder."""
    environment.links.mkdir(parents=True, exist_ok=True)
    missing = missing_programs(environment)
    wanted = wanted_packages(environment, missing)
    if not wanted:
        return
    root = unpack(wanted)
    for name in missing:
        link(environment.links, root, name)
    if POSTGRES in wanted:
        link_postgres(environment.links, root)
    if PLUGINS in wanted:
        replace_link(environment.links / "cni", root / "usr/lib/cni")
    if KEYRING.stem in wanted:
        replace_link(environment.links / KEYRING.name, root / str(KEYRING).lstrip("/"))


def missing_programs(environment: Environment) -> list[str]:
    """Return the needed Debian programs that the machine lacks."""
    places = os.environ["PATH"].split(os.pathsep) + ["/usr/sbin", "/sbin"]
    path = os.pathsep.join(place for place in places if place != str(environment.links))
    needed = (name for name in needed_programs(environment) if name in PACKAGES)
    return [name for name in needed if not shutil.which(name, path=path)]


def wanted_packages(environment: Environment, missing: Iterable[str]) -> list[str]:
    wanted = {PACKAGES[name] for name in missing}
    if not environment.has_postgres:
        wanted.add(POSTGRES)
    has_plugins = any(has_all(folder, CNI_PLUGINS) for folder in CNI_FOLDERS)
    if not (environment.own_kubeconfig or has_plugins):
        wanted.add(PLUGINS)
    if not (environment.own_builder or KEYRING.exists()):
        wanted.add(KEYRING.stem)
    return sorted(wanted)


def has_all(folder: Path, names: Iterable[str]) -> bool:
    return all((folder / name).exists() for name in names)


def unpack(packages: list[str]) -> Path:
    """Return the cached folder with the unpacked packages; download them if necessary."""
    if not shutil.which("apt-get"):
        raise LocalError(
            f"{', '.join(packages)} must be downloaded with apt-get, but apt-get was not found;"
            " install the packages yourself or set HERALD_WAY=container"
        )
    release = platform.freedesktop_os_release()
    subject = f"{release['ID']} {release.get('VERSION_ID')} {platform.machine()} {packages}"
    key = hashlib.sha256(subject.encode()).hexdigest()[:16]
    target = cache_folder() / "packages" / key
    if not target.exists():
        print(f"  downloading {', '.join(packages)}; nothing is installed", flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            root = Path(scratch) / "root"
            for archive in download(Path(scratch), packages):
                if not archive.name.startswith(UNUSED):
                    run("dpkg-deb", "-x", str(archive), str(root))
            root.rename(target)
    return target


def download(folder: Path, packages: list[str]) -> list[Path]:
    """Download packages and their dependencies, except those that are installed."""
    configuration = folder / "apt.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder))
    for place in ("state/lists/partial", "cache/archives/partial"):
        (folder / place).mkdir(parents=True)
    apt = ["apt-get", "-c", str(configuration), "-qq", "-y"]
    # A failed package source matters only if no other source has the packages.
    subprocess.run([*apt, "update"], check=False, capture_output=True)
    run(*apt, "--download-only", "--reinstall", "install", *packages)
    return sorted((folder / "cache" / "archives").glob("*.deb"))


def run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = next(
            (line for line in done.stderr.splitlines() if line.startswith("E:")), done.stderr
        )
        raise LocalError(
            f"Debian packages could not be downloaded: {command[0]}: {said.strip()};"
            " check the network and the machine's package sources"
        )


def libraries(root: Path) -> str:
    folders = {file.parent for file in root.glob("**/*-linux-gnu/**/lib*.so*")}
    return os.pathsep.join(sorted(map(str, folders)))


def link(links: Path, root: Path, name: str) -> None:
    """Make a program of the unpacked packages callable by its name."""
    if name in FILTERS:
        for each in FILTERS:
            write_script(links / each, root, Path(f"{root}/usr/sbin/xtables-$kind-multi"), each)
        return
    places = (root / place / name for place in ("usr/bin", "usr/sbin", "bin", "sbin"))
    program = next(place for place in places if place.exists())
    if name == "ip":
        write_script(links / name, root, program)
    else:
        replace_link(links / name, program)


def link_postgres(links: Path, root: Path) -> None:
    [folder] = root.glob("usr/lib/postgresql/*/bin")
    shutil.rmtree(links / "postgresql", ignore_errors=True)
    (links / "postgresql").mkdir()
    for program in folder.iterdir():
        write_script(links / "postgresql" / program.name, root, program)


def replace_link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def write_script(path: Path, root: Path, program: Path, *arguments: str) -> None:
    """Write a script that runs a program with the unpacked libraries."""
    plugins = next(root.glob("usr/lib/*/xtables"), "")
    path.unlink(missing_ok=True)
    words = " ".join((str(program), *arguments))
    path.write_text(
        f"#!/bin/sh\nexport LD_LIBRARY_PATH={libraries(root)} XTABLES_LIBDIR={plugins}\n{KIND}\n"
        f'exec {words} "$@"\n'
    )
    path.chmod(0o755)


if __name__ == "__main__":
    try:
        provide(Environment.from_variables())
    except (LocalError, OSError) as error:
        sys.exit(f"packages: {error}")
