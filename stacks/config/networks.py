"""Which networks reach the services, and which the services reach."""

from ipaddress import IPv4Network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stacks.section import Section

DnsLabel = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def network(text: str) -> str:
    """Whatever Kubernetes and AWS refuse is refused before they have made anything."""
    try:
        same = str(IPv4Network(text)) == text
    except ValueError:
        same = False
    if not same:
        raise ValueError(
            "expected an IPv4 network such as 10.0.0.0/16 or, of one address, 10.0.0.1/32"
        )
    return text


Cidr = Annotated[str, AfterValidator(network)]


class DestinationConfig(Section):
    cidr: Cidr
    ports: list[Port] = Field(min_length=1)
    excluded: list[Cidr] = Field(default_factory=list)

    @model_validator(mode="after")
    def excluded_of_it(self) -> Self:
        whole = IPv4Network(self.cidr)
        for part in map(IPv4Network, self.excluded):
            if part == whole or not part.subnet_of(whole):
                raise ValueError(f"expected parts of {self.cidr} in `excluded`")
        return self


class NetworkConfig(Section):
    """Who reaches the services, and what they reach, besides names."""

    destinations: list[DestinationConfig] = Field(min_length=1)
    caller_namespaces: list[DnsLabel] = Field(default_factory=list)
    caller_cidrs: list[Cidr] = Field(default_factory=list)
