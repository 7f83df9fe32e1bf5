"""The two images that the local registry must hold before any pod starts: Python and pause."""

import hashlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from local.environment import PROJECT, Environment
from local.supervisor import SupervisorError
from tools.build import cache_folder

SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates"
EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
PROCESSES = frozenset({"registry", "buildkitd"})  # that build and keep the images
PYTHON_IMAGE, PAUSE_IMAGE = ("herald-python", "3.11"), ("herald-pause", "1")


def provide(environment: Environment, told: Callable[[str], None]) -> None:
    """Push the images that the registry lacks; the Python one is kept in the user's cache.

    Whoever brings a builder brings the base image that `Pulumi.local.yaml` names, too.
    """
    if environment.own_builder:
        return
    if not is_pushed(environment, *PAUSE_IMAGE):
        pause = (environment.links / "pause").resolve()
        push(environment, PAUSE_IMAGE, pause, 'COPY pause /pause\nENTRYPOINT ["/pause"]\n')
    if not is_pushed(environment, *PYTHON_IMAGE):
        system = base_system(told)
        told("the Python base image is being pushed to the registry")
        push(environment, PYTHON_IMAGE, system, "ADD base.tar /\nENV LANG=C.UTF-8\n")


def is_pushed(environment: Environment, name: str, tag: str) -> bool:
    accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"
    url = f"{environment.url('REGISTRY_PORT')}/v2/{name}/manifests/{tag}"
    request = urllib.request.Request(url, method="HEAD", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=10):
            return True
    except urllib.error.HTTPError:
        return False


def base_system(told: Callable[[str], None]) -> Path:
    """A Debian system with Python and little else, as a tar archive in the cache."""
    wanted = f"{SUITE} {PACKAGES} {EXCLUDED}"
    key = hashlib.sha256(wanted.encode()).hexdigest()[:16]
    target = cache_folder() / "base" / key / "base.tar"
    if not target.exists():
        told("the Python base image is being made")
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_suffix(".part.tar")
        excluded = [f"--dpkgopt=path-exclude={path}" for path in EXCLUDED]
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", *excluded]
        clean = '--customize-hook=rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*'
        done = subprocess.run(
            [*command, clean, SUITE, str(scratch)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SupervisorError(
                f"the Python base image could not be made: mmdebstrap said: {last}"
            )
        scratch.rename(target)
    return target


def push(environment: Environment, image: tuple[str, str], file: Path, dockerfile: str) -> None:
    name = f"localhost:{environment.ports['REGISTRY_PORT']}/{image[0]}:{image[1]}"
    with tempfile.TemporaryDirectory(dir=environment.state) as folder:
        shutil.copyfile(file, Path(folder) / file.name)
        shutil.copymode(file, Path(folder) / file.name)
        (Path(folder) / "Dockerfile").write_text(f"FROM scratch\n{dockerfile}")
        done = subprocess.run(
            [
                str(environment.links / "buildctl"),
                "--addr",
                f"unix://{environment.state}/run/buildkitd.sock",
            ]
            + ["build", "--progress=plain", "--frontend=dockerfile.v0"]
            + [f"--local=context={folder}", f"--local=dockerfile={folder}"]
            + [f"--output=type=image,name={name},push=true,compression=uncompressed"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SupervisorError(f"the image {name} could not be built and pushed: {last}")
