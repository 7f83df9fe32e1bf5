"""The page of limits says what the constants say."""

import re
from importlib import import_module
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "limits.md"
ROW = re.compile(r"^\| [^|]+ \| ([0-9,]+) \| `([\w.]+)\.(\w+)` \|", re.MULTILINE)


def test_limits_page_equals_constants() -> None:
    rows = ROW.findall(PAGE.read_text())
    assert len(rows) == PAGE.read_text().count("\n| ") - 1  # all but the head
    for value, module, name in rows:
        assert f"{getattr(import_module(module), name):,.0f}" == value, f"{module}.{name}"
