"""Imports the packages that services use until a byte arrives, then runs a service.

`python warm_start.py PACKAGE GATE` reads the byte from the file descriptor GATE.
"""

import os
import runpy
import sys
from importlib import import_module
from select import select

COMMON = (
    "boto3.session",
    "botocore.client",
    "fastapi.applications",
    "opentelemetry.trace",
    "prometheus_client",
    "psycopg",
    "pydantic_settings",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.orm",
    "structlog.dev",
    "uvicorn",
)


def main(package: str, gate: int) -> None:
    sys.path[0] = os.getcwd()  # as `python -m` has it, instead of this folder
    for name in COMMON:
        if select([gate], [], [], 0)[0]:
            break  # nothing to wait for: the service imports what it needs
        try:
            import_module(name)
        except ModuleNotFoundError:
            continue
    if os.read(gate, 1):  # nothing, if the command that started this has ended
        sys.argv[1:] = []
        runpy.run_module(package, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
