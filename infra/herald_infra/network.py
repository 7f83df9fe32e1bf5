"""Creates a private network in several zones."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ec2

from herald_infra.flow_logs import flow_logs

ANYWHERE = "0.0.0.0/0"
Tier = Literal["public", "private", "database"]
MOST_ZONES = 3  # limit of the address plan
# Kubernetes finds the subnets of load balancers by these tags.
TAGS: Mapping[Tier, Mapping[str, str]] = {
    "public": {"kubernetes.io/role/elb": "1"},
    "private": {"kubernetes.io/role/internal-elb": "1"},
    "database": {},
}


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    region: str
    zones: Sequence[str]  # two or three, for example "eu-central-1a"
    cidr: str = "10.0.0.0/16"  # /16 to /20
    nat_gateways: Literal["one", "each-zone"] = "each-zone"
    flow_log_days: int = 30

    def __post_init__(self) -> None:
        network = IPv4Network(self.cidr)
        if not 16 <= network.prefixlen <= 20:
            raise ValueError(f"Expected a cidr of /16 to /20 for a network; got {self.cidr}.")
        if not 2 <= len(set(self.zones)) == len(self.zones) <= MOST_ZONES:
            raise ValueError(
                f"Expected 2 to {MOST_ZONES} different zones for a network; got {list(self.zones)}."
            )


class Network(pulumi.ComponentResource):
    """Creates a VPC with a public, a private and a database subnet in every zone.

    Private subnets connect to the internet through NAT. Database subnets have no way out. S3 and
    DynamoDB need no NAT. Nothing gets a public address by default, the default security group
    admits no traffic, and all traffic is logged.
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
        # Without rules, so resources without their own group have no traffic.
        ec2.DefaultSecurityGroup(name, vpc_id=self.vpc_id, opts=self.child)
        flow_logs(name, self.vpc_id, args.flow_log_days, self.child)

        public, private, database = (
            self.subnets(name, tier) for tier in ("public", "private", "database")
        )
        way_out = self.internet_gateway(name)
        self.route_table(f"{name}-public", public, {"gateway_id": way_out.id})
        tables = self.private_routes(name, public, private, way_out)
        self.route_table(f"{name}-database", database, {})
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
        """Return the resources of each zone."""
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

    def route_table(
        self, name: str, subnets: Mapping[str, ec2.Subnet], way_out: Mapping[str, Input[str]]
    ) -> ec2.RouteTable:
        """Create a route table for subnets; without a gateway they have no way out."""
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
        """Route each zone through its own NAT gateway, or all through the first."""
        if self.args.nat_gateways == "one":
            zone = self.args.zones[0]
            gateway = self.nat_gateway(f"{name}-{zone}", public[zone], way_out)
            return [self.route_table(f"{name}-private", private, {"nat_gateway_id": gateway.id})]
        gateways = {
            zone: self.nat_gateway(f"{name}-{zone}", public[zone], way_out) for zone in public
        }
        return [
            self.route_table(
                f"{name}-private-{zone}", {zone: subnet}, {"nat_gateway_id": gateways[zone].id}
            )
            for zone, subnet in private.items()
        ]

    def nat_gateway(
        self, name: str, subnet: ec2.Subnet, way_out: ec2.InternetGateway
    ) -> ec2.NatGateway:
        """Create a NAT gateway after the internet gateway, which must outlive it."""
        address = ec2.Eip(name, domain="vpc", tags={"Name": name}, opts=self.child)
        return ec2.NatGateway(
            name,
            allocation_id=address.allocation_id,
            subnet_id=subnet.id,
            tags={"Name": name},
            opts=ResourceOptions.merge(self.child, ResourceOptions(depends_on=[way_out])),
        )

    def gateway_endpoints(self, name: str, tables: Sequence[ec2.RouteTable]) -> None:
        """Create the gateway endpoints, which are free and save NAT traffic."""
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
    """Return a range for each possible zone, so that a new zone moves no existing one.

    The first three sixteenths of the network are private. The last is divided again.
    """
    sixteenths = list(IPv4Network(network).subnets(prefixlen_diff=4))
    small = list(sixteenths[-1].subnets(prefixlen_diff=4))
    places = {"private": sixteenths[:3], "public": small[:3], "database": small[4:7]}
    return [str(each) for each in places[tier]]
