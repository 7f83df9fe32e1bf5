"""Options that several commands have."""

from typing import Annotated

import typer

StackName = Annotated[str, typer.Option("--stack", help="Such as local, dev or prod.")]
