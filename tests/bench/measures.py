"""Defines measured series and prints their table."""

import math
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Series:
    """Holds the seconds of one measure, and a remark for the table."""

    name: str
    seconds: list[float]
    remark: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def seconds_of(command: Sequence[str], variables: Mapping[str, str]) -> float:
    """Run a command and return its seconds; if it fails, exit with its output."""
    began = time.perf_counter()
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(command)} failed: {done.stdout}{done.stderr}".strip())
    return took


def show(rows: Sequence[Series], base: Series) -> None:
    table = Table(title=f"Seconds; the ratio is to “{base.name}”", box=None, title_justify="left")
    for heading in ("measure", "runs", "median", "least", "most", "ratio", "remark"):
        table.add_column(heading, justify="left" if heading in ("measure", "remark") else "right")
    for row in rows:
        figures = (row.median, min(row.seconds), max(row.seconds))
        ratio = f"{row.median / base.median:.2f}"
        counted = (str(len(row.seconds)), *(f"{figure:.3f}" for figure in figures), ratio)
        table.add_row(row.name, *counted, row.remark)
    Console(width=140).print(table)
