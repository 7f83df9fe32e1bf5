"""Resources as a run of a program on made-up answers records them."""

from review.simulation.trial import Recorded


def recorded(type_: str, name: str, inputs=None, outputs=None, refers=None) -> Recorded:
    return Recorded(
        type=type_,
        name=name,
        urn=f"urn:{type_}:{name}",
        parent=("", ""),
        inputs=inputs or {},
        outputs=outputs or {},
        secrets=frozenset(),
        protect=False,
        retain_on_delete=False,
        ignore_changes=(),
        depends_on=(),
        provider="",
        references=refers or {},
    )
