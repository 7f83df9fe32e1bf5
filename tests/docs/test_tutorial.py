"""Commands of the tutorial that need no platform, as they are printed, in a clean checkout."""

import sys

import pytest

from stacks.config.project import ROOT
from tests.checkout_copy import CheckoutCopy
from tests.docs import pages

pytestmark = pytest.mark.integration


@pytest.fixture
def checkout(tmp_path):
    """A checkout with a state of its own, in which no platform runs."""
    copy = CheckoutCopy(tmp_path)
    state = copy.folder / ".local"
    state.unlink()
    state.mkdir()
    (state / "bin").symlink_to(ROOT / ".local" / "bin")
    return copy


def commands(heading):
    """Return the commands of a section, without those that update the running platform."""
    every = pages.commands(pages.section("docs/tutorial.md", heading))
    return [each for each in every if each != "make up"]


def test_title_of_a_push_changes(checkout):
    change, undo = commands("3. Change a service")
    preview = (sys.executable, "-m", "notification_service.preview", "reminder", "en", "push")
    before = checkout.run(*preview)
    checkout.run("bash", "-c", change)
    assert checkout.run(*preview) == before.replace("Reminder", "It is time")
    checkout.run("bash", "-c", undo)
    assert checkout.changes() == set()


def test_preview_refuses_one_zone(checkout):
    first, copy, change, second, undo = commands("4. Preview production")
    checkout.run("bash", "-e", "-c", "\n".join([first, copy, change]))
    refused = checkout.attempt("bash", "-c", second)
    assert refused.returncode != 0
    assert "database-in-two-zones" in refused.stdout
    assert "multiAz: true -> false" in refused.stdout
    checkout.run("bash", "-c", undo)
    assert checkout.changes() == set()


def test_broken_service_names_its_fault(checkout):
    change, _, _, undo = commands("6. Repair a rollout")
    checkout.run("bash", "-c", change)
    broken = checkout.attempt(sys.executable, "-m", "event_service")
    assert (broken.returncode, broken.stderr.splitlines()[-1]) == (1, "broken on purpose")
    checkout.run("bash", "-c", undo)
    assert checkout.changes() == set()
