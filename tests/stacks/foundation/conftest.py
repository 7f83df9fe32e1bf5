from collections.abc import Callable
from typing import Any

import pytest

from review.simulation.simulated_foundation import ACCOUNT_ANSWERS
from stacks.foundation.account import account
from stacks.outputs.exports import export_plain
from stacks.outputs.foundation import FoundationOutputs
from tests.stacks.conftest import platform
from tests.stacks.foundation.stack_files import config_of

__all__ = ["platform"]  # a fixture: the program that is provisioned in the account

DEPLOYMENTS: dict[str, Any] = {}  # by stack; each is run once, for a run takes a second


@pytest.fixture
def foundation(deploy: Callable[..., Any]) -> Callable[[str], Any]:
    """The deployment of one account, to be read only."""

    def run(stack: str) -> Any:
        if stack not in DEPLOYMENTS:
            DEPLOYMENTS[stack] = deployed(deploy, stack)
        return DEPLOYMENTS[stack]

    return run


def deployed(deploy: Callable[..., Any], stack: str) -> Any:
    return deploy(
        lambda: export_plain(account(config_of(stack)), FoundationOutputs),
        project="herald-foundation",
        stack=stack,
        lookups=ACCOUNT_ANSWERS,
    )
