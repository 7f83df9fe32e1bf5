"""Provides the images that the local registry needs before pods start: Python and pause.

`python -m local.images` fetches Debian programs and makes the Python image with them, while
programs are built.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

from local import patience
from local.environment import PROJECT, Environment
from local.errors import LocalError
from local.host import packages, privileges
from local.programs.programs import cache_folder

SUITE = "bookworm"  # the services are tested with the Python of this release
MIRROR = "http://deb.debian.org/debian"
PACKAGES = "python3,python3-venv,ca-certificates"
EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
ATTEMPTS = 4  # builds, while buildkitd does not answer within a deadline
CONNECT_TIMEOUT = 10  # seconds for buildkitd to answer while other processes start
PROCESSES = frozenset({"registry", "buildkitd"})  # needed to build and store the images
PYTHON_IMAGE, PAUSE_IMAGE = ("herald-python", "3.11"), ("herald-pause", "1")


def provide(environment: Environment, report: Callable[[str], None]) -> None:
    """Push images that the registry lacks; the cache of the user keeps the Python image.

    A user with another builder must provide the base image of `Pulumi.local.yaml`.
    """
    if environment.own_builder:
        return
    if not environment.own_kubeconfig and not is_pushed(environment, *PAUSE_IMAGE):
        pause = (environment.links / "pause").resolve()
        push(environment, PAUSE_IMAGE, pause, 'COPY pause /pause\nENTRYPOINT ["/pause"]\n')
    if not is_pushed(environment, *PYTHON_IMAGE):
        system = base_system(environment, report)
        report("pushing the Python base image to the registry")
        push(environment, PYTHON_IMAGE, system, "ADD base.tar /\nENV LANG=C.UTF-8\n")


def is_pushed(environment: Environment, name: str, tag: str) -> bool:
    accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
    url = f"{environment.url('REGISTRY_PORT')}/v2/{name}/manifests/{tag}"
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=patience.stretch(10)):
            return True
    except OSError:  # the registry lacks the image, or does not answer
        return False


def base_system(environment: Environment, report: Callable[[str], None]) -> Path:
    """Return the cached tar archive of a Debian system with Python; build it if necessary."""
    wanted = f"{SUITE} {PACKAGES} {EXCLUDED}"
    key = hashlib.sha256(wanted.encode()).hexdigest()[:16]
    target = cache_folder() / "base" / key / "base.tar"
    if not target.exists():
        report("building the Python base image")
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_suffix(".part.tar")
        excluded = [f"--dpkgopt=path-exclude={path}" for path in EXCLUDED]
        options = ["--variant=minbase", f"--include={PACKAGES}", *excluded]
        clean = '--customize-hook=rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*'
        mirror = os.environ.get("HERALD_DEBIAN_MIRROR", MIRROR)
        path = f"{environment.shell()['PATH']}:/usr/sbin:/sbin"
        with scratch.open("wb") as archive:  # the file belongs to the user, not to root
            done = subprocess.run(
                # mmdebstrap starts mmtarfilter by its name, and sudo resets PATH.
                privileges.command("env", f"PATH={path}", "mmdebstrap")
                + ["--quiet", *options, f"--keyring={environment.debian_keyring}", clean]
                + [SUITE, "-", mirror],
                stdout=archive,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        if done.returncode:
            scratch.unlink()
            # The first line that is not a warning names the cause.
            lines = [line for line in done.stderr.splitlines() if not line.startswith("W:")]
            first = (lines or ["no message"])[0]
            raise LocalError(
                f"the Python base image could not be built: {first}; check the network and"
                " HERALD_DEBIAN_MIRROR"
            )
        scratch.rename(target)
    return target


def push(environment: Environment, image: tuple[str, str], file: Path, dockerfile: str) -> None:
    """Build an image with one file and push it; retry while the builder is busy."""
    name = f"localhost:{environment.ports['REGISTRY_PORT']}/{image[0]}:{image[1]}"
    with tempfile.TemporaryDirectory(dir=environment.state) as folder:
        shutil.copyfile(file, Path(folder) / file.name)
        shutil.copymode(file, Path(folder) / file.name)
        (Path(folder) / "Dockerfile").write_text(f"FROM scratch\n{dockerfile}")
        for _ in range(round(patience.stretch(ATTEMPTS))):
            done = run_build(environment, folder, name)
            # buildctl also fails when it cannot send its trace within 50 ms after a success.
            if done.returncode == 0 or is_pushed(environment, *image):
                return
            if "deadline exceeded" not in done.stderr:
                break
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    raise LocalError(f"the image {name} could not be built and pushed: {last}")


def run_build(environment: Environment, folder: str, name: str) -> subprocess.CompletedProcess[str]:
    buildctl = str(environment.links / "buildctl")
    address = f"--addr=unix://{environment.state}/run/buildkitd.sock"
    timeout = f"--timeout={patience.stretch(CONNECT_TIMEOUT):.0f}"
    options = [
        "--progress=plain",
        "--frontend=dockerfile.v0",
        f"--local=context={folder}",
        f"--local=dockerfile={folder}",
        f"--output=type=image,name={name},push=true,compression=uncompressed",
    ]
    return subprocess.run(
        [buildctl, address, timeout, "build", *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> None:
    environment = Environment.from_variables()
    packages.provide(environment)
    if not environment.own_builder:
        base_system(environment, lambda text: print(f"  {text}", flush=True))


if __name__ == "__main__":
    try:
        main()
    except (LocalError, OSError) as error:
        sys.exit(f"images: {error}")
