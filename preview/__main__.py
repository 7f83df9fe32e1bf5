"""Tells what a stack would become, cost and break: python -m preview --stack prod."""

import argparse
import os
import sys
from pathlib import Path

from local.environment import PROJECT, Environment
from preview.costs import assumptions, bill
from preview.plan import Plan, events_of, plan_of
from preview.prices import read_prices
from preview.rehearsal import PROGRAMS, PreviewError, Program, read_stack_file, rehearse
from preview.report import FORMATS, BadReport, Earlier, Report, as_json, markdown

ENVIRONMENT = "environment"  # the tag by which the use of a stack is known


def main() -> None:
    arguments = parsed()
    environment = Environment(Path(os.environ.get("HERALD_STATE_FOLDER", PROJECT / ".local")))
    program, title = PROGRAMS[arguments.program], titled(arguments)
    try:
        earlier = earlier_report(arguments.before, title)
        plan = plan_of(events_of(rehearse(program, arguments.stack, environment)))
    except (PreviewError, BadReport, OSError) as error:
        sys.exit(f"preview: {error}.")
    report = reported(program, arguments.stack, title, plan, earlier)
    if arguments.output:
        write(report, arguments.output)
    print(FORMATS[arguments.format](report), end="")
    sys.exit(1 if plan.is_refused else 0)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m preview", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--program", choices=PROGRAMS, default="platform")
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--before", type=Path, help="JSON report to compare with")
    parser.add_argument("--output", type=Path, help="folder for <stack>.json and <stack>.md")
    return parser.parse_args()


def titled(arguments: argparse.Namespace) -> str:
    """By what a report is known: the platform's by its stack alone."""
    if arguments.program == "platform":
        return str(arguments.stack)
    return f"{arguments.program}-{arguments.stack}"


def earlier_report(file: Path | None, stack: str) -> Earlier | None:
    if file is None:
        return None
    try:
        return Earlier.of(file.read_text(), stack)
    except BadReport as error:
        raise BadReport(f"{file}: {error}") from None


def reported(
    program: Program, stack: str, title: str, plan: Plan, earlier: Earlier | None
) -> Report:
    prices = read_prices()
    tags = read_stack_file(stack, program.folder).get("aws:defaultTags", {}).get("tags", {})
    usage = prices.usage_of(tags.get(ENVIRONMENT, ""))
    return Report(
        stack=title,
        plan=plan,
        bill=bill(plan.resources, prices, usage),
        currency=prices.currency,
        assumptions=assumptions(prices, usage),
        earlier=earlier,
    )


def write(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{report.stack}.json").write_text(as_json(report))
    (folder / f"{report.stack}.md").write_text(markdown(report))


if __name__ == "__main__":
    main()
