"""An image that is built from a folder and pushed when its content changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_docker_build as docker_build
from pulumi import Input, Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class ContainerImageArgs:
    """Folders are relative to the program's folder, so that every checkout is the same."""

    repository: str  # with its registry: "registry.example.com/event-service"
    tag: str
    dockerfile: str
    context: str
    named_contexts: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, Input[str]] = field(default_factory=dict)  # never in a layer
    platforms: Sequence[str] = ()  # the builder's own when none
    builder: str | None = None  # a buildx builder; the default one when none
    cache: str | None = None  # a repository that keeps the layers between machines
    build_on_preview: bool = False
    after: Sequence[pulumi.Resource] = ()  # such as the repository, when it is made here


class ContainerImage(pulumi.ComponentResource):
    """Builds with BuildKit and pushes; `ref` names the pushed image by its digest.

    A build secret reaches only the step that mounts it. A new secret alone (a renewed
    certificate bundle) builds nothing anew.
    """

    ref: Output[str]
    digest: Output[str]

    def __init__(
        self, name: str, args: ContainerImageArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ContainerImage", name, {}, opts)

        self.image = docker_build.Image(
            name,
            tags=[f"{args.repository}:{args.tag}"],
            dockerfile={"location": args.dockerfile},
            context=build_context(args),
            build_args=dict(args.build_args),
            secrets=dict(args.secrets) or None,
            ignore_secrets_in_diff_calculation=sorted(args.secrets) or None,
            platforms=[docker_build.Platform(each) for each in args.platforms] or None,
            builder=None if args.builder is None else {"name": args.builder},
            build_on_preview=args.build_on_preview,
            push=True,
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
            **registry_cache(args.cache),
        )

        self.ref, self.digest = self.image.ref, self.image.digest
        self.register_outputs({"ref": self.ref, "digest": self.digest})


def build_context(args: ContainerImageArgs) -> docker_build.BuildContextArgsDict:
    named: dict[str, Input[docker_build.ContextArgsDict]] = {
        name: {"location": location} for name, location in args.named_contexts.items()
    }
    return {"location": args.context, "named": named} if named else {"location": args.context}


def registry_cache(repository: str | None) -> dict[str, Any]:
    if repository is None:
        return {}
    layers = {"ref": repository}
    every_stage = {**layers, "mode": "max", "image_manifest": True, "oci_media_types": True}
    return {"cache_from": [{"registry": layers}], "cache_to": [{"registry": every_stage}]}
