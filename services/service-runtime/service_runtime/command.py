"""Provides the command line of a service with a database, and prepares its process."""

import sys
from collections.abc import Callable
from importlib import import_module

from service_runtime.logs import configure_logs
from service_runtime.settings import MigrationSettings, Settings, read_settings
from service_runtime.span_export import export_spans


def run_command(name: str, package: str, serve: Callable[[], None] | None = None) -> None:
    """Call `serve`, or with the argument `migrate` run the migrations of the package.

    By default, `serve` is that of the package's module `serving`. It is imported only when it is
    called, so a migration starts a second sooner.
    """
    match sys.argv[1:]:
        case []:
            (serve or import_module(f"{package}.serving").serve)()
        case ["migrate"]:
            prepare_database(name, f"{package}:migrations")
        case arguments:
            sys.exit(f"Expected `migrate` or no argument; got {' '.join(arguments)!r}.")


def prepare_process(name: str, kind: type[Settings]) -> Settings:
    """Read the settings of a service, and set up its logs and spans."""
    settings = read_settings(kind)
    configure_logs(name, settings.log_level)
    export_spans(name)
    return settings


def prepare_database(name: str, migrations: str) -> None:
    from service_runtime.migrations import MigrationFailed, migrate  # serving needs no Alembic

    settings = read_settings(MigrationSettings)
    configure_logs(name, settings.log_level)
    try:
        migrate(settings, migrations)
    except MigrationFailed as error:
        sys.exit(str(error))
