"""What a whole namespace may take."""

from typing import Annotated

from pydantic import Field

from stacks.section import Section

Cpu = Annotated[str, Field(pattern=r"^[1-9][0-9]*m?$")]
Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Ki|Mi|Gi)$")]

UNITS = {"m": 0.001, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def amount(quantity: str) -> float:
    """In cores or bytes."""
    number = quantity.rstrip("mKMGi")
    return int(number) * UNITS.get(quantity.removeprefix(number), 1)


class QuotaConfig(Section):
    """Of the whole namespace, with the pods that a rollout and a migration add."""

    pods: int = Field(default=50, ge=10)
    cpu_requests: Cpu = "8"
    cpu_limits: Cpu = "32"
    memory_requests: Memory = "16Gi"
    memory_limits: Memory = "32Gi"
