"""Defines the operators' commands, which import their modules on use, so that help is fast."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from operations.dead_letter_commands import dead_letters, redrive
from operations.new_commands import new
from operations.options import StackName
from operations.run_command import run
from operations.suppressed_commands import suppressed

app = typer.Typer(
    name="herald",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Operate a stack of the reminder and notification platform.",
)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(suppressed, name="suppressed")
app.add_typer(new, name="new")


class Format(StrEnum):
    env = "env"
    json = "json"
    k8s = "k8s"


class ReportFormat(StrEnum):
    text = "text"
    markdown = "markdown"
    json = "json"


class Program(StrEnum):
    platform = "platform"
    foundation = "foundation"


@app.command()
def status(stack: StackName) -> None:
    """Show queues, deployments, databases and the last update."""
    from operations.stack import Stack
    from operations.status import status_of
    from operations.status_report import report

    report(status_of(Stack(stack)))


@app.command()
def outputs(
    stack: StackName,
    service: Annotated[
        str | None, typer.Option(help="Print the settings of its pods, with secrets in plain text.")
    ] = (None),
    form: Annotated[Format, typer.Option("--format", help="Format of the output.")] = Format.env,
) -> None:
    """Print the outputs of a stack, or settings of a service.

    The formats are variables of a shell, JSON, and a Kubernetes manifest.
    """
    from stacks.outputs.models import format_outputs

    typer.echo(format_outputs(stack, form.value, service))


@app.command()
def preview(
    stack: StackName,
    program: Annotated[Program, typer.Option(help="Program to preview.")] = Program.platform,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="Format of the report.")
    ] = ReportFormat.text,
    before: Annotated[
        Path | None, typer.Option(help="JSON report of an earlier preview to compare with.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the reports as .txt, .json and .md.")
    ] = None,
    account: Annotated[
        bool, typer.Option("--account", help="Also check your access, quotas, zone and e-mail.")
    ] = False,
) -> None:
    """Show planned changes, monthly cost and policy violations.

    It needs no access to an account, except with --account. Then it also runs the checks of
    `herald doctor` that name what would stop an update.
    """
    if account and program is not Program.platform:
        raise typer.BadParameter("expected the program platform with --account")
    from operations.errors import OperatorError
    from review.preview.making import report_of, write
    from review.preview.report import FORMATS, BadReport
    from review.simulation.rehearsal import PreviewError

    try:
        report = report_of(program.value, stack, before)
        if account:
            from operations.stack import Stack
            from operations.update_problems import problems_of

            report = replace(report, account=problems_of(Stack(stack)))
        if output is not None:
            write(report, output)
    except (PreviewError, BadReport) as error:
        raise OperatorError(str(error)) from None
    typer.echo(FORMATS[form.value](report), nl=False)
    raise typer.Exit(1 if report.is_refused else 0)


@app.command()
def rename(name: Annotated[str, typer.Argument(help="New name of the project.")]) -> None:
    """Rename the project in Pulumi.yaml and in stack files."""
    from operations.rename import rename_project

    changed = rename_project(name)
    typer.echo(f"Renamed the project to {name} in {', '.join(map(str, changed))}.")


@app.command()
def doctor(stack: StackName = "local") -> None:
    """Check a stack and this machine, and say what to do.

    It checks tools, access, configuration and dependencies.
    """
    from operations.doctor import examine
    from operations.stack import Stack

    raise typer.Exit(examine(Stack(stack)))


@app.command()
def diagram(stack: StackName) -> None:
    """Print the architecture of a stack as a flowchart.

    The flowchart is in Mermaid's language and shows the state of the stack.
    """
    from operations.diagram import diagram
    from operations.stack import Stack

    typer.echo(diagram(stack, Stack(stack).resources()))


app.command()(run)
app.command("redrive", help="Short for `herald dead-letters redrive`.")(redrive)


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        app(None if arguments is None else list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    except Exception as error:
        from operations.errors import sentence

        message = sentence(error)
        if message is None:
            raise
        print(f"Herald: {message}.", file=sys.stderr)
        return 1
    return 0
