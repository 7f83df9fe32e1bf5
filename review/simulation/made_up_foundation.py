"""What the foundation of a stack would tell, for a preview that can't ask it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOUNDATION = "herald:foundation"


def made_up_state(backend: Path, config: Mapping[str, Any]) -> None:
    """Puts the stack that the settings refer to beside the rehearsed one, if they do."""
    reference = config.get(FOUNDATION)
    if not isinstance(reference, Mapping) or str(reference.get("stack")).count("/") != 2:
        return  # the program itself says what is wrong with it
    _, project, stack = reference["stack"].split("/")
    kind = "pulumi:pulumi:Stack"
    resource = {
        "urn": f"urn:pulumi:{stack}::{project}::{kind}::{project}-{stack}",
        "custom": False,
        "type": kind,
        "outputs": made_up_outputs(config),
    }
    manifest = {"time": "2025-01-01T00:00:00Z", "magic": "", "version": ""}
    checkpoint = {
        "stack": reference["stack"],
        "latest": {"manifest": manifest, "resources": [resource]},
    }
    file = backend / ".pulumi" / "stacks" / project / f"{stack}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))


def made_up_answers(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the program is told on mocks when it asks for the stack, or for a password."""
    name = config[FOUNDATION]["stack"] if FOUNDATION in config else ""
    told = {"name": name, "outputs": made_up_outputs(config)}
    secret = {"secretString": json.dumps({"username": "postgres", "password": "kept-password"})}
    return {
        "pulumi:pulumi:StackReference": told,
        "aws:secretsmanager/getSecretVersion:getSecretVersion": secret,
    }


def made_up_outputs(config: Mapping[str, Any]) -> dict[str, Any]:
    account, region = config.get("herald:account", ""), config.get("aws:region", "")
    platforms = config.get("herald:images", {}).get("platforms")
    iam, kms = f"arn:aws:iam::{account}", f"arn:aws:kms:{region}:{account}"
    return {
        "account": account,
        "region": region,
        "vpc_id": "vpc-made-up",
        "vpc_cidr": "10.0.0.0/16",
        **{
            f"{tier}_subnet_ids": [f"subnet-{tier}-a", f"subnet-{tier}-b"]
            for tier in ("private", "public", "database")
        },
        "database_security_group_id": "sg-database",
        "function_security_group_id": "sg-function",
        "cluster_name": "made-up",
        "node_architecture": "arm64" if platforms == ["linux/arm64"] else "x86_64",
        "oidc_provider_arn": f"{iam}:oidc-provider/oidc.eks.{region}.amazonaws.com/id/MADEUP",
        "permissions_boundary_arn": f"{iam}:policy/made-up",
        "deploy_role_arn": f"{iam}:role/made-up",
        "drift_role_arn": f"{iam}:role/made-up",
        "state_bucket": "made-up",
        "state_key_arn": f"{kms}:key/made-up",
    }
