"""A time zone of the tests' own rules, as a compiled file in front of the installed data."""

import struct
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from service_runtime import recurrence

OLD_LAW, NEW_LAW = "PST8PDT,M3.2.0,M11.1.0", "<-07>7"  # of British Columbia
ZONE = "America/Vancouver"
# RFC 9636: version 2, no change and one type of time in both blocks, then the rule for all times.
_HEADER = b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4)
_BLOCK = _HEADER + struct.pack(">iBB", -28_800, 0, 0) + b"PST\0"


@pytest.fixture
def enact(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Lets a law hold in the zone, as new zone data do in a new process."""

    def compile_zone(law: str) -> None:
        file = tmp_path / ZONE
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(_BLOCK + _BLOCK + b"\n" + law.encode() + b"\n")
        _use(tmp_path)

    yield compile_zone
    _use()


def _use(*folders: Path) -> None:
    zoneinfo.reset_tzpath(tuple(map(str, folders)))
    zoneinfo.ZoneInfo.clear_cache()
    recurrence._counted_end.cache_clear()
