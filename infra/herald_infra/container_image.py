"""An image that is built from a folder and pushed when its content changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import pulumi
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
    compression: str | None = None  # of layers, "uncompressed" for none; gzip when not given
    cache: str | None = None  # a repository that keeps the layers between machines
    build_on_preview: bool = False
    after: Sequence[pulumi.Resource] = ()  # such as the repository, when it is made here


class ContainerImage(pulumi.ComponentResource):
    """Builds with BuildKit and pushes; `ref` names the pushed image by tag and digest.

    `by_digest` names it by its digest alone: Lambda refuses a tag beside it.

    A build secret reaches only the step that mounts it. A new secret alone (a renewed
    certificate bundle) builds nothing anew.
    """

    ref: Output[str]
    by_digest: Output[str]
    digest: Output[str]

    def __init__(
        self, name: str, args: ContainerImageArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ContainerImage", name, {}, opts)

        self.image = BuiltImage(
            name,
            {
                "tags": [f"{args.repository}:{args.tag}"],
                "dockerfile": {"location": args.dockerfile},
                "context": build_context(args),
                "buildArgs": dict(args.build_args),
                "secrets": Output.secret(dict(args.secrets)) if args.secrets else None,
                "ignoreSecretsInDiffCalculation": sorted(args.secrets) or None,
                "platforms": list(args.platforms) or None,
                "builder": None if args.builder is None else {"name": args.builder},
                "buildOnPreview": args.build_on_preview,
                **registry_push(args.compression),
                **registry_cache(args.cache),
            },
            ResourceOptions(parent=self, depends_on=list(args.after)),
        )

        self.ref, self.digest = self.image.ref, self.image.digest
        self.by_digest = Output.concat(args.repository, "@", self.digest)
        self.register_outputs({"ref": self.ref, "by_digest": self.by_digest, "digest": self.digest})


class BuiltImage(pulumi.CustomResource):
    """The official provider's image; its SDK's generated classes would cost each run 0.1 s."""

    ref: Output[str]
    digest: Output[str]

    def __init__(self, name: str, inputs: Mapping[str, Any], opts: ResourceOptions) -> None:
        given = {key: value for key, value in inputs.items() if value is not None}
        computed = {"ref": None, "digest": None}
        sdk = ResourceOptions(
            version=version("pulumi-docker-build"), additional_secret_outputs=["secrets"]
        )
        super().__init__(
            "docker-build:index:Image",
            name,
            {**given, "network": "default", **computed},
            ResourceOptions.merge(sdk, opts),
        )


def build_context(args: ContainerImageArgs) -> dict[str, Any]:
    named = {name: {"location": location} for name, location in args.named_contexts.items()}
    return {"location": args.context, "named": named} if named else {"location": args.context}


def registry_push(compression: str | None) -> dict[str, Any]:
    if compression is None:
        return {"push": True}
    return {"push": False, "exports": [{"registry": {"compression": compression}}]}


def registry_cache(repository: str | None) -> dict[str, Any]:
    if repository is None:
        return {}
    layers = {"ref": repository}
    every_stage = {**layers, "mode": "max", "imageManifest": True, "ociMediaTypes": True}
    return {"cacheFrom": [{"registry": layers}], "cacheTo": [{"registry": every_stage}]}
