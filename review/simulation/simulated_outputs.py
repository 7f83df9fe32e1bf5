"""Simulates the outputs of resources from their names."""

from collections.abc import Mapping
from typing import Any

from pulumi.runtime import rpc

from review.resource_types import TYPES, ResourceType

REGION, ACCOUNT = "eu-central-1", "123456789012"
SUFFIX = "1a2b3c4"  # auto-naming of Pulumi appends seven such digits
SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1"
DIGEST = "sha256:" + "d" * 64
Outputs = dict[str, Any]
HOST = f"k8s-gateway.{REGION}.elb.amazonaws.com"
BALANCED = {"loadBalancer": {"ingress": [{"hostname": HOST}]}}  # status of an Ingress


def email_identity(name: str, inputs: Outputs) -> Outputs:
    identity = inputs.get("email") or inputs.get("domain")
    return {"arn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{identity}"}


def database(name: str, inputs: Outputs) -> Outputs:
    host = f"{name}.rds.amazonaws.com"
    port, managed = inputs.get("port", 5432), inputs.get("manageMasterUserPassword")
    return {
        "name": name,
        "arn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{name}",
        "address": host,
        "port": port,
        "endpoint": f"{host}:{port}",
        "identifier": inputs.get("identifier", name),
        **({"masterUserSecrets": [{"secretArn": SECRET_ARN}]} if managed else {}),
    }


def password(name: str, inputs: Outputs) -> Outputs:
    return {"result": secret(f"password-of-{name.removesuffix('-' + SUFFIX)}")}


def bucket(name: str, inputs: Outputs) -> Outputs:
    physical = inputs.get("bucket") or name
    return {"bucket": physical, "arn": f"arn:aws:s3:::{physical}"}


def identity_provider(name: str, inputs: Outputs) -> Outputs:
    issuer = inputs["url"].removeprefix("https://")
    return {"arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"}


def cluster(name: str, inputs: Outputs) -> Outputs:
    issuer = f"https://oidc.eks.{REGION}.amazonaws.com/id/{name.upper()}"
    return {
        "name": name,
        "arn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}",
        "endpoint": f"https://{name}.eks.amazonaws.com",
        "identities": [{"oidcs": [{"issuer": issuer}]}],
        "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": f"sg-{name}"},
    }


def image(name: str, inputs: Outputs) -> Outputs:
    reference = (inputs.get("tags") or [name])[0]
    return {"ref": f"{reference}@{DIGEST}", "digest": DIGEST}


def certificate(name: str, inputs: Outputs) -> Outputs:
    proof = {
        "domainName": inputs["domainName"],
        "resourceRecordName": f"_proof.{inputs['domainName']}.",
        "resourceRecordType": "CNAME",
        "resourceRecordValue": "_value.acm-validations.aws.",
    }
    arn = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{name}"
    return {"arn": arn, "domainValidationOptions": [proof]}


def record(name: str, inputs: Outputs) -> Outputs:
    return {"fqdn": inputs["name"].rstrip(".")}


def secret(value: Any) -> Outputs:
    """Return a value in the form in which the engine passes a secret."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


def outputs_of(type_: str, name: str, inputs: Outputs) -> Outputs:
    """Return the inputs with the outputs that a provider adds."""
    if type_.startswith("kubernetes:"):
        metadata = inputs.get("metadata") or {}
        made = {**inputs, "metadata": {"name": f"{name}-{SUFFIX}", **metadata}}
        return {**made, "status": BALANCED} if type_.endswith(":Ingress") else made
    physical = inputs.get("name") or f"{name}-{SUFFIX}"
    entry = TYPES.get(type_, ResourceType())
    if entry.simulated is not None:
        return {**inputs, **globals()[entry.simulated](physical, inputs)}
    named = {"name": physical} if "arn" in entry.outputs else {}
    return {**inputs, **named, **fill(entry.outputs, physical)}


def fill(outputs: Mapping[str, Any], name: str) -> Outputs:
    """Insert name, region and account into the texts of the table."""
    return {
        key: value.format(name=name, region=REGION, account=ACCOUNT)
        if isinstance(value, str)
        else value
        for key, value in outputs.items()
    }


def identifier_of(type_: str, name: str, outputs: Outputs) -> str:
    entry = TYPES.get(type_, ResourceType())
    return str(outputs[entry.id]) if entry.id else f"{name}-id"
