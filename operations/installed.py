"""Starts the command of a wheel, which contains this module as `herald_command`."""

import sys
from pathlib import Path

LEFT_OUT = ("review", "stacks.platform")  # parts of a checkout that no wheel has


def main() -> int:
    """Let this process alone find the packages beside this module."""
    sys.path.insert(0, str(Path(__file__).parent))
    from operations.command_line import main as run

    try:
        return run()
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(LEFT_OUT):
            raise
    print(
        "Herald: this command needs a checkout of Herald; clone it and run the command there.",
        file=sys.stderr,
    )
    return 1
