"""Configures the public address of the platform, and provisions it."""

from typing import Annotated, Any

from pydantic import Field

from stacks.config.section import Section

HostName = Annotated[
    str, Field(max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")
]


class Zone(Section):
    """Names a public Route 53 zone of this account."""

    name: HostName  # of the zone in Route 53
    id: str = Field(pattern=r"^Z[A-Z0-9]{1,31}$")  # of the zone in Route 53

    def contains(self, host: str) -> bool:
        return f".{host}".endswith(f".{self.name}")


class GatewayConfig(Section):
    """Configures a public load balancer with TLS."""

    host: HostName  # public name of the platform
    zone: Zone | None = None  # contains the host; with a foundation, that of the foundation

    @property
    def url(self) -> str:
        return f"https://{self.host}"


def expect_protected(gateway: GatewayConfig, others: dict[str, Any]) -> None:
    """Require that services authenticate the callers of a gateway and admit its requests."""
    if "identity" in others and others["identity"] is None:
        raise ValueError(
            "expected `herald:identity` with a public gateway: without it, services trust headers "
            "that anyone can send"
        )
    network = others.get("network")
    if network is not None and not network.caller_cidrs:
        raise ValueError(
            "expected network.callerCidrs with the subnets of the load balancer, because network "
            "policies admit nobody else"
        )
    if gateway.zone is not None and not gateway.zone.contains(gateway.host):
        raise ValueError(f"expected a host in the zone {gateway.zone.name}, got {gateway.host}")
