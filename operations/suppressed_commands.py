"""Defines `herald suppressed`: list suppressed addresses, or send to one of them again.

Only the pods of notification-service reach its database, so the commands run in a pod.
"""

from typing import Annotated

import typer

from operations.options import StackName

SERVICE = "notification-service"
COMMAND = ("python", "-m", "notification_service.suppressed_command")

suppressed = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List or restore addresses that receive no e-mail.\n\n"
    "Herald suppresses an address after a bounce or a complaint. "
    "Each line of the output is a JSON object.",
)


def ask(stack: str, *arguments: str) -> None:
    from operations.cluster import print_from_pod

    print_from_pod(stack, SERVICE, *COMMAND, *arguments)


@suppressed.command("list")
def list_(
    stack: StackName,
    limit: Annotated[int, typer.Option(min=1, help="Addresses to list.")] = 1000,
) -> None:
    """List the oldest suppressed addresses with their reasons."""
    ask(stack, "list", "--limit", str(limit))


@suppressed.command()
def remove(
    stack: StackName,
    address: Annotated[str, typer.Option(help="The address, in any letter case.")],
) -> None:
    """Send e-mails to an address again.

    Use it if the owner asked for e-mails, or if the mailbox works again.
    """
    ask(stack, "remove", "--address", address)
