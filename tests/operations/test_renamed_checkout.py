"""`make check` in a renamed copy of the checkout: its tests do not know the project's name."""

import pytest

from tests.checkout_copy import CheckoutCopy

pytestmark = pytest.mark.integration
TESTS = (
    "tests/stacks/config",
    "tests/stacks/outputs",
    "tests/docs",
    "tests/operations/test_status.py",
)
FEW = ("-q", "-x", "-p", "no:cacheprovider", "-m", "not integration and not system")


def test_renamed_checkout_passes_its_tests(tmp_path):
    copy = CheckoutCopy(tmp_path)
    copy.python("operations", "rename", "acme-platform")
    assert copy.changes() == {
        "Pulumi.yaml",
        *(f"Pulumi.{stack}.yaml" for stack in ("dev", "local", "prod", "staging")),
    }
    copy.python("pytest", *FEW, *TESTS)
