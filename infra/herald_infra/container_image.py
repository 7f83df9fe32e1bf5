"""Builds an image from a folder and pushes it when its content changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class ContainerImageArgs:
    """Describes the arguments of an image; paths are relative to the folder of the program."""

    repository: str  # with its registry: "registry.example.com/event-service"
    tag: str
    dockerfile: str
    context: str
    named_contexts: Mapping[str, str] = field(default_factory=dict)
    build_args: Mapping[str, Input[str]] = field(default_factory=dict)
    # Build secrets, which no layer contains
    secrets: Mapping[str, Input[str]] = field(default_factory=dict)
    platforms: Sequence[str] = ()  # empty: the platform of the builder
    builder: str | None = None  # name of a buildx builder; None: the default builder
    compression: str | None = None  # of layers, for example "uncompressed"; None: gzip
    cache: str | None = None  # repository for layers that several machines share
    build_on_preview: bool = False
    after: Sequence[pulumi.Resource] = ()  # resources to create first, for example the repository


class ContainerImage(pulumi.ComponentResource):
    """Builds with BuildKit and pushes; `ref` contains tag and digest of the pushed image.

    `by_digest` contains only the digest, because Lambda rejects references with a tag.

    Only the build step that mounts a secret can read it. A changed secret alone, for example a
    renewed certificate bundle, starts no build.
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
    """Builds with the official provider, without the 0.1 s that its SDK takes to load."""

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
