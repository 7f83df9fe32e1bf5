"""Runs one step as root: `python -m local.host STEP`, with variables on standard input."""

import json
import os
import sys

from local.environment import Environment
from local.errors import LocalError
from local.host.steps import run


def main() -> None:
    os.environ.clear()
    os.environ.update(json.load(sys.stdin))
    try:
        print(json.dumps(run(sys.argv[1], Environment.from_variables())))
    except (LocalError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
