"""The operators' commands. Each imports what it needs when called, so that help is quick."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from herald.dead_letter_commands import dead_letters, redrive
from herald.options import StackName
from herald.refused_event_commands import refused_events

app = typer.Typer(
    name="herald",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Look after a stack of the reminder and notification platform.",
)
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(refused_events, name="refused-events")
app.command("redrive", help="Short for `herald dead-letters redrive`.")(redrive)


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
    """Queues, dead letters, deployments, databases and the last update."""
    from herald.stack import Stack
    from herald.status import status_of
    from herald.status_report import report

    report(status_of(Stack(stack)))


@app.command()
def attest(
    stack: StackName,
    verify: Annotated[bool, typer.Option("--verify", help="Compare only, attach nothing.")] = False,
) -> None:
    """Attach SBOM and provenance to the images of a stack, in their registry."""
    from herald.attestation import attest
    from herald.attestation.registry import Image
    from herald.stack import Stack

    chosen = Stack(stack)
    base = chosen.written["herald:images"]["base"]
    for service, reference in sorted(chosen.outputs.images.items()):
        image = Image(reference)
        said = (
            attest.verify(image, service) if verify else attest.attach(image, stack, service, base)
        )
        typer.echo(f"{service:24}{image.digest[:19]}  {said}")


@app.command()
def outputs(
    stack: StackName,
    service: Annotated[str | None, typer.Option(help="Its pods' settings, secrets in clear.")] = (
        None
    ),
    form: Annotated[Format, typer.Option("--format")] = Format.env,
) -> None:
    """What the stack tells others, as variables, JSON or a Kubernetes manifest."""
    from stacks.outputs import shown

    typer.echo(shown(stack, form.value, service))


@app.command()
def preview(
    stack: StackName,
    program: Annotated[Program, typer.Option()] = Program.platform,
    form: Annotated[ReportFormat, typer.Option("--format")] = ReportFormat.text,
    before: Annotated[Path | None, typer.Option(help="A JSON report to compare with.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for NAME.json and NAME.md.")] = None,
) -> None:
    """What a stack would become, cost and break, without any access; needs `make up`."""
    from local.environment import Environment
    from preview.making import report_of, write
    from preview.report import FORMATS

    report = report_of(program.value, stack, Environment.chosen(), before)
    if output is not None:
        write(report, output)
    typer.echo(FORMATS[form.value](report), nl=False)
    raise typer.Exit(1 if report.plan.is_refused else 0)


@app.command()
def doctor(stack: StackName = "local") -> None:
    """Check tools, access, configuration and what the stack depends on; say what to do."""
    from herald.doctor import examine
    from herald.stack import Stack

    raise typer.Exit(examine(Stack(stack)))


@app.command()
def diagram(
    stack: StackName,
    output: Annotated[Path, typer.Option(help="The SVG file to write.")],
) -> None:
    """Draw the architecture of a stack from its own state."""
    from herald.architecture import architecture
    from herald.diagram import draw
    from herald.errors import OperatorError
    from herald.stack import Stack

    if output.suffix != ".svg":
        raise OperatorError(f"expected --output to name an .svg file, got {str(output)!r}")
    picture = draw(architecture(stack, Stack(stack).resources()))
    try:
        output.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise OperatorError(f"{output} could not be written: {error.strerror}") from None


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        app(None if arguments is None else list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    except Exception as error:
        from herald.errors import sentence

        told = sentence(error)
        if told is None:
            raise
        print(f"Herald: {told}.", file=sys.stderr)
        return 1
    return 0
