"""Reads values of stack files that are in files of their own."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr

from stacks.config.project import ROOT


def read_file(given: Any) -> Any:
    """Return the text of the file in `{fromFile: path}`, relative to the folder of the project."""
    if not isinstance(given, dict):
        return given
    if set(given) != {"fromFile"} or not isinstance(given["fromFile"], str):
        raise ValueError("expected text, or {fromFile: PATH}")
    file = ROOT / given["fromFile"]
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"expected a readable text file at {file}") from error
    if not text:
        raise ValueError(f"expected text in the file {file}, which is empty")
    return text


FileText = Annotated[str, BeforeValidator(read_file)]
Secret = Annotated[SecretStr, BeforeValidator(read_file), Field(min_length=1)]
