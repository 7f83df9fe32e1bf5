"""The real program, run on mocks with the real stack files."""

from collections.abc import Callable
from typing import Any

import pytest

from stacks.outputs.exports import export
from stacks.platform.reminder_platform import reminder_platform
from tests.stacks.stack_files import config_of, foundation_of

DEPLOYMENTS: dict[str, Any] = {}  # by stack; each is run once, for a run takes a second


@pytest.fixture
def platform(deploy: Callable[..., Any]) -> Callable[[str], Any]:
    """The deployment of one stack, to be read only."""

    def run(stack: str) -> Any:
        if stack not in DEPLOYMENTS:
            DEPLOYMENTS[stack] = deploy(
                lambda: export(reminder_platform(config_of(stack))),
                stack=stack,
                lookups=foundation_of(stack),
            )
        return DEPLOYMENTS[stack]

    return run
