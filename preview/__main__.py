"""Tells what a stack would become, cost and break: python -m preview --stack prod."""

import argparse
import os
import sys
from pathlib import Path

from local.environment import PROJECT, Environment
from preview.making import check, report_of, write
from preview.rehearsal import PROGRAMS, PreviewError
from preview.report import FORMATS, BadReport


def main() -> None:
    arguments = parsed()
    environment = Environment(Path(os.environ.get("HERALD_STATE_FOLDER", PROJECT / ".local")))
    try:
        if arguments.check:
            check(arguments.program, arguments.stack, arguments.before)
            return
        report = report_of(arguments.program, arguments.stack, environment, arguments.before)
        if arguments.output:
            write(report, arguments.output)
    except (PreviewError, BadReport) as error:
        sys.exit(f"preview: {error}.")
    print(FORMATS[arguments.format](report), end="")
    sys.exit(1 if report.plan.is_refused else 0)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m preview", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--program", choices=PROGRAMS, default="platform")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--before", type=Path, help="JSON report to compare with")
    parser.add_argument("--check", action="store_true", help="only whether stack and report exist")
    parser.add_argument("--output", type=Path, help="folder for <stack>.json and <stack>.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
