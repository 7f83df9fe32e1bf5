"""Creates the report of a preview."""

from pathlib import Path
from threading import Thread

from review.cloudformation import load_schemas
from review.preview.costs import Bill, assumptions, bill
from review.preview.limits import compare_with_limits
from review.preview.plan import Plan, events_of, plan_of
from review.preview.prices import NoTable, read_prices, usage_of
from review.preview.report import BadReport, Earlier, Report, as_json, markdown, text
from review.simulation.rehearsal import (
    PROGRAMS,
    PreviewError,
    Program,
    read_stack_file,
    run_preview,
)

ENVIRONMENT = "environment"  # tag that selects the usage of a stack


def report_of(program: str, stack: str, before: Path | None = None) -> Report:
    """Return the planned changes of a stack against an earlier report or an empty stack."""
    title = title_of(program, stack)
    earlier = earlier_report(before, title)
    Thread(target=load_schemas, daemon=True).start()  # while the engine runs
    planned = plan_of(events_of(run_preview(PROGRAMS[program], stack)))
    return create_report(PROGRAMS[program], stack, title, planned, earlier)


def title_of(program: str, stack: str) -> str:
    """Return the name of a report; that of the platform is the name of its stack."""
    return stack if program == "platform" else f"{program}-{stack}"


def earlier_report(file: Path | None, stack: str) -> Earlier | None:
    if file is None:
        return None
    try:
        return Earlier.of(file.read_text(), stack)
    except OSError as error:
        raise PreviewError(f"could not read {file}: {error.strerror}") from None
    except BadReport as error:
        raise BadReport(f"{file}: {error}") from None


def create_report(
    program: Program, stack: str, title: str, plan: Plan, earlier: Earlier | None
) -> Report:
    config = read_stack_file(stack, program.folder)
    plan = compare_with_limits(plan, config.get("aws:region", ""))
    usage = usage_of(config.get("aws:defaultTags", {}).get("tags", {}).get(ENVIRONMENT, ""))
    try:
        prices = read_prices(config.get("aws:region", ""))
    except NoTable as missing:
        nothing = Bill((), (str(missing),))
        return Report(
            stack=title, plan=plan, bill=nothing, currency="", assumptions=[], earlier=earlier
        )
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
        (folder / f"{report.stack}.txt").write_text(text(report))
    except OSError as error:
        raise PreviewError(f"could not write {error.filename}: {error.strerror}") from None
