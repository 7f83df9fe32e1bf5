"""Checks text from outside before it reaches a header, a message or a database."""

import re
from typing import Annotated

from pydantic import AfterValidator

# Control characters, and halves of surrogate pairs, which UTF-8 cannot encode.
_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_IN_A_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _check_line(text: str) -> str:
    if match := _IN_A_LINE.search(text):
        raise ValueError(f"Expected one line without control characters; got {ord(match[0]):#04x}.")
    return text


def _check_text(text: str) -> str:
    if match := _IN_A_TEXT.search(text):
        raise ValueError(
            f"Expected no control characters except tab and line ends; got {ord(match[0]):#04x}."
        )
    return text


Line = Annotated[str, AfterValidator(_check_line)]
PlainText = Annotated[str, AfterValidator(_check_text)]
