"""Adds an add-on of EKS to a cluster, in the version that AWS recommends for it."""

from __future__ import annotations  # so that the SDK's modules load only when used

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import Input, ResourceOptions
from pulumi_aws import eks


def cluster_addon(
    name: str,
    addon: str,
    cluster_version: str,
    cluster_name: Input[str],
    configuration: Mapping[str, Any],
    opts: ResourceOptions,
    role_arn: Input[str] | None = None,
) -> eks.Addon:
    """Add `addon` in AWS's default version for the cluster's version of Kubernetes.

    Each update of the program raises it, and a preview shows the exact version.
    `configuration` follows the schema of the add-on.
    """
    default = eks.get_addon_version_output(
        addon_name=addon,
        kubernetes_version=cluster_version,
        opts=pulumi.InvokeOutputOptions(parent=opts.parent),
    )
    return eks.Addon(
        name,
        cluster_name=cluster_name,
        addon_name=addon,
        addon_version=default.version,
        configuration_values=json.dumps(configuration),
        service_account_role_arn=role_arn,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        opts=opts,
    )
