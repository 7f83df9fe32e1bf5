"""Defines options of several commands."""

from typing import Annotated

import typer

StackName = Annotated[
    str, typer.Option("--stack", help="Name of the stack, for example local, dev or prod.")
]
