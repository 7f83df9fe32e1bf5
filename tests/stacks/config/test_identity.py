"""How the services of a stack know who calls them."""

import re

import pytest
import yaml

from local.environment import Environment
from local.token_issuer import AUDIENCE
from stacks.config import ROOT
from stacks.exports import export
from stacks.identity import IdentityConfig
from stacks.reminder_platform import reminder_platform
from tests.stacks.stack_files import STACKS, config_of, foundation_of
from tests.stacks.test_contract import SETTINGS, known, variables

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


def test_an_issuer_that_the_configuration_names_is_told_to_both_apis(deploy):
    identity = IdentityConfig(
        issuer="https://login.example.com/",
        audience="https://api.example.com",
        jwks_url="https://keys.example.com/jwks",
        email_claim="mail",
    )
    settings = {
        "IDENTITY_ISSUER": "https://login.example.com/",
        "IDENTITY_AUDIENCE": "https://api.example.com",
        "IDENTITY_JWKS_URL": "https://keys.example.com/jwks",
        "IDENTITY_EMAIL_CLAIM": "mail",
    }
    assert told(deployed(deploy, identity), "prod") == {
        service: settings if service in APIS else {} for service in SETTINGS
    }
    for service in APIS:
        assert settings.keys() <= known(SETTINGS[service])


def test_an_issuer_s_keys_are_where_its_document_says_if_not_named(deploy):
    identity = IdentityConfig(issuer="https://login.example.com", audience="herald")
    assert told(deployed(deploy, identity), "prod")["reminder-service"] == {
        "IDENTITY_ISSUER": "https://login.example.com",
        "IDENTITY_AUDIENCE": "herald",
        "IDENTITY_EMAIL_CLAIM": "email",
    }


@pytest.mark.parametrize("stack", STACKS)
def test_without_an_issuer_the_gateway_is_believed_and_may_call_alone(platform, stack):
    deployment = platform(stack)
    assert not any(told(deployment, stack).values())
    for service in APIS:
        policy = deployment.one(
            "kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{stack}-{service}"
        )
        [opened] = policy.inputs["spec"]["ingress"]
        namespaces = [
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            for peer in opened["from"]
            if "namespaceSelector" in peer
        ]
        assert namespaces == ([] if stack == "local" else ["gateway", "monitoring"])


def test_the_example_of_the_local_stack_names_the_local_issuer():
    text = (ROOT / "Pulumi.local.yaml").read_text()
    [example] = re.findall(r"(?m)^  # (herald:identity:\n(?:  #   .*\n)+)", text)
    [values] = yaml.safe_load(example.replace("\n  # ", "\n")).values()
    identity = IdentityConfig.model_validate(values)
    assert (identity.issuer, identity.audience) == (Environment().issuer, AUDIENCE)
    [destination] = config_of("local").network.destinations
    assert identity.issuer.startswith(f"http://{destination.cidr.removesuffix('/32')}:")
    assert Environment().ports["INBOX_PORT"] in destination.ports
