"""Text from outside that may reach a header, a message or a database."""

import re
from typing import Annotated

from pydantic import AfterValidator

# Besides control characters: halves of surrogate pairs, which UTF-8 cannot say.
_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_IN_A_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def _line(text: str) -> str:
    if found := _IN_A_LINE.search(text):
        raise ValueError(f"no control characters are accepted; found {ord(found[0]):#04x}")
    return text


def _text(text: str) -> str:
    if found := _IN_A_TEXT.search(text):
        raise ValueError(
            f"no control characters but tab and line ends are accepted; found {ord(found[0]):#04x}"
        )
    return text


Line = Annotated[str, AfterValidator(_line)]
PlainText = Annotated[str, AfterValidator(_text)]
