"""Measures the running platform and prints a table: `make bench`.

`COLD=1` also measures a cold start, which removes the local environment with all its data. A cold
start uses the built programs and the Python base image of the user's cache; `make bench-cold`
measures without them.
"""

import os

from local.environment import PROJECT, Environment
from tests.bench import arrivals, rollout, updates
from tests.bench.measures import Series, seconds_of, show


def measure_starts(variables: dict[str, str]) -> list[Series]:
    """Measure `make up` without images and state, and after `make down`."""
    make = ["make", "-C", str(PROJECT), "-s"]
    seconds_of([*make, "clean"], variables)
    cold = seconds_of([*make, "up"], variables)
    seconds_of([*make, "down"], variables)
    warm = seconds_of([*make, "up"], variables)
    return [Series("cold first make up", [cold]), Series("make up after make down", [warm])]


def main() -> None:
    starts = measure_starts(dict(os.environ)) if os.environ.get("COLD") == "1" else []
    variables = {**os.environ, **Environment().shell()}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    unchanged = updates.measure(variables)
    rollouts = rollout.measure(variables)
    show([*unchanged, *starts, *rollouts, *arrivals.measure(variables)], base=unchanged[0])


if __name__ == "__main__":
    main()
