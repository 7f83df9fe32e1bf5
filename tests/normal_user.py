"""Runs commands as a normal user in a network of its own, where only loopback answers.

Root gives up its rights for it. The user sees nothing of root's home but the Python that made the
virtual environments, and nothing of the local environment.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

USER = 1001
ALONE = """\
set -eu
python=$1 home=$2 user=$3
shift 3
ip link set lo up
held=$(mktemp -d)
mount --bind "$python" "$held"
mount -t tmpfs -o mode=755 none "$home"
mkdir -p "$python"
mount --move "$held" "$python"
rmdir "$held"
exec setpriv --reuid="$user" --regid="$user" --clear-groups --inh-caps=-all "$@"
"""


def run_as_user(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    *,
    network: bool = False,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*as_user(network), *command],
        cwd=folder,
        env=dict(variables),
        capture_output=True,
        text=True,
        check=False,
    )


def as_user(network: bool) -> list[str]:
    if os.geteuid() != 0:
        return []
    alone = ["unshare", "--mount", *([] if network else ["--net"])]
    root = str(Path("~root").expanduser())
    return [*alone, "sh", "-c", ALONE, "sh", sys.base_prefix, root, str(USER)]


def give(folder: Path) -> None:
    """Make the user the owner of a folder and of all in it."""
    if os.geteuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, USER, USER, follow_symlinks=False)


def install_cli(folder: Path) -> None:
    """Put a copy of the Pulumi CLI into a folder."""
    from review.simulation.rehearsal import search_path

    cli = shutil.which("pulumi", path=search_path())
    assert cli, "the Pulumi CLI is needed; run `make tools`"
    folder.mkdir(parents=True)
    shutil.copy(cli, folder / "pulumi")
