"""Creates the security groups of the database and of functions."""

from __future__ import annotations  # so that the SDK's modules load only when used

from herald_infra.kubernetes_cluster import KubernetesCluster
from herald_infra.network import ANYWHERE, Network
from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_aws import ec2, vpc

POSTGRES, HTTPS = 5432, 443


class DatabaseAccess(ComponentResource):
    """Creates a security group for the database and one for functions.

    The database accepts connections from nodes and functions, and opens none. A function may
    connect to the database, and to any address over HTTPS.
    """

    database_group_id: Output[str]
    function_group_id: Output[str]

    def __init__(
        self,
        name: str,
        network: Network,
        cluster: KubernetesCluster,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("herald:foundation:DatabaseAccess", name, {}, opts)
        self.child = ResourceOptions(parent=self)
        database = self.group(name, "Database of nodes and functions", network)
        function = self.group(f"{name}-function", "Functions that use the database", network)
        for who, group_id in (("nodes", cluster.security_group_id), ("functions", function.id)):
            vpc.SecurityGroupIngressRule(
                f"{name}-{who}",
                security_group_id=database.id,
                referenced_security_group_id=group_id,
                ip_protocol="tcp",
                from_port=POSTGRES,
                to_port=POSTGRES,
                description=f"PostgreSQL from {who}",
                opts=self.child,
            )
        self.allow_egress(f"{name}-function-database", function.id, POSTGRES, group_id=database.id)
        self.allow_egress(f"{name}-function-https", function.id, HTTPS)
        self.database_group_id, self.function_group_id = database.id, function.id
        self.register_outputs(
            {
                "database_group_id": self.database_group_id,
                "function_group_id": self.function_group_id,
            }
        )

    def group(self, name: str, description: str, network: Network) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            name,
            description=description,
            vpc_id=network.vpc_id,
            tags={"Name": name},
            opts=self.child,
        )

    def allow_egress(
        self, name: str, function_id: Input[str], port: int, *, group_id: Input[str] | None = None
    ) -> None:
        vpc.SecurityGroupEgressRule(
            name,
            security_group_id=function_id,
            referenced_security_group_id=group_id,
            cidr_ipv4=ANYWHERE if group_id is None else None,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description="APIs over TLS" if group_id is None else "PostgreSQL",
            opts=self.child,
        )
