"""Lets pods assume the roles of their service accounts at the AWS emulator, as on Amazon EKS."""

import json
import os
import subprocess
from pathlib import Path
from string import Template
from typing import Any

from local.environment import Environment
from local.errors import LocalError
from local.supervisor import Process

TEMPLATE = Path(__file__).parent / "templates" / "pod-roles.yaml"
GROUP = "admissionregistration.k8s.io"
VERSIONS = ("v1", "v1beta1")


def prepare(environment: Environment, apiserver: Process | None = None) -> None:
    """Add tokens of the cluster to pods, and give the emulator the keys that verify them.

    This happens once for each run of our API server and each content of the template. A cluster of
    the user has no `apiserver` among our processes, so it happens each time.
    """
    template, done = TEMPLATE.read_text(), environment.state / "pod-roles"
    given = apiserver and f"{apiserver.run}\n{template}"
    if given and done.exists() and done.read_text() == given:
        return
    environment.cluster_issuer.write_text(json.dumps(issuer(environment)))
    policy = Template(template).safe_substitute(API=served_version(environment))
    kubectl(environment, "apply", "-f", "-", text=policy)
    done.write_text(given or "")


def issuer(environment: Environment) -> dict[str, Any]:
    discovery = read(environment, "/.well-known/openid-configuration")
    return {"issuer": discovery["issuer"], **read(environment, "/openid/v1/jwks")}


def served_version(environment: Environment) -> str:
    """Return the newest version of admission policies that the cluster serves."""
    [group] = [each for each in read(environment, "/apis")["groups"] if each["name"] == GROUP]
    served = {each["version"] for each in group["versions"]}
    for version in VERSIONS:
        resources = read(environment, f"/apis/{GROUP}/{version}") if version in served else {}
        if any(
            each["name"] == "mutatingadmissionpolicies" for each in resources.get("resources", ())
        ):
            return f"{GROUP}/{version}"
    raise LocalError(
        "the cluster has no MutatingAdmissionPolicy, which gives pods their roles;"
        " use Kubernetes 1.36 or newer, or enable this feature"
    )


def read(environment: Environment, path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(kubectl(environment, "get", "--raw", path))
    return document


def kubectl(environment: Environment, *arguments: str, text: str | None = None) -> str:
    done = subprocess.run(
        ["kubectl", *arguments],
        env={**os.environ, **environment.shell()},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LocalError(f"`kubectl {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout
