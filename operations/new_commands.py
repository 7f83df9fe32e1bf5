"""`herald new`: creates the parts of a platform that you add."""

from typing import Annotated

import typer

new = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Add your own parts to the platform."
)


@new.callback()
def choose() -> None:
    """Add your own parts to the platform."""


@new.command()
def service(
    name: Annotated[str, typer.Argument(help="Name of the folder in services/.")],
    queue: Annotated[
        str | None, typer.Option(help="Topic whose messages its queue receives.")
    ] = None,
    table: Annotated[str | None, typer.Option(help="DynamoDB table that it writes.")] = None,
    database: Annotated[bool, typer.Option("--database", help="Add a PostgreSQL database.")] = (
        False
    ),
    dockerfile: Annotated[
        bool, typer.Option("--dockerfile", help="Add a Dockerfile, for any language.")
    ] = False,
    image: Annotated[
        str | None, typer.Option(help="Existing image, by digest, that replaces the build.")
    ] = None,
) -> None:
    """Create the folder of a service and add it to the stack program."""
    from operations.new_service import NewService, create_service

    changed = create_service(
        NewService(
            name=name,
            topic=queue,
            table=table,
            database=database,
            own_dockerfile=dockerfile,
            image=image,
        )
    )
    typer.echo(f"Created services/{name}. Changed {', '.join(map(str, changed))}.")
    typer.echo("Next: make check, make preview STACK=dev, make up.")
