"""What services require, the stacks give; nothing that they give is unknown to the services."""

import ast
import json
import subprocess
import sys

import pytest
from event_service.handlers import ACTIONS
from pydantic import SecretStr
from service_runtime.settings import MigrationSettings

from docs.generator.configuration import SERVICES as SETTINGS
from review.simulation.simulated_outputs import SUFFIX
from stacks.config.project import ROOT
from stacks.config.services import read_services
from stacks.outputs.exports import export
from stacks.outputs.models import PlainOutputs, StackOutputs, format_outputs, on_this_machine
from stacks.platform.reminder_platform import reminder_platform
from tests.stacks.stack_files import STACKS, config_of, foundation_of

OF_THE_AWS_CLIENTS = {
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
}
# Names and keys that programs outside of this repository rely on.
SECRETS = {
    "reminder-db-secrets": {"host", "name", "user", "password"},
    "notification-db-secrets": {"host", "name", "user", "password"},
    "device-db-secrets": {"host", "name", "user", "password"},
    "sns-topics-secrets": {"event_topic", "notification_topic"},
    "ses-secrets": {"reminder_template"},
    "fcm-secrets": {"config"},
    "unsubscribe-secrets": {"key"},
}


DEPLOYMENT = "kubernetes:apps/v1:Deployment"


@pytest.mark.parametrize("stack", STACKS)
def test_event_queue_admits_every_handled_event(platform, stack):
    subscription = platform(stack).one(
        "aws:sns/topicSubscription:TopicSubscription", f"{stack}-event"
    )
    admitted = json.loads(subscription.inputs["filterPolicy"])
    assert set(admitted["eventItemType"]) == {name.partition(":")[0] for name in ACTIONS}


def required(settings):
    return {name.upper() for name, field in settings.model_fields.items() if field.is_required()}


def accepted_variables(settings):
    return {name.upper() for name in settings.model_fields}


def variables(workload):
    [container] = workload.inputs["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable for variable in container["env"]}


def environment_of(deployment, config, service):
    """Names of the settings that the service starts with, as pods or as a function."""
    name = f"{config.prefix}{service}"
    if service == "notification-scheduler" and config.scheduler.runtime == "lambda":
        function = deployment.one("aws:lambda/function:Function", name)
        return set(function.inputs["environment"]["variables"]) - {"SERVICE"}  # the image's own
    return set(variables(deployment.one("kubernetes:apps/v1:Deployment", name)))


@pytest.mark.parametrize("stack", STACKS)
def test_service_settings_match_their_requirements(platform, stack):
    deployment, config = platform(stack), config_of(stack)
    for service, settings in SETTINGS.items():
        given = environment_of(deployment, config, service)
        assert required(settings) <= given
        assert given - OF_THE_AWS_CLIENTS <= accepted_variables(settings)


def test_scheduler_exports_spans_either_way(deploy):
    collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.test:4318"}
    config = config_of("dev").model_copy(
        update={"workload_environment": {**collector, "HTTPS_PROXY": "http://proxy.test"}}
    )
    assert config.scheduler.runtime == "lambda"
    deployment = deploy(
        lambda: export(reminder_platform(config)), stack="dev", lookups=foundation_of("dev")
    )
    function = deployment.one("aws:lambda/function:Function", "dev-notification-scheduler")
    told = function.inputs["environment"]["variables"]
    assert {name: told[name] for name in told if name.startswith(("OTEL_", "HTTPS_"))} == collector
    pods = deployment.one("kubernetes:apps/v1:Deployment", "dev-event-service")
    assert variables(pods)["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"] == "http://collector.test:4318"


def test_mail_server_is_a_service_secret(deploy):
    config = config_of("prod")
    email = config.email.model_copy(update={"smtp_url": SecretStr("smtps://mail.test")})
    config = config.model_copy(update={"email": email})
    deployment = deploy(
        lambda: export(reminder_platform(config)), stack="prod", lookups=foundation_of("prod")
    )
    pods = deployment.one("kubernetes:apps/v1:Deployment", "prod-notification-service")
    assert variables(pods)["SMTP_URL"]["valueFrom"] == {
        "secretKeyRef": {"name": f"prod-smtp-secrets-version-{SUFFIX}", "key": "url"}
    }
    made = deployment.one("kubernetes:core/v1:Secret", "prod-smtp-secrets")
    assert made.inputs["stringData"] == {"url": "smtps://mail.test"}
    assert "stringData" in made.secrets
    assert environment_of(deployment, config, "notification-service") - OF_THE_AWS_CLIENTS <= (
        accepted_variables(SETTINGS["notification-service"])
    )


@pytest.mark.parametrize("stack", STACKS)
def test_email_links_use_a_generated_secret(platform, stack):
    deployment = platform(stack)
    pods = deployment.one("kubernetes:apps/v1:Deployment", f"{stack}-notification-service")
    given = variables(pods)
    config = config_of(stack)
    address = config.email.unsubscribe_url or f"https://{config.gateway.host}/unsubscribe"
    assert given["UNSUBSCRIBE_URL"]["value"] == address
    assert given["UNSUBSCRIBE_KEY"]["valueFrom"] == {
        "secretKeyRef": {"name": f"{stack}-unsubscribe-secrets-version-{SUFFIX}", "key": "key"}
    }
    made = deployment.one("kubernetes:core/v1:Secret", f"{stack}-unsubscribe-secrets")
    key = deployment.one("random:index/randomPassword:RandomPassword", f"{stack}-unsubscribe")
    assert made.inputs["stringData"] == {"key": key.outputs["result"]}
    assert "stringData" in made.secrets
    assert key.inputs["length"] >= 43


def test_next_key_keeps_previous_links(deploy):
    config = config_of("prod")
    email = config.email.model_copy(update={"unsubscribe_key_number": 3})
    config = config.model_copy(update={"email": email})
    deployment = deploy(
        lambda: export(reminder_platform(config)), stack="prod", lookups=foundation_of("prod")
    )
    given = variables(deployment.one("kubernetes:apps/v1:Deployment", "prod-notification-service"))
    reference = given["UNSUBSCRIBE_PREVIOUS_KEY"]["valueFrom"]["secretKeyRef"]
    assert reference["key"] == "previous"
    made = deployment.one("kubernetes:core/v1:Secret", "prod-unsubscribe-secrets")
    password = "random:index/randomPassword:RandomPassword"
    assert made.inputs["stringData"] == {
        "key": deployment.one(password, "prod-unsubscribe-3").outputs["result"],
        "previous": deployment.one(password, "prod-unsubscribe-2").outputs["result"],
    }


def test_missing_address_creates_no_email_links(deploy):
    config = config_of("dev")
    email = config.email.model_copy(update={"unsubscribe_url": None})
    config = config.model_copy(update={"email": email})
    deployment = deploy(
        lambda: export(reminder_platform(config)), stack="dev", lookups=foundation_of("dev")
    )
    pods = deployment.one("kubernetes:apps/v1:Deployment", "dev-notification-service")
    assert not {"UNSUBSCRIBE_URL", "UNSUBSCRIBE_KEY"} & set(variables(pods))
    secrets = deployment.all("kubernetes:core/v1:Secret")
    assert "dev-unsubscribe-secrets" not in {one.name for one in secrets}


@pytest.mark.parametrize("stack", STACKS)
def test_migration_gets_its_required_settings(platform, stack):
    jobs = platform(stack).all("kubernetes:batch/v1:Job")
    assert len(jobs) >= 3
    for job in jobs:
        assert (
            required(MigrationSettings)
            <= set(variables(job))
            <= accepted_variables(MigrationSettings)
        )


@pytest.mark.parametrize("stack", STACKS)
def test_shared_secrets_have_promised_keys(platform, stack):
    deployment, prefix = platform(stack), config_of(stack).prefix
    made = {
        secret.inputs["metadata"]["name"].removeprefix(prefix): set(secret.inputs["stringData"])
        for secret in deployment.all("kubernetes:core/v1:Secret")
        if "name" in secret.inputs["metadata"]
    }
    assert made.items() >= SECRETS.items()


@pytest.mark.parametrize("stack", STACKS)
def test_shared_secrets_change_after_the_rollout(platform, stack):
    deployment, prefix = platform(stack), config_of(stack).prefix
    services = {(DEPLOYMENT, r.name) for r in deployment.all(DEPLOYMENT)}
    for name in SECRETS:
        published = deployment.one("kubernetes:core/v1:Secret", f"{prefix}{name}")
        assert services <= set(published.depends_on)


@pytest.mark.parametrize("stack", STACKS)
def test_pod_reads_only_existing_keys(platform, stack):
    deployment = platform(stack)
    secrets = {
        secret.outputs["metadata"]["name"]: set(secret.inputs["stringData"])
        for secret in deployment.all("kubernetes:core/v1:Secret")
    }
    pods = [*deployment.all("kubernetes:apps/v1:Deployment")]
    pods += deployment.all("kubernetes:batch/v1:Job")
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for pod in pods
        for variable in variables(pod).values()
        if "valueFrom" in variable
    ]
    assert references
    for reference in references:
        assert reference["key"] in secrets[reference["name"]]


@pytest.mark.parametrize("stack", STACKS)
def test_outputs_match_model_and_secrecy(platform, stack):
    deployment = platform(stack)
    outputs = StackOutputs.model_validate(deployment.exports)
    assert deployment.secret_exports == {"databases", "service_settings"}
    assert set(outputs.databases) >= {"reminders", "notifications", "devices"}
    assert set(outputs.images) == set(outputs.service_settings) == set(read_services())


@pytest.mark.parametrize("stack", STACKS)
def test_external_process_gets_settings_of_pods(platform, stack, monkeypatch, tmp_path):
    monkeypatch.setattr("stacks.outputs.models.AUTHORITIES", tmp_path)
    deployment, config = platform(stack), config_of(stack)
    outputs = StackOutputs.model_validate(deployment.exports)
    for service, settings in SETTINGS.items():
        told = on_this_machine(stack, outputs, service)
        pods = environment_of(deployment, config, service)
        assert set(told) - OF_THE_AWS_CLIENTS == pods - OF_THE_AWS_CLIENTS
        with monkeypatch.context() as environment:
            for name, value in told.items():
                environment.setenv(name, value)
            file = settings().database_sslrootcert
        assert file.read_text() == config.database.ssl_root_cert


@pytest.mark.integration
@pytest.mark.parametrize("service", SETTINGS)
def test_service_starts_on_printed_settings(platform, service, monkeypatch, tmp_path):
    outputs = StackOutputs.model_validate(platform("local").exports)
    monkeypatch.setattr("stacks.outputs.models.read_stack", lambda stack: outputs)
    monkeypatch.setattr("stacks.outputs.models.AUTHORITIES", tmp_path / "authorities")
    printed = tmp_path / "printed.env"
    printed.write_text(format_outputs("local", "env", service))
    program = f"{service.replace('-', '_')}.settings"
    start = f"import {program} as own; print(own.Settings().database_user)"
    script = f"set -a; . {printed}; exec {sys.executable} -c '{start}'"
    run = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=False)
    owner = outputs.settings(service)["DATABASE_USER"]
    assert (run.stdout.strip(), run.stderr, run.returncode) == (owner, "", 0)


def attributes_read(package):
    """Every name that the package's code reads after a dot."""
    return {
        node.attr
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def texts(value):
    """Every text in an output, however deep."""
    if isinstance(value, dict):
        return {text for each in value.values() for text in texts(each)}
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("stack", STACKS)
def test_every_output_has_a_reader(platform, stack):
    outputs = StackOutputs.model_validate(platform(stack).exports)
    told = {value for each in outputs.service_settings.values() for value in each.values()}
    of_services = {name for name, value in outputs.plain().items() if texts(value) & told}
    unused = set(StackOutputs.model_fields) - of_services - attributes_read("operations")
    # The settings of services are for people: `herald outputs --service NAME`.
    assert unused - {"service_settings"} == set()


def test_missing_output_ends_the_run(deploy, monkeypatch):
    monkeypatch.delitem(PlainOutputs.model_fields, "region")
    with pytest.raises(TypeError, match="PlainOutputs expects"):
        deploy(lambda: reminder_platform(config_of("local")), stack="local")
