"""`make bench`: measures the running platform and prints a table; `COLD=1` starts from nothing too.

A cold start removes the local environment with all its data, so it happens only when asked for.
The built programs and the Python base image are kept in the user's cache; `make bench-cold`
measures without them.
"""

import os

from local.environment import PROJECT, Environment
from tests.bench import arrivals, rollout, updates
from tests.bench.measures import Series, seconds_of, show


def starts(variables: dict[str, str]) -> list[Series]:
    """The first `make up` without images and state, and the one after `make down`."""
    make = ["make", "-C", str(PROJECT), "-s"]
    seconds_of([*make, "clean"], variables)
    cold = seconds_of([*make, "up"], variables)
    seconds_of([*make, "down"], variables)
    warm = seconds_of([*make, "up"], variables)
    return [Series("cold first make up", [cold]), Series("make up after make down", [warm])]


def main() -> None:
    started = starts(dict(os.environ)) if os.environ.get("COLD") == "1" else []
    variables = {**os.environ, **Environment().shell()}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    unchanged = updates.measure(variables)
    rolled = rollout.measure(variables)
    show([*unchanged, *started, rolled, *arrivals.measure(variables)], base=unchanged[0])


if __name__ == "__main__":
    main()
