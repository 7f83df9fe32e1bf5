"""What the images of this checkout are made from, and who makes them."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from herald.attestation.contents import Sources, git_hash
from herald.attestation.statements import Origin
from herald.errors import OperatorError
from stacks.config import ROOT
from stacks.images import is_ignored

DECIDING = (
    "services/Dockerfile",
    "services/dependencies/installer.lock",
    "services/dependencies/requirements.lock",
)
SHARED = ("event-messages", "service-runtime")
BY_HAND = "urn:herald:by-hand"


def origin(stack: str, service: str, base: str) -> Origin:
    """Of a service's image; on GitHub it names the run of the workflow."""
    return Origin(
        commit=git("rev-parse", "HEAD"),
        uncommitted=bool(git("status", "--porcelain", "--", "services")),
        source=public(git("config", "--default", "", "--get", "remote.origin.url")),
        base=base,
        files={path: sha256(path) for path in DECIDING},
        parameters={"stack": stack, "service": service},
        **builder(os.environ),
    )


def folders(service: str) -> dict[str, str]:
    """Those whose files are in a service's image, by Python package."""
    packages = {each.replace("-", "_"): each for each in (*SHARED, service)}
    return {package: f"services/{each}/{package}" for package, each in packages.items()}


def sources_here(service: str) -> Sources:
    """As they lie in this checkout, committed or not."""
    return frozenset(
        (f"{name}/{file.relative_to(ROOT / folder).as_posix()}", git_hash(file.read_bytes()))
        for name, folder in folders(service).items()
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and not is_ignored(file)
    )


def sources_of(commit: str, service: str) -> Sources:
    found = set()
    for name, folder in folders(service).items():
        for line in git("ls-tree", "-r", "-z", f"{commit}:{folder}").split("\0"):
            if line:
                about, path = line.split("\t", 1)
                found.add((f"{name}/{path}", about.split()[2]))
    return frozenset(found)


def builder(variables: Mapping[str, str]) -> dict[str, Any]:
    if "GITHUB_WORKFLOW_REF" not in variables:
        return {"builder": BY_HAND}
    server, repository = variables["GITHUB_SERVER_URL"], variables["GITHUB_REPOSITORY"]
    return {
        "builder": f"{server}/{variables['GITHUB_WORKFLOW_REF']}",
        "invocation": f"{server}/{repository}/actions/runs/{variables['GITHUB_RUN_ID']}",
    }


def public(address: str) -> str | None:
    """Without the credentials that an address can have; None of a folder on this machine."""
    parts = urlsplit(address)
    if parts.scheme not in ("https", "ssh") or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def sha256(path: str) -> str:
    return hashlib.sha256((ROOT / path).read_bytes()).hexdigest()


def git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip() or "nothing"
        raise OperatorError(
            "expected a checkout with the commit in question, which `git fetch` may get; "
            f"git said: {said}"
        )
    return done.stdout.strip()
