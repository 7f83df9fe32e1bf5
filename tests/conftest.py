from collections.abc import Callable

import pytest

from preview import trial


def pytest_configure(config: pytest.Config) -> None:
    # The SDK's own module for Lambda warns of a class that nobody here uses, when imported.
    ignored = r"ignore:aws\.lambda/microvmsimage:DeprecationWarning"
    config.addinivalue_line("filterwarnings", ignored)


@pytest.fixture
def deploy() -> Callable[..., trial.Deployment]:
    """Run a program on mocks: `deploy(program, stack=, config=, lookups=)`."""
    return trial.run
