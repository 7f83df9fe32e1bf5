"""`herald run`: runs a service on this machine in place of its pods."""

from typing import Annotated

import typer


def run(
    service: Annotated[
        str | None, typer.Argument(help="Name of the folder in services/.", show_default=False)
    ] = None,
    stack: Annotated[str, typer.Option(help="Stack whose pods reach this machine.")] = "local",
    debug: Annotated[
        bool, typer.Option("--debug", help="Wait for a debugger on port 5678 (debugpy).")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Only bring back the pods that a killed run left out.")
    ] = False,
) -> None:
    """Run a service on this machine in place of its pods.

    It reloads the service on each change.
    """
    from operations.paused_pods import resume_abandoned

    if resume:
        for deployment in resume_abandoned():
            typer.echo(f"The pods of {deployment} are back.")
        return
    if service is None:
        raise typer.BadParameter("expected the name of a service, for example reminder-service")
    from operations.local_service import run_service
    from operations.stack import Stack

    run_service(Stack(stack), service, debug=debug)
