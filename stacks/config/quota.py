"""Configures the quota of a namespace."""

from typing import Annotated

from pydantic import Field

from stacks.config.section import Section

Cpu = Annotated[str, Field(pattern=r"^[1-9][0-9]*m?$")]
Memory = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Ki|Mi|Gi)$")]

UNITS = {"m": 0.001, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def amount(quantity: str) -> float:
    """Return a quantity in cores or bytes."""
    number = quantity.rstrip("mKMGi")
    return int(number) * UNITS.get(quantity.removeprefix(number), 1)


class QuotaConfig(Section):
    """Sets the quota of a namespace, including pods of rollouts and migrations."""

    pods: int = Field(default=50, ge=10)  # of the namespace
    cpu_requests: Cpu = "8"  # of all pods together
    cpu_limits: Cpu = "32"  # of all pods together
    memory_requests: Memory = "16Gi"  # of all pods together
    memory_limits: Memory = "32Gi"  # of all pods together
