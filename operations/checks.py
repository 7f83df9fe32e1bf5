"""Defines the checks of `herald doctor`; each returns its result or raises `NotWell`."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from operations.cluster import Cluster
from operations.errors import OperatorError
from operations.reachability import PATIENCE, answers_as_postgres, answers_over_http
from operations.stack import Stack
from stacks.config.project import PROJECT
from stacks.config.stack import StackConfig

PULUMI, KUBECTL = (3, 200), (1, 28)  # the oldest supported versions
LOCAL = "for the local stack, run `make up` and `make shell`"


class NotWell(Exception):
    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.text, self.remedy = text, remedy


def version(program: str, arguments: list[str], oldest: tuple[int, int]) -> str:
    """Return the version of a program; it must not be older than `oldest`."""
    wanted = f"{oldest[0]}.{oldest[1]} or newer"
    if shutil.which(program) is None:
        raise NotWell("not on the PATH", f"install {program} {wanted}; {LOCAL}")
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", done.stdout)
    if not found:
        raise NotWell(f"`{program}` prints no version", f"install {program} {wanted}")
    if (int(found[1]), int(found[2])) < oldest:
        raise NotWell(f"version {found[0][1:]}", f"install {program} {wanted}")
    return f"version {found[0][1:]}"


def pulumi(stack: Stack) -> str:
    return version("pulumi", ["version"], PULUMI)


def kubectl(stack: Stack) -> str:
    return version("kubectl", ["version", "--client"], KUBECTL)


def stack_file(stack: Stack) -> str:
    return f"Pulumi.{stack.name}.yaml has {len(stack.written)} settings"


def environment(stack: Stack) -> str:
    """Check that variables of the local environment do not redirect another stack."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint and stack.endpoint("sqs") is None:
        raise NotWell(
            f"Pulumi.{stack.name}.yaml names no AWS endpoint, but AWS_ENDPOINT_URL is {endpoint}",
            "unset AWS_ENDPOINT_URL and the keys beside it, or name another stack",
        )
    return f"AWS requests go to {stack.endpoint('sqs') or 'AWS'}"


def configured(stack: Stack) -> StackConfig:
    """Return the configuration, parsed like the program does."""
    from stacks.config.stack_file import ConfigError, parse

    given: dict[str, Any] = stack.pulumi("config", "--json", "--show-secrets")
    secret = {key for key, entry in given.items() if entry["secret"]}
    values = {key: entry.get("value", "") for key, entry in given.items()}
    try:
        return parse(stack.name, values, secret)
    except ConfigError as error:
        text = str(error).removesuffix(".")
        raise NotWell(text, f"correct the key in Pulumi.{stack.name}.yaml") from None


def configuration(stack: Stack) -> str:
    config = configured(stack)
    return f"valid; version {config.version}, account {config.account}"


def builder(stack: Stack) -> str:
    name = stack.written.get(f"{PROJECT}:images", {}).get("builder")
    if name is None:
        if shutil.which("docker") is None:
            raise NotWell(
                "no program `docker` on the PATH, and no builder in the stack file",
                f"install Docker, or name a buildx builder in {PROJECT}:images.builder",
            )
        return "Docker's default builder"
    home = Path(os.environ.get("DOCKER_CONFIG", "~/.docker")).expanduser()
    file = home / "buildx" / "instances" / name
    if not file.exists():
        raise NotWell(f"no buildx builder {name} in {home}", f"create it with buildx; {LOCAL}")
    endpoints = [node.get("Endpoint", "") for node in json.loads(file.read_text("utf-8"))["Nodes"]]
    for endpoint in endpoints:
        if endpoint.startswith("unix://") and not listens(endpoint.removeprefix("unix://")):
            raise NotWell(f"builder {name} does not listen at {endpoint}", f"start it; {LOCAL}")
    return f"{name} at {', '.join(endpoints)}"


def listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        return connection.connect_ex(path) == 0


def identity(stack: Stack) -> str:
    endpoint = stack.endpoint("sts")
    place = f"the emulator at {urlsplit(endpoint).netloc}" if endpoint else "AWS"
    try:
        caller = stack.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        text = " ".join(str(error).split()).removesuffix(".")
        remedy = LOCAL if endpoint else "sign in, for example with `aws sso login`"
        raise NotWell(f"{place} rejected your credentials: {text}", remedy) from None
    expected = str(stack.written.get(f"{PROJECT}:account"))
    if caller["Account"] != expected:
        raise NotWell(
            f"expected account {expected} of the stack file; got {caller['Account']}",
            "choose another profile, for example with AWS_PROFILE",
        )
    return f"{caller['Arn']} at {place}"


def outputs(stack: Stack) -> str:
    return f"{len(type(stack.outputs).model_fields)} outputs, as the program expects"


def cluster_of(stack: Stack) -> Cluster:
    return Cluster(stack.written.get("kubernetes:context"))


def cluster(stack: Stack) -> str:
    chosen, namespace = cluster_of(stack), stack.outputs.namespace
    try:
        chosen.ask("get", "--raw", "/readyz")
        chosen.ask("get", "namespace", namespace)
    except OperatorError as error:
        remedy = f"check KUBECONFIG and kubernetes:context; {LOCAL}"
        raise NotWell(str(error), remedy) from None
    return f"ready, with namespace {namespace}"


def deployments(stack: Stack) -> str:
    from operations.status import deployments as deployed

    found = list(deployed(stack.outputs, cluster_of(stack)))
    lacking = [f"{each.name} {each.ready}/{each.desired}" for each in found
               if each.ready < each.desired]  # fmt: skip
    namespace = stack.outputs.namespace
    if not found:
        raise NotWell(
            f"namespace {namespace} has no deployments", f"run `pulumi up --stack {stack.name}`"
        )
    if lacking:
        raise NotWell(
            f"not ready: {', '.join(lacking)}",
            f"see `kubectl describe pods -n {namespace}` and `kubectl logs -n {namespace}`",
        )
    return f"all {len(found)} deployments are ready"


def queues(stack: Stack) -> str:
    from operations.status import queues as asked

    found = list(asked(stack.outputs, stack.client("sqs"), stack.client("cloudwatch")))
    if dead := [each for each in found if each.dead_letters and each.waiting]:
        counted = " and ".join(f"{each.waiting} in {each.name}" for each in dead)
        raise NotWell(
            f"dead letters: {counted}",
            f"see why with `herald dead-letters list --stack {stack.name} --queue NAME`, "
            "then redrive or discard them",
        )
    return f"{len(found)} queues answer and have no dead letters"


def gateway(stack: Stack) -> str:
    """Check that the host is in a zone of the account, has a certificate, and answers."""
    host = stack.written.get(f"{PROJECT}:gateway", {}).get("host")
    if host is None:
        return "no gateway in the stack file"
    zone, certificate = zone_of(stack, host), certificate_of(stack, host)
    if certificate is None:
        raise NotWell(f"no certificate of {host}", f"run `pulumi up --stack {stack.name}`")
    if certificate["Status"] != "ISSUED":
        [proof] = [each["ResourceRecord"] for each in certificate["DomainValidationOptions"]]
        raise NotWell(
            f"the certificate of {host} waits for the DNS record "
            f"{proof['Name']} {proof['Type']} {proof['Value']}",
            f"see that the record is in zone {zone}, and that its parent delegates the zone",
        )
    if not answers_over_http(f"https://{host}"):
        raise NotWell(
            f"nothing answers at https://{host}",
            f"see `kubectl describe ingress -n {stack.outputs.namespace}`",
        )
    return f"https://{host} answers with a valid certificate"


def zone_of(stack: Stack, host: str) -> str:
    """Return the name of the account's public zone that contains a host."""
    pages = stack.client("route53").get_paginator("list_hosted_zones").paginate()
    names = [each["Name"].rstrip(".") for page in pages for each in page["HostedZones"]
             if not each["Config"].get("PrivateZone")]  # fmt: skip
    if not (containing := [name for name in names if f".{host}".endswith(f".{name}")]):
        raise NotWell(
            f"no public zone of this account contains {host}",
            "create the zone in Route 53 and name it in the foundation's stack file",
        )
    return str(max(containing, key=len))


def certificate_of(stack: Stack, host: str) -> dict[str, Any] | None:
    """Return the certificate of a host that was requested or issued, or None."""
    client = stack.client("acm")
    states = ["PENDING_VALIDATION", "ISSUED"]
    found = client.get_paginator("list_certificates").paginate(CertificateStatuses=states)
    for page in found:
        for each in page["CertificateSummaryList"]:
            if each["DomainName"] == host:
                arn = each["CertificateArn"]
                described: dict[str, Any] = client.describe_certificate(CertificateArn=arn)
                return dict(described["Certificate"])
    return None


def email(stack: Stack) -> str:
    """Check that SES may send for the sender of the stack."""
    settings = stack.written.get(f"{PROJECT}:email", {})
    sender = settings.get("domain") or settings.get("sender", "")
    answer = stack.client("ses").get_identity_verification_attributes(Identities=[sender])
    state = answer["VerificationAttributes"].get(sender, {}).get("VerificationStatus", "unknown")
    if state != "Success":
        records = "; ".join(" ".join(each.values()) for each in stack.outputs.email_dns_records)
        remedy = f"add these DNS records: {records}" if records else "follow the link that SES sent"
        raise NotWell(f"SES does not send for {sender}: {state}", remedy)
    return f"SES sends for {sender}"


def email_access(stack: Stack) -> str:
    """Check that SES sends to any address; in its sandbox it sends only to verified ones."""
    account = stack.client("sesv2").get_account()
    quota = account["SendQuota"]
    allowed = f"{quota['Max24HourSend']:,.0f} e-mails a day, {quota['MaxSendRate']:,.0f} a second"
    if not account["ProductionAccessEnabled"]:
        raise NotWell(
            f"SES is in its sandbox: {allowed}, to verified addresses only",
            "request production access in the SES console of this region",
        )
    if not account["SendingEnabled"]:
        raise NotWell(
            f"SES has paused sending: {account['EnforcementStatus']}",
            "see bounces and complaints in the SES console, and answer AWS's review",
        )
    return f"SES sends {allowed}"


def database(stack: Stack) -> str:
    servers = {(each.host, each.port) for each in stack.outputs.databases.values()}
    silent = [f"{host}:{port}" for host, port in sorted(servers)
              if not answers_as_postgres(host, port)]  # fmt: skip
    if silent:
        raise NotWell(
            f"no PostgreSQL answers at {', '.join(silent)}",
            f"reach its network from here (VPN, bastion), or start it; {LOCAL}",
        )
    return f"PostgreSQL answers at {', '.join(f'{host}:{port}' for host, port in sorted(servers))}"
