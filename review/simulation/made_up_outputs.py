"""Simulates the outputs of resources from their names."""

from collections.abc import Callable
from typing import Any

from pulumi.runtime import rpc

REGION, ACCOUNT = "eu-central-1", "123456789012"
SUFFIX = "1a2b3c4"  # auto-naming of Pulumi appends seven such digits
SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1"
DIGEST = "sha256:" + "d" * 64
Outputs = dict[str, Any]
HOST = f"k8s-gateway.{REGION}.elb.amazonaws.com"
BALANCED = {"loadBalancer": {"ingress": [{"hostname": HOST}]}}  # status of an Ingress


def arn(service: str, kind: str = "") -> Callable[[str, Outputs], Outputs]:
    def made_up(name: str, inputs: Outputs) -> Outputs:
        return {"name": name, "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}{name}"}

    return made_up


def global_arn(service: str, kind: str) -> Callable[[str, Outputs], Outputs]:
    def made_up(name: str, inputs: Outputs) -> Outputs:
        return {"name": name, "arn": f"arn:aws:{service}::{ACCOUNT}:{kind}{name}"}

    return made_up


def queue(name: str, inputs: Outputs) -> Outputs:
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
    return {**arn("sqs")(name, inputs), "url": url}


def key(name: str, inputs: Outputs) -> Outputs:
    return {"keyId": name, "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}"}


def email_identity(name: str, inputs: Outputs) -> Outputs:
    identity = inputs.get("email") or inputs.get("domain")
    return {"arn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{identity}"}


def database(name: str, inputs: Outputs) -> Outputs:
    host = f"{name}.rds.amazonaws.com"
    port, managed = inputs.get("port", 5432), inputs.get("manageMasterUserPassword")
    return {
        **arn("rds", "db:")(name, inputs),
        "address": host,
        "port": port,
        "endpoint": f"{host}:{port}",
        "identifier": inputs.get("identifier", name),
        **({"masterUserSecrets": [{"secretArn": SECRET_ARN}]} if managed else {}),
    }


def repository(name: str, inputs: Outputs) -> Outputs:
    url = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
    return {**arn("ecr", "repository/")(name, inputs), "repositoryUrl": url}


def domain_dkim(name: str, inputs: Outputs) -> Outputs:
    return {"dkimTokens": ["token-1", "token-2", "token-3"]}


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
        **arn("eks", "cluster/")(name, inputs),
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


def secret(value: Any) -> Outputs:
    """Return a value in the form in which the engine passes a secret."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


OUTPUTS: dict[str, Callable[[str, Outputs], Outputs]] = {
    "aws:acm/certificate:Certificate": certificate,
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace": arn("aps", "rulegroupsnamespace/"),
    "aws:amp/scraper:Scraper": arn("aps", "scraper/"),
    "aws:amp/workspace:Workspace": arn("aps", "workspace/"),
    "aws:cloudwatch/dashboard:Dashboard": global_arn("cloudwatch", "dashboard/"),
    "aws:cloudwatch/logGroup:LogGroup": arn("logs", "log-group:"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": arn("cloudwatch", "alarm:"),
    "aws:dynamodb/table:Table": arn("dynamodb", "table/"),
    "aws:ecr/repository:Repository": repository,
    "aws:ec2/eip:Eip": lambda name, inputs: {"allocationId": f"eipalloc-{name}"},
    "aws:eks/cluster:Cluster": cluster,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": identity_provider,
    "aws:iam/policy:Policy": global_arn("iam", "policy/"),
    "aws:iam/role:Role": global_arn("iam", "role/"),
    "aws:kms/key:Key": key,
    "aws:lambda/function:Function": arn("lambda", "function:"),
    "aws:rds/instance:Instance": database,
    "aws:rds/parameterGroup:ParameterGroup": arn("rds", "pg:"),
    "aws:rds/subnetGroup:SubnetGroup": arn("rds", "subgrp:"),
    "aws:route53/record:Record": lambda name, inputs: {"fqdn": inputs["name"].rstrip(".")},
    "aws:s3/bucket:Bucket": bucket,
    "aws:scheduler/schedule:Schedule": arn("scheduler", "schedule/default/"),
    "aws:ses/configurationSet:ConfigurationSet": arn("ses", "configuration-set/"),
    "aws:ses/domainDkim:DomainDkim": domain_dkim,
    "aws:ses/domainIdentity:DomainIdentity": email_identity,
    "aws:ses/emailIdentity:EmailIdentity": email_identity,
    "aws:ses/template:Template": arn("ses", "template/"),
    "aws:sns/topic:Topic": arn("sns"),
    "aws:sqs/queue:Queue": queue,
    "docker-build:index:Image": image,
    "random:index/randomPassword:RandomPassword": password,
    "random:index/randomString:RandomString": lambda name, inputs: {"result": "1a2b3c4d"},
}
IDENTIFIERS = {  # output that the provider uses as identifier; default: the logical name
    "aws:dynamodb/table:Table": "name",
    "aws:iam/role:Role": "name",
    "aws:kms/key:Key": "keyId",
    "aws:sns/topic:Topic": "arn",
    "aws:sqs/queue:Queue": "url",
}


def outputs_of(type_: str, name: str, inputs: Outputs) -> Outputs:
    """Return the inputs with the outputs that a provider adds."""
    if type_.startswith("kubernetes:"):
        metadata = inputs.get("metadata") or {}
        made = {**inputs, "metadata": {"name": f"{name}-{SUFFIX}", **metadata}}
        return {**made, "status": BALANCED} if type_.endswith(":Ingress") else made
    physical = inputs.get("name") or f"{name}-{SUFFIX}"
    made_up = OUTPUTS.get(type_)
    return {**inputs, **(made_up(physical, inputs) if made_up else {})}


def identifier_of(type_: str, name: str, outputs: Outputs) -> str:
    return str(outputs[IDENTIFIERS[type_]]) if type_ in IDENTIFIERS else f"{name}-id"
