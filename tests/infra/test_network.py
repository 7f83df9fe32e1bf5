import json
from ipaddress import IPv4Network

import pytest
from herald_infra.network import Network, NetworkArgs, cidrs

ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]


def args(**changed):
    given = {"region": "eu-central-1", "zones": ZONES[:2], "cidr": "10.10.0.0/16"}
    return NetworkArgs(**(given | changed))


@pytest.fixture
def network(deploy):
    return deploy(lambda: Network("dev-network", args()))


def ec2(kind):
    return f"aws:ec2/{kind[0].lower()}{kind[1:]}:{kind}"


def ways_out(deployment):
    """Subnet: where its traffic to elsewhere goes; None when it stays inside."""
    routes = {
        route.inputs["routeTableId"]: {
            key: value for key, value in route.inputs.items() if key.endswith("GatewayId")
        }
        | ({"gatewayId": route.inputs["gatewayId"]} if "gatewayId" in route.inputs else {})
        for route in deployment.all(ec2("Route"))
        if route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
    }
    return {
        each.inputs["subnetId"]: routes.get(each.inputs["routeTableId"])
        for each in deployment.all(ec2("RouteTableAssociation"))
    }


def test_subnets_per_zone_have_private_addresses(network):
    shared = {"vpcId": "dev-network-id", "mapPublicIpOnLaunch": False}
    tags = {
        "public": {"kubernetes.io/role/elb": "1"},
        "private": {"kubernetes.io/role/internal-elb": "1"},
        "database": {},
    }
    planned = {
        ("private", "a"): "10.10.0.0/20",
        ("private", "b"): "10.10.16.0/20",
        ("public", "a"): "10.10.240.0/24",
        ("public", "b"): "10.10.241.0/24",
        ("database", "a"): "10.10.244.0/24",
        ("database", "b"): "10.10.245.0/24",
    }
    assert {each.name: each.inputs for each in network.all(ec2("Subnet"))} == {
        f"dev-network-{tier}-eu-central-1{zone}": {
            **shared,
            "availabilityZone": f"eu-central-1{zone}",
            "cidrBlock": cidr,
            "tags": {"Name": f"dev-network-{tier}-eu-central-1{zone}", **tags[tier]},
        }
        for (tier, zone), cidr in planned.items()
    }


def test_only_private_subnets_route_through_nat(network):
    assert ways_out(network) == {
        "dev-network-public-eu-central-1a-id": {"gatewayId": "dev-network-id"},
        "dev-network-public-eu-central-1b-id": {"gatewayId": "dev-network-id"},
        "dev-network-private-eu-central-1a-id": {"natGatewayId": "dev-network-eu-central-1a-id"},
        "dev-network-private-eu-central-1b-id": {"natGatewayId": "dev-network-eu-central-1b-id"},
        "dev-network-database-eu-central-1a-id": None,
        "dev-network-database-eu-central-1b-id": None,
    }
    gateway = network.one(ec2("NatGateway"), "dev-network-eu-central-1b")
    assert gateway.inputs["subnetId"] == "dev-network-public-eu-central-1b-id"
    assert gateway.inputs["allocationId"] == "eipalloc-dev-network-eu-central-1b-1a2b3c4"
    assert (ec2("InternetGateway"), "dev-network") in gateway.depends_on


def test_one_gateway_can_serve_all_zones(deploy):
    deployment = deploy(lambda: Network("dev-network", args(nat_gateways="one")))
    [gateway] = deployment.all(ec2("NatGateway"))
    private = {name: way for name, way in ways_out(deployment).items() if "private" in name}
    assert len(private) == 2
    assert all(way == {"natGatewayId": f"{gateway.name}-id"} for way in private.values())


def test_the_default_group_lets_nothing_through(network):
    assert network.one(ec2("DefaultSecurityGroup")).inputs == {"vpcId": "dev-network-id"}


def test_s3_and_dynamodb_bypass_nat(network):
    endpoints = network.all(ec2("VpcEndpoint"))
    assert [each.inputs["serviceName"] for each in endpoints] == [
        "com.amazonaws.eu-central-1.dynamodb",
        "com.amazonaws.eu-central-1.s3",
    ]
    for each in endpoints:
        assert each.inputs["vpcEndpointType"] == "Gateway"
        assert each.inputs["routeTableIds"] == [
            "dev-network-private-eu-central-1a-id",
            "dev-network-private-eu-central-1b-id",
        ]


def test_flow_logs_use_a_minimal_role(network):
    group = network.one("aws:cloudwatch/logGroup:LogGroup")
    role = network.one("aws:iam/role:Role")
    flow = network.one(ec2("FlowLog")).inputs
    assert group.inputs == {"retentionInDays": 30}
    assert flow == {
        "vpcId": "dev-network-id",
        "trafficType": "ALL",
        "logDestination": group.outputs["arn"],
        "iamRoleArn": role.outputs["arn"],
        "maxAggregationInterval": 600,
        "tags": {"Name": "dev-network"},
    }
    [trust] = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    policy = json.loads(network.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            "Resource": [f"{group.outputs['arn']}:*"],
        }
    ]


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.20.32.0/20"])
def test_subnets_do_not_overlap(cidr):
    planned = [
        IPv4Network(each)
        for tier in ("public", "private", "database")
        for each in cidrs(cidr, tier)
    ]
    assert len(planned) == 9
    assert all(each.subnet_of(IPv4Network(cidr)) for each in planned)
    assert all(a == b or not a.overlaps(b) for a in planned for b in planned)


def test_a_third_zone_moves_nothing(deploy, network):
    three = deploy(lambda: Network("dev-network", args(zones=ZONES)))
    later = {each.name: each.inputs for each in three.all(ec2("Subnet"))}
    assert len(later) == 9
    for each in network.all(ec2("Subnet")):
        assert later[each.name] == each.inputs


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cidr": "10.0.0.0/24"}, "Expected a cidr of /16 to /20 for a network; got 10.0.0.0/24."),
        ({"cidr": "10.0.0.0/8"}, "Expected a cidr of /16 to /20 for a network; got 10.0.0.0/8."),
        (
            {"zones": ["a"]},
            "Expected 2 to 3 different zones for a network; got ['a'].",
        ),
        (
            {"zones": ["a", "a"]},
            "Expected 2 to 3 different zones for a network; got ['a', 'a'].",
        ),
    ],
)
def test_what_cannot_be_planned_is_refused(changed, said):
    with pytest.raises(ValueError, match="^Expected ") as refused:
        args(**changed)
    assert str(refused.value) == said
