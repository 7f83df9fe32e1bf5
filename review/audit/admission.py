"""Checks manifests by a dry run on the cluster, in a namespace with the restricted standard."""

import copy
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.environment import Environment
from review.audit.findings import AuditError, Finding, Verdict
from review.audit.manifests import Manifest, as_json

# Groups whose definitions only EKS has.
ELSEWHERE = ("karpenter.sh/",)
NAMESPACE = "herald-audit"
POD_SECURITY = "pod-security.kubernetes.io"
LABELS = {f"{POD_SECURITY}/{mode}": "restricted" for mode in ("enforce", "warn")}
WARNING = re.compile(r"^Warning: (?P<problem>.+)$")
ERROR = re.compile(r"^(?:Error from server|error)(?: \((?P<rule>\w+)\))?: (?P<problem>.+)$")


def judge(stacks: Mapping[str, Sequence[Manifest]], environment: Environment) -> Verdict:
    kubectl = Kubectl(environment)
    kubectl.apply([namespace()], "--server-side")
    found: list[Finding] = []
    try:
        for stack, manifests in stacks.items():
            told = kubectl.apply(
                [move_to_namespace(each) for each in manifests if is_known(each)],
                "--server-side",
                "--dry-run=server",
            )
            found += findings(stack, told.stderr)
    finally:
        kubectl.run("delete", "namespace", NAMESPACE, "--wait=false")
    shown = sum(len(each) for each in stacks.values())
    return Verdict(
        judge="dry run", judged=f"{shown} manifests, pods as `restricted`", findings=found
    )


class Kubectl:
    def __init__(self, environment: Environment) -> None:
        self.variables = {**os.environ, **environment.shell()}

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "--request-timeout=30s", *arguments]
        try:
            return subprocess.run(
                command,
                input=given,
                env=self.variables,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise AuditError("kubectl is missing; run `make tools`") from None

    def apply(
        self, manifests: Sequence[Manifest], *options: str
    ) -> subprocess.CompletedProcess[str]:
        done = self.run("apply", *options, "-f", "-", given=as_json(manifests))
        if done.returncode and not any(map(ERROR.match, done.stderr.splitlines())):
            raise AuditError(f"the cluster does not answer: {done.stderr.strip()[-500:]}")
        return done


def namespace() -> Manifest:
    metadata = {"name": NAMESPACE, "labels": LABELS}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def is_known(manifest: Manifest) -> bool:
    """Return True if the cluster on this machine knows the kind."""
    return not str(manifest["apiVersion"]).startswith(ELSEWHERE)


def move_to_namespace(manifest: Manifest) -> Manifest:
    """Return the manifest in the namespace of the audit, without node ports."""
    result = copy.deepcopy(manifest)
    if "namespace" in result["metadata"]:
        result["metadata"]["namespace"] = NAMESPACE
    for port in result.get("spec", {}).get("ports", []):
        port.pop("nodePort", None)
    return result


def findings(stack: str, stderr: str) -> Iterator[Finding]:
    for line in stderr.splitlines():
        warned, failed = WARNING.match(line), ERROR.match(line)
        if told := warned or failed:
            yield Finding(
                judge="dry run",
                rule=(failed["rule"] or "Error") if failed else "Warning",
                stack=stack,
                resource=named_object(told["problem"]),
                problem=told["problem"],
            )


def named_object(problem: str) -> Any:
    """Return the object or container that a message names first."""
    found = re.search(r'"([^"]+)"', problem)
    return found[1] if found else "?"
