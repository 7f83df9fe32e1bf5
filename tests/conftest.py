from collections.abc import Callable

import pytest

from preview import trial


def pytest_configure(config: pytest.Config) -> None:
    # Some modules of the SDK warn of classes that nobody here uses, when imported.
    ignored = r"ignore:(aws\.\w+/\w+|s3\.BucketV2):DeprecationWarning"
    config.addinivalue_line("filterwarnings", ignored)


@pytest.fixture
def deploy() -> Callable[..., trial.Deployment]:
    """Run a program on mocks: `deploy(program, stack=, config=, lookups=)`."""
    return trial.run
