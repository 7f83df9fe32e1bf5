"""Replaces a cluster: `python clusterless.py kubernetes|docker-build|kubectl FOLDER [ARGUMENTS]`.

Kubernetes objects are files in FOLDER, and jobs run as processes. Images are named, not built. A
push to ECR records a new image, as builds of equal sources differ.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from plugins.sdk_messages import open_messages

Manifest = dict[str, Any]
VERSION = "herald/version"  # annotation of pods


class Objects:
    """Keeps the objects of a cluster in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, kind: str, name: str) -> Path:
        return self.folder / f"{kind}.{name}.json"

    def read(self, kind: str, name: str) -> Manifest:
        manifest: Manifest = json.loads(self.file(kind, name).read_text())
        return manifest

    def write(self, manifest: Manifest) -> None:
        self.file(manifest["kind"], manifest["metadata"]["name"]).write_text(json.dumps(manifest))

    def remove(self, manifest: Manifest) -> None:
        self.file(manifest["kind"], manifest["metadata"]["name"]).unlink()

    def names(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())

    def all(self, kind: str) -> list[Manifest]:
        return [json.loads(file.read_text()) for file in sorted(self.folder.glob(f"{kind}.*"))]

    def command(self, manifest: Manifest) -> tuple[list[str], dict[str, str]]:
        """Return module and arguments, and the variables, of the pod of a job or deployment."""
        [container] = manifest["spec"]["template"]["spec"]["containers"]
        service = container["image"].partition("@")[0].rpartition("/")[2].partition(":")[0]
        variables = {each["name"]: self.value(each) for each in container["env"]}
        return [service.replace("-", "_"), *container.get("args", [])], variables

    def value(self, variable: Manifest) -> str:
        if "value" in variable:
            return str(variable["value"])
        origin = variable["valueFrom"]["secretKeyRef"]
        return base64.b64decode(self.read("Secret", origin["name"])["data"][origin["key"]]).decode()

    def run(self, job: Manifest) -> None:
        from plugins.errors import RefusedByService

        arguments, variables = self.command(job)
        command = [sys.executable, "-P", "-m", *arguments]
        environment = {**os.environ, **variables}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RefusedByService(f"the job failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def kubernetes(folder: Path) -> Any:
    from plugins.kubernetes.package import KubernetesPackage, object_type

    objects = Objects(folder)

    def create(self: Any, inputs: Manifest) -> str:
        objects.write(inputs)
        if inputs["kind"] == "Job":
            objects.run(inputs)
        return str(inputs["metadata"]["name"])

    methods = {
        "create": create,
        "read": lambda self, name, state: objects.read(state["kind"], name),
        "update": lambda self, name, state, inputs, changed: objects.write(inputs),
        "delete": lambda self, name, state: objects.remove(state),
    }
    # A cluster never changes an immutable secret or the pod of a job.
    replaced_by = {"Job": frozenset({"spec"}), "Secret": frozenset({"data", "stringData"})}

    class Kept(KubernetesPackage):
        def resource_type(self, token: str) -> Any:
            kind = token.rpartition(":")[2]
            own = {**methods, "replaced_by": replaced_by.get(kind, frozenset())}
            return type(kind, (object_type(token),), own)

    return Kept()


def docker_build(folder: Path) -> Any:
    from plugins.docker_build.package import DockerBuildPackage

    def create(self: Any, inputs: Manifest) -> str:
        [tag] = inputs["tags"]
        push(tag)
        return str(tag)

    def read(self: Any, name: str, state: Manifest) -> Manifest:
        [tag] = state["tags"]
        digest = f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"
        return {**state, **vars(self).get("built", {}), "digest": digest, "ref": f"{tag}@{digest}"}

    def update(self: Any, name: str, state: Manifest, inputs: Manifest, changed: Any) -> None:
        create(self, inputs)
        vars(self).update(built=inputs)

    methods = {
        "create": create,
        "read": read,
        "update": update,
        "delete": lambda self, name, state: None,
    }

    class Named(DockerBuildPackage):
        def resource_type(self, token: str) -> Any:
            return type("Image", (super().resource_type(token),), methods)

    return Named()


def push(reference: str) -> None:
    """Record an image in its repository on ECR; other registries do not exist."""
    registry, _, path = reference.partition("/")
    if ".dkr.ecr." not in registry:
        return
    import boto3
    from botocore.exceptions import ClientError

    from plugins.errors import RefusedByService

    region = registry.split(".")[3]
    repository, _, tag = path.rpartition(":")
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"digest": f"sha256:{hashlib.sha256(uuid.uuid4().bytes).hexdigest()}"},
    }
    try:
        boto3.client("ecr", region_name=region).put_image(
            repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest)
        )
    except ClientError as error:
        raise RefusedByService(f"failed to push {reference}: {error}") from error


def kubectl(folder: Path, arguments: list[str]) -> str:
    """Return the version of the pods of a deployment; every rollout succeeds."""
    if "get" not in arguments:
        return ""
    [name] = [each.partition("/")[2] for each in arguments if each.startswith("deployment/")]
    template = Objects(folder).read("Deployment", name)["spec"]["template"]
    return str(template["metadata"]["annotations"][VERSION])


def main() -> None:
    folder = Path(sys.argv[2])
    if sys.argv[1] == "kubectl":
        print(kubectl(folder, sys.argv[3:]), end="")
        return
    open_messages()
    from plugins.serving import serve

    serve({"kubernetes": kubernetes, "docker-build": docker_build}[sys.argv[1]](folder))


if __name__ == "__main__":
    main()
