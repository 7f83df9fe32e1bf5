import gc
import os
from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import browser, visits

__all__ = ["browser", "visits"]
STARTED = {"browser", "postgres_server", "moto_server", "tools_folder"}  # fixtures of processes


# A busy machine fails no property: pytest-timeout ends examples that hang.
settings.register_profile("herald", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("herald")


def pytest_configure(config: pytest.Config) -> None:
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # of the make that runs the tests
        os.environ.pop(name, None)
    # Some modules of the SDK warn of classes that nobody here uses, when imported.
    ignored = r"ignore:(aws\.\w+/\w+|s3\.BucketV2):DeprecationWarning"
    config.addinivalue_line("filterwarnings", ignored)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests whose fixtures start processes as integration tests, before any is deselected."""
    for item in items:
        if STARTED & set(getattr(item, "fixturenames", ())):
            item.add_marker("integration")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Spare the garbage collector what all tests import, and look less often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000)  # new objects, instead of 700
        gc.enable()


@pytest.fixture
def deploy() -> Callable[..., Any]:
    """Run a program on mocks: `deploy(program, stack=, config=, lookups=)`."""
    from review.simulation import trial  # Pulumi's SDK, which few tests need

    return trial.run
