"""`make check` in a copy of the checkout to which `herald new service` added a service."""

import pytest

from tests.checkout_copy import CheckoutCopy

pytestmark = pytest.mark.integration
NEW = ("new", "service", "invoices", "--queue", "events", "--table", "invoices", "--database")
EDITED = {"pyproject.toml", "stacks/platform/reminder_platform.py"}
GENERATED = {
    "README.md",
    "docs/concepts/architecture.md",
    "docs/reference/alarms.md",
    "docs/reference/service-settings.md",
}
TESTS = (
    "services/invoices",
    "tests/docs/test_site.py",
    "tests/stacks/platform",
    "tests/test_folders.py",
    "tests/test_prose.py",
    "tests/test_type_checks.py",
)


def test_checkout_with_new_service_passes_checks(tmp_path):
    copy = CheckoutCopy(tmp_path)
    copy.python("operations", *NEW)
    outside = {name for name in copy.changes() if not name.startswith("services/invoices/")}
    assert outside == EDITED | GENERATED
    copy.python("ruff", "format", "--check", ".")
    copy.python("ruff", "check", ".")
    copy.python("mypy", "services/invoices", "stacks")
    few = ("-q", "-x", "-p", "no:cacheprovider", "-m", "not integration and not system")
    copy.python("pytest", *few, *TESTS)
