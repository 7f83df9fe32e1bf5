"""How the services of a stack know who calls them."""

import re

import pytest
import yaml

from local.environment import Environment
from local.token_issuer import AUDIENCE
from stacks.config.identity import IdentityConfig
from stacks.config.project import PROJECT, ROOT
from stacks.config.stack_file import ConfigError, parse
from stacks.outputs.exports import export
from stacks.platform.reminder_platform import reminder_platform
from tests.stacks.platform.test_contract import SETTINGS, accepted_variables, variables
from tests.stacks.stack_files import (
    SECRET_KEYS,
    as_engine,
    config_of,
    foundation_of,
    with_secrets,
)

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
APIS = ("reminder-service", "notification-service")


def told(deployment, stack):
    """The settings of identity by service."""
    return {
        pods.name.removeprefix(f"{stack}-"): {
            name: variable["value"]
            for name, variable in variables(pods).items()
            if name.startswith("IDENTITY_")
        }
        for pods in deployment.all("kubernetes:apps/v1:Deployment")
    }


def deployed(deploy, identity):
    config = config_of("prod").model_copy(update={"identity": identity})
    return deploy(
        lambda: export(reminder_platform(config)), stack="prod", lookups=foundation_of("prod")
    )


def test_configured_issuer_reaches_both_apis(deploy):
    identity = IdentityConfig(
        issuer="https://login.example.com/",
        audience="https://api.example.com",
        jwks_url="https://keys.example.com/jwks",
        email_claim="mail",
        audience_claim="client_id",
    )
    settings = {
        "IDENTITY_ISSUER": "https://login.example.com/",
        "IDENTITY_AUDIENCE": "https://api.example.com",
        "IDENTITY_JWKS_URL": "https://keys.example.com/jwks",
        "IDENTITY_EMAIL_CLAIM": "mail",
        "IDENTITY_AUDIENCE_CLAIM": "client_id",
    }
    given = {name: one for name, one in told(deployed(deploy, identity), "prod").items() if one}
    assert given == dict.fromkeys(APIS, settings)
    for service in APIS:
        assert settings.keys() <= accepted_variables(SETTINGS[service])


def test_issuer_keys_default_to_its_document(deploy):
    identity = IdentityConfig(issuer="https://login.example.com", audience="herald")
    assert told(deployed(deploy, identity), "prod")["reminder-service"] == {
        "IDENTITY_ISSUER": "https://login.example.com",
        "IDENTITY_AUDIENCE": "herald",
        "IDENTITY_EMAIL_CLAIM": "email",
        "IDENTITY_AUDIENCE_CLAIM": "aud",
    }


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_gateway_is_trusted_without_issuer(platform, stack):
    deployment = platform(stack)
    assert not any(told(deployment, stack).values())
    for service in APIS:
        policy = deployment.one(
            "kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{stack}-{service}"
        )
        namespaces = {
            rule["ports"][0]["port"]: [
                peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                for peer in rule["from"]
                if "namespaceSelector" in peer
            ]
            for rule in policy.inputs["spec"]["ingress"]
        }
        local = {8080: []}
        assert namespaces == (local if stack == "local" else {8080: ["gateway"], 9090: []})


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_collector_reaches_the_metrics_port_alone(platform, stack):
    [cidr] = config_of(stack).network.metrics_cidrs
    for service in (*APIS, "event-service"):
        policy = platform(stack).one(POLICY, f"{stack}-{service}")
        opened = {
            rule["ports"][0]["port"]
            for rule in policy.inputs["spec"]["ingress"]
            if {"ipBlock": {"cidr": cidr}} in rule["from"]
        }
        assert opened == {9090}


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "8.8.8.0/24", "172.0.0.0/8", "192.0.0.0/8"])
def test_public_callers_need_tokens(cidr):
    values = with_secrets("dev")
    values[f"{PROJECT}:network"]["callerCidrs"] = ["10.0.0.0/8", cidr]
    with pytest.raises(ConfigError, match=rf"callerCidrs has {cidr}, which is not private"):
        parse("dev", as_engine(values), SECRET_KEYS)
    values[f"{PROJECT}:identity"] = {"issuer": "https://login.example.com", "audience": "herald"}
    config = parse("dev", as_engine(values), SECRET_KEYS)
    assert config.network.caller_cidrs == ["10.0.0.0/8", cidr]


def test_local_example_names_local_issuer():
    text = (ROOT / "Pulumi.local.yaml").read_text()
    [example] = re.findall(rf"(?m)^  # ({PROJECT}:identity:\n(?:  #   .*\n)+)", text)
    [values] = yaml.safe_load(example.replace("\n  # ", "\n")).values()
    identity = IdentityConfig.model_validate(values)
    assert (identity.issuer, identity.audience) == (Environment().issuer, AUDIENCE)
    [destination] = config_of("local").network.destinations
    assert identity.issuer.startswith(f"http://{destination.cidr.removesuffix('/32')}:")
    assert Environment().ports["INBOX_PORT"] in destination.ports
