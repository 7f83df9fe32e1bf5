"""The measurement of a cold start recognizes phases by texts of `make up`."""

from local.environment import PROJECT
from tests.bench.cold_start import PHASES

PULUMI = {"Resources:", "docker-build:index:Image", "batch/v1:Job", "apps/v1:Deployment"}


def test_phases_name_printed_texts():
    signs = {sign for pair in PHASES.values() for sign in pair if "/" not in sign} - PULUMI
    sources = [file.read_text() for file in (PROJECT / "local").rglob("*.py")]
    assert {sign for sign in signs if not any(sign in source for source in sources)} == set()
