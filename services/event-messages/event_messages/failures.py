"""Describes exceptions for logs, traces and dead letters, without personal data."""

import re
import traceback
from functools import singledispatch
from pathlib import PurePath

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from pydantic import ValidationError

from event_messages.errors import Explained, RetryLater
from event_messages.event import explain

LONGEST_CHAIN = 5  # exceptions in one log line, each the cause of the next

_ADDRESS = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+")
_TOKEN = re.compile(r"(?ai)\bbearer\s+\S+|[\w\-+=~]{20,}[.:][\w\-+=~.:]{20,}|[\w\-+=~]{64,}")


@singledispatch
def describe(error: BaseException) -> str:
    """Return one line with the class of an error, and its text if that cannot hold user data.

    Texts of unknown errors can quote users, so the line gives the place in the code instead.
    Other modules register a function for their own kinds of errors.
    """
    return f"{type(error).__name__} in {place(error)}"


@describe.register
def _(error: Explained) -> str:
    return f"{type(error).__name__}: {redact(str(error))}"


@describe.register
def _(error: RetryLater) -> str:
    return redact(str(error))


@describe.register
def _(error: ValidationError) -> str:
    return f"{type(error).__name__}: {explain(error)}"


@describe.register(ClientError)
@describe.register(BotoCoreError)
def _(error: Exception) -> str:
    return f"{type(error).__name__}: {redact(str(error))}"


@describe.register
def _(error: ParamValidationError) -> str:  # its text quotes the parameters
    return f"{type(error).__name__} in {place(error)}"


@describe.register
def _(error: OSError) -> str:
    reason = f": {redact(error.strerror)}" if error.strerror else f" in {place(error)}"
    return f"{type(error).__name__}{reason}"


def redact(text: str) -> str:
    """Return the text as one line, without the e-mail addresses and tokens in it."""
    return _TOKEN.sub("<token>", _ADDRESS.sub("<address>", " ".join(text.split())))


def place(error: BaseException) -> str:
    """Return the file and line of our own code that is nearest to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    return f"{PurePath(own[-1].filename).name}:{own[-1].lineno}" if own else "an unknown place"


def render(error: BaseException, depth: int = LONGEST_CHAIN) -> str:
    """Return the tracebacks of an error and up to `depth - 1` causes, with descriptions."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{render(cause, depth - 1)}\n\nwhich led to\n\n" if cause and depth > 1 else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{before}Traceback (most recent call last):\n{frames}{describe(error)}"
