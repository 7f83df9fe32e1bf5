"""Runs a program on simulated answers, so that no property of its resources is unknown."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime import resource as registration
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

from review.simulation.simulated_outputs import identifier_of, outputs_of
from stacks.config.project import PROJECT

Program = Callable[[], object]
STACK = "pulumi:pulumi:Stack"


@dataclass
class Recorded:
    """Records a resource as the program registered it, with plain secrets."""

    type: str
    name: str
    urn: str
    parent: tuple[str, str]  # type and name
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    secrets: frozenset[str]  # inputs and outputs that are secret
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    depends_on: tuple[tuple[str, str], ...]  # types and names, including those behind inputs
    provider: str
    references: dict[str, tuple[str, ...]]  # URNs of the origins of each input
    create_timeout: str = ""


@dataclass
class Deployment:
    """Contains the registered resources and exports of one run of a program."""

    resources: list[Recorded] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    secret_exports: frozenset[str] = frozenset()
    problems: list[str] = field(default_factory=list)  # logged warnings and errors
    returned: Any = None

    def all(self, type_: str) -> list[Recorded]:
        """Return all resources of a type by name."""
        found = [r for r in self.resources if r.type == type_]
        return sorted(found, key=lambda resource: resource.name)

    def one(self, type_: str, name: str | None = None) -> Recorded:
        """Return the only resource of a type, or of a type and name; else raise LookupError."""
        found = [r for r in self.all(type_) if name in (None, r.name)]
        if len(found) != 1:
            registered = sorted(f"{r.type} {r.name}" for r in self.resources)
            raise AssertionError(
                f"expected one {type_} {name or ''}, found {len(found)} in {registered}"
            )
        return found[0]


class Cloud(mocks.Mocks):
    """Simulates outputs; answers only the lookups that a test announced."""

    def __init__(self, lookups: dict[str, dict[str, Any]]) -> None:
        self.lookups = lookups
        self.loops: set[asyncio.AbstractEventLoop] = set()

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.remember_loop()
        if args.resource_id and not args.custom:  # a read, not a registration
            return args.resource_id, {**args.inputs, **self.answer(args.typ)}
        outputs = outputs_of(args.typ, args.name, args.inputs)
        return identifier_of(args.typ, args.name, outputs), outputs

    def call(self, args: mocks.MockCallArgs) -> Any:
        self.remember_loop()
        return self.answer(args.token)

    def answer(self, token: str) -> dict[str, Any]:
        if token not in self.lookups:
            raise AssertionError(f"unexpected lookup: {token}")
        return self.lookups[token]

    def remember_loop(self) -> None:
        # The SDK creates a loop for every worker thread, and nobody closes it.
        self.loops.add(asyncio.get_event_loop())


class Recorder(mocks.MockMonitor):
    """Records every registration in place of the engine."""

    def __init__(self, cloud: Cloud, deployment: Deployment) -> None:
        super().__init__(cloud)
        self.deployment = deployment

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != STACK:
            inputs, secret_inputs = reveal_secrets(request.object)
            outputs, secret_outputs = reveal_secrets(response.object)
            self.deployment.resources.append(
                Recorded(
                    type=request.type,
                    name=request.name,
                    urn=response.urn,
                    parent=type_and_name(request.parent),
                    inputs=inputs,
                    outputs=outputs,
                    secrets=secret_inputs | secret_outputs,
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    ignore_changes=tuple(request.ignoreChanges),
                    depends_on=tuple(sorted(type_and_name(d) for d in request.dependencies)),
                    provider=request.provider,
                    references={
                        name: tuple(sorted(each.urns))
                        for name, each in request.propertyDependencies.items()
                        if each.urns
                    },
                    create_timeout=request.customTimeouts.create,
                )
            )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs, secrets = reveal_secrets(request.outputs)
        if type_and_name(request.urn)[0] == STACK:
            self.deployment.exports = outputs
            self.deployment.secret_exports = secrets
        for resource in self.deployment.resources:
            if resource.urn == request.urn:
                resource.outputs = outputs
                resource.secrets |= secrets
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class Problems(logging.Handler):
    def __init__(self, problems: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        self.problems.append(record.getMessage())


def reveal_secrets(struct: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the properties with plain secrets, and the names of properties with a secret."""
    wrapped = rpc.deserialize_properties(struct)
    secrets = frozenset(key for key, value in wrapped.items() if rpc.is_rpc_secret(value))
    return {key: rpc.unwrap_rpc_secret(value) for key, value in wrapped.items()}, secrets


def type_and_name(urn: str) -> tuple[str, str]:
    if not urn:
        return ("", "")
    _, _, types, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    return types.split("$")[-1], name


class Incomplete(Exception):
    """Reports the warnings and errors that a program logged."""


def run(
    program: Program,
    *,
    project: str = PROJECT,
    stack: str = "dev",
    config: dict[str, str] | None = None,
    lookups: dict[str, dict[str, Any]] | None = None,
) -> Deployment:
    """Run a program to its end.

    A logged warning or error, an unexpected lookup or an exception fails the run. Each run has its
    own settings, stack and loop.
    """
    deployment = Deployment()
    cloud = Cloud(lookups or {})
    logger = logging.Logger("deployment", logging.WARNING)
    logger.addHandler(Problems(deployment.problems))

    def start() -> None:
        pulumi.runtime.set_all_config(config or {})
        recorder = Recorder(cloud, deployment)
        mocks.set_mocks(cloud, project, stack, logger=logger, monitor=recorder)
        SETTINGS.outputs = set()
        set_root_resource(None)  # type: ignore[arg-type]  # run_in_stack makes its own
        # The SDK would read the source of the whole stack for each resource.
        with patch.object(registration, "_get_stack_trace", StackTrace):
            loop.run_until_complete(run_in_stack(remembering(program, deployment)))

    loop = asyncio.new_event_loop()
    # Otherwise the SDK logs each waiting output of a failed program with its traceback.
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)
    try:
        contextvars.copy_context().run(start)
    finally:
        end(loop, cloud.loops)
    if deployment.problems:
        raise Incomplete("; ".join(deployment.problems))
    return deployment


def remembering(program: Program, deployment: Deployment) -> Callable[[], None]:
    def remembered() -> None:
        deployment.returned = program()

    return remembered


def end(loop: asyncio.AbstractEventLoop, of_threads: set[asyncio.AbstractEventLoop]) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    for each in {loop, *of_threads}:
        each.close()
