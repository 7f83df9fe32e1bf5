"""Reads settings once from the environment."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

from event_messages.event import reason_without_prefix
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

EXIT_BAD_SETTINGS = 2

AUTHORITIES = (
    "expected a readable file with the certificates of the database server's authorities; "
    "got {came}"
)

Port = Annotated[int, Field(ge=1, le=65535)]


class ServiceSettings(BaseSettings):
    """Defines the settings of every service."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    listen_address: str = "0.0.0.0"  # of both ports
    http_port: Port = 8080
    metrics_port: Port = 9090  # reachable only for monitoring


class DatabaseSettings(ServiceSettings):
    """Defines the settings of a service with a database."""

    database_host: str
    database_port: Port = 5432
    database_name: str
    database_user: str
    database_password: SecretStr
    database_sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = (
        "require"
    )
    database_sslrootcert: Annotated[Path | None, Field(validate_default=True)] = None
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 5

    @field_validator("database_sslrootcert")
    @classmethod
    def _check_authorities(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        """Reject an unreadable file; libpq reports it only at the first connection."""
        if info.data.get("database_sslmode", "").startswith("verify-"):
            if file is None or not os.access(file, os.R_OK) or not file.is_file():
                raise PydanticCustomError("authorities", AUTHORITIES, {"came": str(file)})
        return file

    def tls_options(self) -> dict[str, str]:
        """Return options of libpq; with `sslrootcert`, even `require` would check certificates."""
        options: dict[str, str] = {"sslmode": self.database_sslmode}
        if self.database_sslmode.startswith("verify-"):
            options["sslrootcert"] = str(self.database_sslrootcert)
        return options


class MigrationSettings(DatabaseSettings):
    """Defines the settings of a migration: the service's role and the owner of the tables."""

    database_admin_user: str
    database_admin_password: SecretStr


Settings = TypeVar("Settings", bound=ServiceSettings)


def read_settings(kind: type[Settings]) -> Settings:
    """Return the settings, or print one sentence and exit with status 2."""
    try:
        return kind()
    except ValidationError as error:
        _end(_sentence(error))
    except SettingsError as error:
        _end(f"Could not read a setting: {error}.")


def _sentence(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    missing = [_variable(problem["loc"]) for problem in problems if problem["type"] == "missing"]
    wrong = [
        f"{_variable(problem['loc'])} ({reason_without_prefix(problem['msg'])})"
        for problem in problems
        if problem["type"] != "missing"
    ]
    parts = [
        f"these environment variables are missing: {', '.join(missing)}" if missing else "",
        f"these have a wrong value: {', '.join(wrong)}" if wrong else "",
    ]
    text = "; ".join(part for part in parts if part)
    return f"{text[0].upper()}{text[1:]}."


def _variable(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "SETTINGS"


def _end(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise SystemExit(EXIT_BAD_SETTINGS)
