"""Stacks and reports that a preview cannot use."""

from pathlib import Path

import pytest

from review.preview.making import report_of
from review.simulation.rehearsal import PreviewError


@pytest.mark.parametrize(
    ("program", "stack", "before", "sentence"),
    [
        ("platform", "", None, "expected a stack among dev, local, prod, staging; got none"),
        ("platform", "none", None, "expected a stack among dev, local, prod, staging; got none"),
        ("foundation", "local", None, "expected a stack among dev, prod, staging; got local"),
        (
            "platform",
            "prod",
            Path("/nowhere/prod.json"),
            "could not read /nowhere/prod.json: No such file or directory",
        ),
    ],
)
def test_wrong_arguments_are_refused_first(
    monkeypatch: pytest.MonkeyPatch, program: str, stack: str, before: Path | None, sentence: str
):
    monkeypatch.setenv("PATH", "/nowhere")  # nothing is started, and nothing is looked for
    with pytest.raises(PreviewError) as refused:
        report_of(program, stack, before)
    assert str(refused.value) == sentence
