"""A workspace of Prometheus and the collector that fills it."""

import pytest
from herald_infra.metrics_workspace import (
    MetricsCollector,
    MetricsCollectorArgs,
    MetricsWorkspace,
    MetricsWorkspaceArgs,
)


@pytest.fixture
def deployment(deploy):
    def program() -> None:
        workspace = MetricsWorkspace("dev-metrics", MetricsWorkspaceArgs(alias="dev"))
        MetricsCollector(
            "dev-metrics",
            MetricsCollectorArgs(
                workspace_arn=workspace.arn,
                cluster_arn="arn:cluster",
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_ids=["sg-cluster"],
                configuration="scrape_configs: []",
            ),
        )

    return deploy(program)


def test_collector_fills_the_workspace(deployment):
    workspace = deployment.one("aws:amp/workspace:Workspace")
    assert workspace.inputs == {"alias": "dev"}
    assert deployment.one("aws:amp/scraper:Scraper").inputs == {
        "alias": "dev-metrics",
        "source": {
            "eks": {
                "clusterArn": "arn:cluster",
                "subnetIds": ["subnet-a", "subnet-b"],
                "securityGroupIds": ["sg-cluster"],
            }
        },
        "destination": {"amp": {"workspaceArn": workspace.outputs["arn"]}},
        "scrapeConfiguration": "scrape_configs: []",
    }
