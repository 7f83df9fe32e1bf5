"""Every stack file is right, and what is wrong with one is said in one sentence."""

import re

import pytest

from stacks.config.project import PROJECT, ROOT
from stacks.config.services import find_services
from stacks.config.stack_file import PLATFORM, ConfigError, parse
from tests.stacks.stack_files import (
    SECRET_KEYS,
    STACKS,
    as_engine,
    config_of,
    with_secrets,
    written,
)

BASE = written("dev")[f"{PROJECT}:images"]["base"]
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.example/id/1"
REQUIRED_TAGS = {"system", "environment", "owner"}


def refusal(changes, *, stack="dev", secret_keys=frozenset(SECRET_KEYS)):
    """What `parse` says about a stack file in which some values were changed; None removes."""
    values = with_secrets(stack)
    for path, value in changes.items():
        place, (*parents, last) = values, path.split("/")
        for parent in parents:
            place = place[parent]
        if value is None:
            del place[last]
        else:
            place[last] = value
    with pytest.raises(ConfigError) as error:
        parse(stack, as_engine(values), set(secret_keys))
    return str(error.value)


@pytest.mark.parametrize("stack", STACKS)
def test_the_file_is_read_whole(stack):
    config = config_of(stack)
    assert config.region == "eu-central-1"
    assert config.prefix == f"{stack}-"
    assert set(config.services) == {
        "reminder-service",
        "event-service",
        "notification-scheduler",
        "notification-service",
    }


@pytest.mark.parametrize("stack", STACKS)
def test_everything_is_tagged_with_its_environment(stack):
    tags = written(stack)["aws:defaultTags"]["tags"]
    assert set(tags) == REQUIRED_TAGS
    assert tags["environment"] == config_of(stack).namespace


def test_environments_have_own_namespaces_and_accounts():
    configs = [config_of(stack) for stack in STACKS]
    assert [c.namespace for c in configs] == ["local", "development", "staging", "production"]
    assert len({c.account for c in configs}) == len(STACKS)


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_cloud_stack_is_never_applied_elsewhere(stack):
    values = written(stack)
    assert values["aws:allowedAccountIds"] == [values[f"{PROJECT}:account"]]
    assert values["kubernetes:context"] == f"herald-{stack}"
    assert "aws:endpoints" not in values


def test_stack_files_contain_no_secret():
    for stack in STACKS:
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
        assert not re.search(r"(?i)(adminPassword|credentials): *\S", text)


CASES = {
    "a misspelt key": (
        {f"{PROJECT}:prefx": "dev-"},
        f"Pulumi.dev.yaml: unknown setting {PROJECT}:prefx; the most similar setting is "
        f"{PROJECT}:prefix.",
    ),
    "a key unlike all others": (
        {f"{PROJECT}:colour": "blue"},
        f"Pulumi.dev.yaml: unknown setting {PROJECT}:colour; expected one of access, account, "
        "alarmEmails, aws:defaultTags, aws:region, database, deletionProtection, email, "
        "foundation, gateway, identity, images, messaging, metricsWorkspaceId, namespace, network, "
        "nodes, patience, prefix, push, quota, restoredTables, scheduler, services, unlock, "
        "version, workloadEnvironment.",
    ),
    "a misspelt key inside": (
        {f"{PROJECT}:database/rds/instanceClas": "db.t4g.micro"},
        f"Pulumi.dev.yaml: unknown setting {PROJECT}:database.rds.instanceClas; the most similar "
        f"setting is {PROJECT}:database.rds.instanceClass.",
    ),
    "a misspelt namespace": (
        {"hrald:prefix": "dev-"},
        "Pulumi.dev.yaml: unknown setting hrald:prefix; expected one of "
        f"{', '.join(PLATFORM.namespaces)} before `:`.",
    ),
    "a missing value": (
        {f"{PROJECT}:namespace": None},
        f"Pulumi.dev.yaml: {PROJECT}:namespace is missing; expected a value.",
    ),
    "a missing map": (
        {f"{PROJECT}:email": None},
        f"Pulumi.dev.yaml: {PROJECT}:email is missing; expected a map of domain, sender, smtpUrl, "
        "unsubscribeKeyNumber, unsubscribeUrl.",
    ),
    "a missing region": (
        {"aws:region": None},
        "Pulumi.dev.yaml: aws:region is missing; expected a value.",
    ),
    "a wrong type": (
        {f"{PROJECT}:services/event-service/minReplicas": "2"},
        f"Pulumi.dev.yaml: {PROJECT}:services.event-service.minReplicas is wrong: "
        'expected a valid integer; got "2".',
    ),
    "a number out of bounds": (
        {f"{PROJECT}:network/destinations": [{"cidr": "10.0.0.0/8", "ports": [5432, 70000]}]},
        f"Pulumi.dev.yaml: {PROJECT}:network.destinations[0].ports[1] is wrong: "
        "expected less than or equal to 65535; got 70000.",
    ),
    "a misspelt key of a value that must be": (
        {f"{PROJECT}:namespace": None, f"{PROJECT}:namespce": "dev"},
        f"Pulumi.dev.yaml: unknown setting {PROJECT}:namespce; the most similar setting is "
        f"{PROJECT}:namespace (1 more problem).",
    ),
    "a network that is longer than an address": (
        {f"{PROJECT}:network/callerCidrs": ["10.0.0.0/33"]},
        f"Pulumi.dev.yaml: {PROJECT}:network.callerCidrs[0] is wrong: expected an IPv4 "
        "network such as "
        '10.0.0.0/16, or 10.0.0.1/32 for one address; got "10.0.0.0/33".',
    ),
    "an address that is none of a network": (
        {f"{PROJECT}:network/destinations": [{"cidr": "10.0.0.1/8", "ports": [5432]}]},
        f"Pulumi.dev.yaml: {PROJECT}:network.destinations[0].cidr is wrong: expected an IPv4 "
        "network "
        'such as 10.0.0.0/16, or 10.0.0.1/32 for one address; got "10.0.0.1/8".',
    ),
    "an exception from another network": (
        {
            f"{PROJECT}:network/destinations": [
                {"cidr": "10.0.0.0/8", "ports": [443], "excluded": ["169.254.169.254/32"]}
            ]
        },
        f"Pulumi.dev.yaml: {PROJECT}:network.destinations[0] is wrong: expected only "
        "networks inside 10.0.0.0/8 in `excluded`, each smaller than it; "
        'got {"cidr": "10.0.0.0/8", "ports": [443], "excluded": '
        '["169.254.169.254/32"]}.',
    ),
    "more that is asked for than may be had": (
        {f"{PROJECT}:services/event-service": {"cpuRequest": "1500m"}},
        f"Pulumi.dev.yaml: {PROJECT}:services.event-service is wrong: expected cpuLimit of at "
        "least "
        '1500m; got {"cpuRequest": "1500m"}.',
    ),
    "less memory than is asked for": (
        {f"{PROJECT}:services/event-service": {"memoryRequest": "1Gi", "memoryLimit": "900Mi"}},
        f"Pulumi.dev.yaml: {PROJECT}:services.event-service is wrong: expected memoryLimit of "
        "at least "
        '1Gi; got {"memoryRequest": "1Gi", "memoryLimit": "900Mi"}.',
    ),
    "a port for two services": (
        {
            f"{PROJECT}:services": {
                "reminder-service": {"nodePort": 30080},
                "notification-service": {"nodePort": 30080},
            }
        },
        f"Pulumi.dev.yaml: {PROJECT}:services is wrong: expected a different nodePort for each "
        'service; got {"reminder-service": {"nodePort": 30080}, "notification-service": '
        '{"nodePort": 30080}}.',
    ),
    "a variable that no process can have": (
        {f"{PROJECT}:workloadEnvironment": {"LOG LEVEL": "debug"}},
        f"Pulumi.dev.yaml: {PROJECT}:workloadEnvironment.LOG LEVEL is wrong: expected to "
        "match pattern "
        "'^[A-Za-z_][A-Za-z0-9_]*$'; got \"LOG LEVEL\".",
    ),
    "bounds that contradict each other": (
        {
            f"{PROJECT}:services/event-service": {"minReplicas": 3, "maxReplicas": 2},
        },
        f"Pulumi.dev.yaml: {PROJECT}:services.event-service is wrong: expected maxReplicas of at "
        'least 3; got {"minReplicas": 3, "maxReplicas": 2}.',
    ),
    "an unknown service": (
        {f"{PROJECT}:services": {"event-servce": {}}},
        f"Pulumi.dev.yaml: {PROJECT}:services.event-servce is wrong: expected a folder of "
        "services/ "
        f"({', '.join(find_services())}); "
        'got "event-servce".',
    ),
    "text where parts are expected": (
        {f"{PROJECT}:scheduler": "lambda"},
        f'Pulumi.dev.yaml: {PROJECT}:scheduler is wrong: expected an object; got "lambda".',
    ),
    "a sender of another domain": (
        {f"{PROJECT}:email": {"sender": "a@example.com", "domain": "herald.example"}},
        f"Pulumi.dev.yaml: {PROJECT}:email is wrong: expected a sender that ends in "
        '@herald.example; got {"sender": "a@example.com", "domain": "herald.example"}.',
    ),
    "an issuer whose keys anyone could replace": (
        {f"{PROJECT}:identity": {"issuer": "http://login.example.com", "audience": "herald"}},
        f"Pulumi.dev.yaml: {PROJECT}:identity.issuer is wrong: expected https; http requires a "
        'private IP address; got "http://login.example.com".',
    ),
    "an issuer without an audience": (
        {f"{PROJECT}:identity": {"issuer": "https://login.example.com"}},
        f"Pulumi.dev.yaml: {PROJECT}:identity.audience is missing; expected a value.",
    ),
    "repositories that ECR does not have": (
        {
            f"{PROJECT}:images": {
                "registry": "localhost:5000",
                "base": "localhost:5000/x",
                "repositories": {},
            }
        },
        f"Pulumi.dev.yaml: {PROJECT}:images is wrong: expected a registry on ECR with "
        '`repositories`; got {"registry": "localhost:5000", "base": "localhost:5000/x", '
        '"repositories": {}}.',
    ),
    "a base that may be another tomorrow": (
        {f"{PROJECT}:images/base": "python:3.12-slim"},
        f"Pulumi.dev.yaml: {PROJECT}:images.base is wrong: expected an image by its digest, "
        "NAME:TAG@sha256:…, which `docker buildx imagetools inspect python:3.12-slim` prints; "
        'got "python:3.12-slim".',
    ),
    "a place that is told twice": (
        {
            f"{PROJECT}:scheduler/subnetIds": ["a"],
            f"{PROJECT}:access": {"oidcProviderArn": PROVIDER},
        },
        f"Pulumi.dev.yaml: {PROJECT}:foundation is wrong: expected no scheduler.subnetIds, access "
        'with a foundation; got {"stack": "organization/herald-foundation/dev"}.',
    ),
    "a place that nobody tells": (
        {f"{PROJECT}:foundation": None},
        f"Pulumi.dev.yaml: {PROJECT}:foundation is wrong: expected the stack of a foundation, "
        "or "
        "subnetIds and securityGroupIds in database.rds; got null.",
    ),
    "a foundation that is no stack": (
        {f"{PROJECT}:foundation": {"stack": "dev"}},
        f"Pulumi.dev.yaml: {PROJECT}:foundation.stack is wrong: expected to match pattern "
        "'^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$'; got \"dev\".",
    ),
    "a server that cannot grow": (
        {f"{PROJECT}:database/rds": {"storage": 100, "maxStorage": 50}},
        f"Pulumi.dev.yaml: {PROJECT}:database.rds is wrong: expected maxStorage of at least 100; "
        "got a secret.",
    ),
    "nodes of unknown processors": (
        {f"{PROJECT}:images/platforms": []},
        f"Pulumi.dev.yaml: {PROJECT}:nodes is wrong: expected images.platforms to name the "
        "processors "
        'of the nodes; got {"mostCpus": 8}.',
    ),
    "layers that Lambda does not read": (
        {f"{PROJECT}:images/compression": "zstd"},
        f"Pulumi.dev.yaml: {PROJECT}:scheduler is wrong: expected images.compression gzip, "
        'because Lambda cannot read zstd; got {"runtime": "lambda"}.',
    ),
    "a registry that the deploy role does not know": (
        {f"{PROJECT}:images/registry": "999999999999.dkr.ecr.eu-central-1.amazonaws.com"},
        f"Pulumi.dev.yaml: {PROJECT}:foundation is wrong: expected images.registry "
        "111122223333.dkr.ecr.eu-central-1.amazonaws.com or "
        "111122223333.dkr.ecr.eu-central-1.amazonaws.com/dev, where its deploy role may push; "
        'got {"stack": "organization/herald-foundation/dev"}.',
    ),
    "repositories that somebody else made in another account": (
        {
            f"{PROJECT}:images/registry": "999999999999.dkr.ecr.eu-central-1.amazonaws.com",
            f"{PROJECT}:images/repositories": None,
        },
        f"Pulumi.dev.yaml: {PROJECT}:foundation is wrong: expected images.registry "
        "111122223333.dkr.ecr.eu-central-1.amazonaws.com or "
        "111122223333.dkr.ecr.eu-central-1.amazonaws.com/dev, where its deploy role may push; "
        'got {"stack": "organization/herald-foundation/dev"}.',
    ),
    "several things": (
        {f"{PROJECT}:prefix": "Dev", f"{PROJECT}:account": "1"},
        f"Pulumi.dev.yaml: {PROJECT}:account is wrong: expected to match pattern '^[0-9]{{12}}$'; "
        'got "1" (1 more problem).',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_error_names_file_key_and_expectation(case):
    changes, sentence = CASES[case]
    assert refusal(changes) == sentence


def test_wrong_server_count_hides_the_password():
    for database in (
        {},
        {
            "existing": {"host": "db", "adminPassword": "pw"},
            "rds": {"subnetIds": ["a", "b"], "securityGroupIds": ["c"]},
        },
    ):
        assert refusal({f"{PROJECT}:database": database}) == (
            f"Pulumi.dev.yaml: {PROJECT}:database is wrong: expected either `existing` or `rds`; "
            "got a secret."
        )


def test_plain_secret_is_refused_with_command():
    assert refusal({}, secret_keys={f"{PROJECT}:database"}) == (
        f"Pulumi.dev.yaml: {PROJECT}:push.credentials is plain text; expected a secret, set by "
        f"`pulumi config set --stack dev --secret --path {PROJECT}:push.credentials`."
    )


def test_secret_may_come_from_file(tmp_path):
    file = tmp_path / "credentials.json"
    file.write_text("from the file\n")
    values = with_secrets("dev")
    values[f"{PROJECT}:push"]["credentials"] = {"fromFile": str(file)}
    config = parse("dev", as_engine(values), set())
    assert config.push.credentials.get_secret_value() == "from the file"
    assert "from the file" not in repr(config)


@pytest.mark.parametrize("content", [None, "  \n"])
def test_missing_secret_file_is_named(tmp_path, content):
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)
    sentence = refusal(
        {f"{PROJECT}:push/credentials": {"fromFile": str(file)}}, secret_keys=frozenset()
    )
    assert sentence.startswith(f"Pulumi.dev.yaml: {PROJECT}:push.credentials is wrong: expected ")
    assert str(file) in sentence


def test_a_file_written_otherwise_is_refused():
    sentence = refusal({f"{PROJECT}:push/credentials": {"file": "x"}}, secret_keys=frozenset())
    assert "expected text, or {fromFile: PATH}" in sentence
