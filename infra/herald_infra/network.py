"""A private network over several zones."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ec2

from infra.flow_logs import flow_logs

ANYWHERE = "0.0.0.0/0"
Tier = Literal["public", "private", "database"]
MOST_ZONES = 3  # that the plan of addresses has room for
# Kubernetes finds the subnets of its load balancers by these.
TAGS: Mapping[Tier, Mapping[str, str]] = {
    "public": {"kubernetes.io/role/elb": "1"},
    "private": {"kubernetes.io/role/internal-elb": "1"},
    "database": {},
}


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    region: str
    zones: Sequence[str]  # two or three, such as "eu-central-1a"
    cidr: str = "10.0.0.0/16"  # /16 to /20
    nat_gateways: Literal["one", "each-zone"] = "each-zone"
    flow_log_days: int = 30

    def __post_init__(self) -> None:
        network = IPv4Network(self.cidr)
        if not 16 <= network.prefixlen <= 20:
            raise ValueError(f"A network's cidr must be of /16 to /20, but is {self.cidr}.")
        if not 2 <= len(set(self.zones)) == len(self.zones) <= MOST_ZONES:
            raise ValueError(
                f"A network needs 2 to {MOST_ZONES} different zones, but got {list(self.zones)}."
            )


class Network(pulumi.ComponentResource):
    """A VPC with public, private and database subnets, one of each in every zone.

    Private subnets reach out through NAT, database subnets reach nothing outside; S3 and
    DynamoDB are reached without NAT. Nothing gets a public address by itself, the default
    security group lets nothing through, and all traffic is logged.
    """

    vpc_id: Output[str]
    public_subnet_ids: list[Output[str]]
    private_subnet_ids: list[Output[str]]
    database_subnet_ids: list[Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("herald:infra:Network", name, {}, opts)
        self.child = ResourceOptions(parent=self)
        self.args = args

        self.vpc = ec2.Vpc(
            name,
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=self.child,
        )
        self.vpc_id = self.vpc.id
        # Without rules: what names no group of its own can't talk to anything.
        ec2.DefaultSecurityGroup(name, vpc_id=self.vpc_id, opts=self.child)
        flow_logs(name, self.vpc_id, args.flow_log_days, self.child)

        public, private, database = (
            self.subnets(name, tier) for tier in ("public", "private", "database")
        )
        way_out = self.internet_gateway(name)
        self.routed(f"{name}-public", public, {"gateway_id": way_out.id})
        tables = self.private_routes(name, public, private, way_out)
        self.routed(f"{name}-database", database, {})
        self.gateway_endpoints(name, tables)

        self.public_subnet_ids = [subnet.id for subnet in public.values()]
        self.private_subnet_ids = [subnet.id for subnet in private.values()]
        self.database_subnet_ids = [subnet.id for subnet in database.values()]
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "database_subnet_ids": self.database_subnet_ids,
            }
        )

    def subnets(self, name: str, tier: Tier) -> dict[str, ec2.Subnet]:
        """By zone."""
        return {
            zone: ec2.Subnet(
                f"{name}-{tier}-{zone}",
                vpc_id=self.vpc_id,
                availability_zone=zone,
                cidr_block=cidr,
                map_public_ip_on_launch=False,
                tags={"Name": f"{name}-{tier}-{zone}", **TAGS[tier]},
                opts=self.child,
            )
            for zone, cidr in zip(self.args.zones, cidrs(self.args.cidr, tier), strict=False)
        }

    def internet_gateway(self, name: str) -> ec2.InternetGateway:
        return ec2.InternetGateway(name, vpc_id=self.vpc_id, tags={"Name": name}, opts=self.child)

    def routed(
        self, name: str, subnets: Mapping[str, ec2.Subnet], way_out: Mapping[str, Input[str]]
    ) -> ec2.RouteTable:
        """One table for some subnets; they stay inside where there is no way out."""
        table = ec2.RouteTable(name, vpc_id=self.vpc_id, tags={"Name": name}, opts=self.child)
        if way_out:
            ec2.Route(
                name,
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                opts=self.child,
                **way_out,
            )
        for subnet in subnets.values():
            ec2.RouteTableAssociation(
                subnet.pulumi_resource_name,
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=self.child,
            )
        return table

    def private_routes(
        self,
        name: str,
        public: Mapping[str, ec2.Subnet],
        private: Mapping[str, ec2.Subnet],
        way_out: ec2.InternetGateway,
    ) -> list[ec2.RouteTable]:
        """A zone leaves by its own NAT gateway, or all leave by that of the first."""
        if self.args.nat_gateways == "one":
            zone = self.args.zones[0]
            gateway = self.nat_gateway(f"{name}-{zone}", public[zone], way_out)
            return [self.routed(f"{name}-private", private, {"nat_gateway_id": gateway.id})]
        gateways = {
            zone: self.nat_gateway(f"{name}-{zone}", public[zone], way_out) for zone in public
        }
        return [
            self.routed(
                f"{name}-private-{zone}", {zone: subnet}, {"nat_gateway_id": gateways[zone].id}
            )
            for zone, subnet in private.items()
        ]

    def nat_gateway(
        self, name: str, subnet: ec2.Subnet, way_out: ec2.InternetGateway
    ) -> ec2.NatGateway:
        """AWS makes none in a network that has no way out yet, nor lets that go before it."""
        address = ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=self.child)
        return ec2.NatGateway(
            name,
            allocation_id=address.allocation_id,
            subnet_id=subnet.id,
            tags={"Name": name},
            opts=ResourceOptions.merge(self.child, ResourceOptions(depends_on=[way_out])),
        )

    def gateway_endpoints(self, name: str, tables: Sequence[ec2.RouteTable]) -> None:
        """Free of charge, and traffic through them is none of NAT's."""
        for service in ("s3", "dynamodb"):
            ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=self.vpc_id,
                service_name=f"com.amazonaws.{self.args.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in tables],
                tags={"Name": f"{name}-{service}"},
                opts=self.child,
            )


def cidrs(network: str, tier: Tier) -> list[str]:
    """One for each possible zone, the same whether the zone is used: adding one moves none.

    Of the network's sixteenths the first three are private; the last is divided once more.
    """
    sixteenths = list(IPv4Network(network).subnets(prefixlen_diff=4))
    small = list(sixteenths[-1].subnets(prefixlen_diff=4))
    places = {"private": sixteenths[:3], "public": small[:3], "database": small[4:7]}
    return [str(each) for each in places[tier]]
