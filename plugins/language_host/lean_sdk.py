"""Removes work of Pulumi's SDK that a short run of a local program does not need."""

import asyncio
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from pulumi import log
from pulumi.runtime import resource, stack
from pulumi.runtime.proto import source_pb2


def make_lean(*, debug: bool) -> None:
    """Replace functions of the SDK in this process; `debug` keeps its debug messages.

    The SDK sends the stack trace of each resource, which the engine only stores. While it waits
    for the outputs of a program, it looks at all that are missing after each that comes.
    """
    if not debug:
        log.debug = lambda *message, **place: None
    replace(resource, "_get_stack_trace", source_pb2.StackTrace)
    waiting = ModuleType("asyncio")
    vars(waiting).update(vars(asyncio), wait=wait_for_all)
    replace(stack, "asyncio", waiting)


def replace(module: ModuleType, name: str, value: object) -> None:
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name}; adapt {__name__} to the SDK")
    setattr(module, name, value)


async def wait_for_all(
    tasks: Iterable["asyncio.Future[Any]"], *, return_when: str
) -> tuple[set["asyncio.Future[Any]"], set["asyncio.Future[Any]"]]:
    """Wait for all tasks, or until one fails, where the SDK waits for the first one."""
    return await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
