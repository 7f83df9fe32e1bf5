"""Explains mistakes in the program of a platform, for example misspelt names, in one sentence."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pulumi

from stacks.config.project import ROOT


class ProgramError(pulumi.RunError):
    """Reports a mistake with its line, and the most similar name."""


@contextmanager
def explained_mistakes(program: Callable[..., Any]) -> Iterator[None]:
    """Raise ProgramError for an error that a line of the program itself raises."""
    try:
        yield
    except pulumi.RunError:
        raise
    except Exception as error:
        frame, line = list(traceback.walk_tb(error.__traceback__))[-1]
        if frame.f_code.co_filename != program.__code__.co_filename:
            raise  # a bug elsewhere, whose traceback helps
        place = f"{name_file(frame.f_code.co_filename)}, line {line}"
        raise ProgramError(f"{place}: {describe(error, frame.f_locals)}") from None


def name_file(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def describe(error: Exception, variables: dict[str, Any]) -> str:
    match error:
        case NameError(name=name):
            return f"{name!r} is not defined{suggest(name, variables)}"
        case AttributeError(name=name, obj=thing):
            return f"{type(thing).__name__} has no {name!r}{suggest(name, dir(thing))}"
        case KeyError(args=[name]):
            return f"{name!r} does not exist; correct the name"
    return f"{error}; correct the call"


def suggest(name: str | None, known: Iterable[str]) -> str:
    nearest = get_close_matches(name or "", [one for one in known if one[0] != "_"], 1)
    return f"; did you mean {nearest[0]!r}?" if nearest else "; correct the name"
