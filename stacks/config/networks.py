"""Configures the callers of the services and their destinations."""

from ipaddress import IPv4Network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from stacks.config.section import Section

DnsLabel = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
# RFC 1918, loopback, and RFC 6598, which AWS recommends for pods
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "100.64.0.0/10")
Port = Annotated[int, Field(ge=1, le=65535)]


def network(text: str) -> str:
    """Return a network in the notation of Kubernetes and AWS, or raise ValueError."""
    try:
        same = str(IPv4Network(text)) == text
    except ValueError:
        same = False
    if not same:
        raise ValueError(
            "expected an IPv4 network such as 10.0.0.0/16, or 10.0.0.1/32 for one address"
        )
    return text


Cidr = Annotated[str, AfterValidator(network)]


class DestinationConfig(Section):
    cidr: Cidr  # that pods may reach
    ports: list[Port] = Field(min_length=1)  # TCP
    # Networks inside of `cidr` that pods may not reach.
    excluded: list[Cidr] = Field(default_factory=list)

    @model_validator(mode="after")
    def excluded_of_it(self) -> Self:
        whole = IPv4Network(self.cidr)
        for part in map(IPv4Network, self.excluded):
            if part == whole or not part.subnet_of(whole):
                raise ValueError(
                    f"expected only networks inside {self.cidr} in `excluded`, each smaller than it"
                )
        return self


class NetworkConfig(Section):
    """Names the callers of the services, and their destinations in addition to DNS."""

    destinations: list[DestinationConfig] = Field(min_length=1)
    # Namespaces whose pods may call the services.
    caller_namespaces: list[DnsLabel] = Field(default_factory=list)
    caller_cidrs: list[Cidr] = Field(default_factory=list)  # from which the services may be called
    metrics_namespaces: list[DnsLabel] = Field(default_factory=list)  # may read metrics
    metrics_cidrs: list[Cidr] = Field(
        default_factory=list
    )  # may read metrics from outside the cluster

    def public_caller(self) -> str | None:
        """Return a caller network that is not private, or None."""
        private = [IPv4Network(one) for one in PRIVATE]
        for cidr in self.caller_cidrs:
            if not any(IPv4Network(cidr).subnet_of(one) for one in private):
                return cidr
        return None
