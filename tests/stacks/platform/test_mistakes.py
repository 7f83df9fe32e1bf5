"""Mistakes in a platform's program are refused in one sentence, with the line."""

import pytest

from stacks.config.project import ROOT
from stacks.platform.mistakes import ProgramError, explained_mistakes
from stacks.platform.platform_parts import Platform
from stacks.platform.workloads import Cluster

NEITHER = object.__new__(Platform)


def misspell_variable(events, queues):
    return evnts.consumer("EVENT")  # type: ignore[name-defined]  # noqa: F821


def misspell_method(events, queues):
    return NEITHER.qeue("event", events)


def misspell_part(events, queues):
    return queues["evnt"]


def misspell_argument(events, queues):
    return NEITHER.queue("event", events, onli={})


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (misspell_variable, "'evnts' is not defined; did you mean 'events'?"),
        (misspell_method, "Platform has no 'qeue'; did you mean 'queue'?"),
        (misspell_part, "'evnt' does not exist; correct the name"),
        (
            misspell_argument,
            "Platform.queue() got an unexpected keyword argument 'onli'; correct the call",
        ),
    ],
)
def test_mistake_is_one_sentence(program, said):
    with pytest.raises(ProgramError) as refused, explained_mistakes(program):
        program("events", {})
    line = program.__code__.co_firstlineno + 1
    assert str(refused.value) == f"tests/stacks/platform/test_mistakes.py, line {line}: {said}"


def test_bug_elsewhere_keeps_its_traceback():
    def program():
        return (ROOT / "missing").read_text()

    with pytest.raises(FileNotFoundError), explained_mistakes(program):
        program()


def test_refusal_stays_as_it_is():
    def program():
        Cluster.folder(type("Empty", (), {"folders": {}})(), "prices")

    with pytest.raises(Exception, match="^Expected a service in services/prices") as refused:
        with explained_mistakes(program):
            program()
    assert refused.type.__name__ == "PartError"
