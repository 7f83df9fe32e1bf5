from collections.abc import Callable
from typing import Any

import pytest

from foundation.account import account
from stacks.exports import export_plain
from stacks.foundation import FoundationOutputs
from tests.foundation.stack_files import config_of
from tests.stacks.conftest import platform

__all__ = ["platform"]  # a fixture: the program that is provisioned in the account

DEPLOYMENTS: dict[str, Any] = {}  # by stack; each is run once, for a run takes a second


@pytest.fixture
def foundation(deploy: Callable[..., Any]) -> Callable[[str], Any]:
    """The deployment of one account, to be read only."""

    def run(stack: str) -> Any:
        if stack not in DEPLOYMENTS:
            DEPLOYMENTS[stack] = deploy(
                lambda: export_plain(account(config_of(stack)), FoundationOutputs),
                project="herald-foundation",
                stack=stack,
            )
        return DEPLOYMENTS[stack]

    return run
