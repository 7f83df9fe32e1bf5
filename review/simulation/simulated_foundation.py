"""Simulates the outputs of a foundation for previews, which have no access to it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.config.project import PROJECT

FOUNDATION = f"{PROJECT}:foundation"


# Answers to lookups of the foundation's own program.
ACCOUNT_ANSWERS: dict[str, dict[str, Any]] = {
    "aws:eks/getAddonVersion:getAddonVersion": {"version": "v1.2.3-eksbuild.4"}
}


def write_foundation_state(backend: Path, config: Mapping[str, Any]) -> None:
    """Write the state of the foundation that the settings refer to, if they do."""
    reference = config.get(FOUNDATION)
    if not isinstance(reference, Mapping) or str(reference.get("stack")).count("/") != 2:
        return  # the program itself reports the error
    _, project, stack = reference["stack"].split("/")
    kind = "pulumi:pulumi:Stack"
    resource = {
        "urn": f"urn:pulumi:{stack}::{project}::{kind}::{project}-{stack}",
        "custom": False,
        "type": kind,
        "outputs": simulate_outputs(config),
    }
    manifest = {"time": "2025-01-01T00:00:00Z", "magic": "", "version": ""}
    checkpoint = {
        "stack": reference["stack"],
        "latest": {"manifest": manifest, "resources": [resource]},
    }
    file = backend / ".pulumi" / "stacks" / project / f"{stack}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))


def simulate_lookups(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the answers to lookups of the program on mocks: the foundation and a password."""
    name = config[FOUNDATION]["stack"] if FOUNDATION in config else ""
    answer = {"name": name, "outputs": simulate_outputs(config)}
    secret = {"secretString": json.dumps({"username": "postgres", "password": "kept-password"})}
    return {
        "pulumi:pulumi:StackReference": answer,
        "aws:secretsmanager/getSecretVersion:getSecretVersion": secret,
        "aws:lb/getHostedZoneId:getHostedZoneId": {"id": "ZBALANCERS"},
    }


def simulate_outputs(config: Mapping[str, Any]) -> dict[str, Any]:
    account, region = config.get(f"{PROJECT}:account", ""), config.get("aws:region", "")
    iam, kms = f"arn:aws:iam::{account}", f"arn:aws:kms:{region}:{account}"
    return {
        "account": account,
        "region": region,
        "platform_prefix": config.get(f"{PROJECT}:prefix", ""),
        "platform_system": config.get("aws:defaultTags", {}).get("tags", {}).get("system", ""),
        "vpc_id": "vpc-made-up",
        "vpc_cidr": "10.0.0.0/16",
        **{
            f"{tier}_subnet_ids": [f"subnet-{tier}-a", f"subnet-{tier}-b"]
            for tier in ("private", "public", "database")
        },
        "database_security_group_id": "sg-database",
        "function_security_group_id": "sg-function",
        "cluster_name": "made-up",
        "oidc_provider_arn": f"{iam}:oidc-provider/oidc.eks.{region}.amazonaws.com/id/MADEUP",
        "permissions_boundary_arn": f"{iam}:policy/made-up",
        "metrics_workspace_id": "ws-00000000-0000-0000-0000-000000000000",
        "deploy_role_arn": f"{iam}:role/made-up",
        "drift_role_arn": f"{iam}:role/made-up",
        "state_bucket": "made-up",
        "state_key_arn": f"{kms}:key/made-up",
        "zone": simulate_zone(config),
    }


def simulate_zone(config: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the zone that the host of the gateway is in."""
    gateway = config.get(f"{PROJECT}:gateway")
    if not isinstance(gateway, Mapping) or "." not in str(gateway.get("host")):
        return None
    return {"name": gateway["host"].partition(".")[2], "id": "Z0MADEUP"}
