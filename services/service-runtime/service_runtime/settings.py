"""Settings, read once from the environment."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

EXIT_BAD_SETTINGS = 2

AUTHORITIES = (
    "expected a readable file with the certificates of the authorities that the server's "
    "certificate is checked with, came {came}"
)

Port = Annotated[int, Field(ge=1, le=65535)]


class ServiceSettings(BaseSettings):
    """What every service is told."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    http_port: Port = 8080


class DatabaseSettings(ServiceSettings):
    """What a service with a database is told."""

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
    def readable(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        """libpq tells of a missing file only at the first connection."""
        if info.data.get("database_sslmode", "").startswith("verify-"):
            if file is None or not os.access(file, os.R_OK) or not file.is_file():
                raise PydanticCustomError("authorities", AUTHORITIES, {"came": str(file)})
        return file

    def tls(self) -> dict[str, str]:
        """As libpq is told: a file of authorities would make `require` check certificates."""
        told: dict[str, str] = {"sslmode": self.database_sslmode}
        if self.database_sslmode.startswith("verify-"):
            told["sslrootcert"] = str(self.database_sslrootcert)
        return told


class MigrationSettings(DatabaseSettings):
    """What a migration is told: the service's own account and the one that owns the tables."""

    database_admin_user: str
    database_admin_password: SecretStr


Settings = TypeVar("Settings", bound=ServiceSettings)


def read_settings(kind: type[Settings]) -> Settings:
    """The settings, or the end of the process with one sentence that says what is wrong."""
    try:
        return kind()
    except ValidationError as error:
        _end(_sentence(error))
    except SettingsError as error:
        _end(f"A setting cannot be read: {error}.")


def _sentence(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    missing = [_variable(problem["loc"]) for problem in problems if problem["type"] == "missing"]
    wrong = [
        f"{_variable(problem['loc'])} ({problem['msg']})"
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
