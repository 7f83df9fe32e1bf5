"""Runs operators' commands in a pod, on the database of the pod's settings."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Engine

from service_runtime.database import create_database_engine
from service_runtime.settings import DatabaseSettings, read_settings


def print_answers(ask: Callable[[Engine], Iterable[Mapping[str, Any]]]) -> None:
    """Print each answer as one line of JSON."""
    engine = create_database_engine(read_settings(DatabaseSettings))
    try:
        for answer in ask(engine):
            print(json.dumps(answer))
    finally:
        engine.dispose()
