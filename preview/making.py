"""Makes the report of a preview."""

from pathlib import Path

from local.environment import Environment
from preview.costs import assumptions, bill
from preview.plan import Plan, events_of, plan_of
from preview.prices import read_prices
from preview.rehearsal import PROGRAMS, PreviewError, Program, read_stack_file, rehearse
from preview.report import BadReport, Earlier, Report, as_json, markdown

ENVIRONMENT = "environment"  # the tag by which the use of a stack is known


def report_of(
    program: str, stack: str, environment: Environment, before: Path | None = None
) -> Report:
    """What a program's stack would become, against an earlier report or an empty stack."""
    title = titled(program, stack)
    earlier = earlier_report(before, title)
    planned = plan_of(events_of(rehearse(PROGRAMS[program], stack, environment)))
    return reported(PROGRAMS[program], stack, title, planned, earlier)


def check(program: str, stack: str, before: Path | None) -> None:
    """Refuse what no preview can be made of, before anything is started for one."""
    read_stack_file(stack, PROGRAMS[program].folder)
    earlier_report(before, titled(program, stack))


def titled(program: str, stack: str) -> str:
    """By what a report is known: the platform's by its stack alone."""
    return stack if program == "platform" else f"{program}-{stack}"


def earlier_report(file: Path | None, stack: str) -> Earlier | None:
    if file is None:
        return None
    try:
        return Earlier.of(file.read_text(), stack)
    except OSError as error:
        raise PreviewError(f"{file} could not be read: {error.strerror}") from None
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{report.stack}.json").write_text(as_json(report))
        (folder / f"{report.stack}.md").write_text(markdown(report))
    except OSError as error:
        raise PreviewError(f"{error.filename} could not be written: {error.strerror}") from None
