"""Every stack file is right, and what is wrong with one is said in one sentence."""

import re

import pytest

from stacks.config import ROOT
from stacks.stack_file import ConfigError, parse
from tests.stacks.stack_files import (
    SECRET_KEYS,
    STACKS,
    as_engine,
    config_of,
    with_secrets,
    written,
)

BASE = written("dev")["herald:images"]["base"]
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


def test_each_environment_has_a_namespace_and_an_account_of_its_own():
    configs = [config_of(stack) for stack in STACKS]
    assert [c.namespace for c in configs] == ["local", "development", "staging", "production"]
    assert len({c.account for c in configs}) == len(STACKS)


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_stack_in_the_cloud_is_never_applied_elsewhere(stack):
    values = written(stack)
    assert values["aws:allowedAccountIds"] == [values["herald:account"]]
    assert values["kubernetes:context"] == f"herald-{stack}"
    assert "aws:endpoints" not in values


def test_no_secret_stands_in_a_stack_file():
    for stack in STACKS:
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
        assert not re.search(r"(?i)(adminPassword|credentials): *\S", text)


CASES = {
    "a misspelt key": (
        {"herald:prefx": "dev-"},
        "Pulumi.dev.yaml: herald:prefx is no setting; expected one of access, account, "
        "alarmEmails, aws:region, database, deletionProtection, email, foundation, identity, "
        "images, messaging, namespace, network, prefix, push, quota, scheduler, services, unlock, "
        "version, workloadEnvironment.",
    ),
    "a misspelt key inside": (
        {"herald:database/rds/instanceClas": "db.t4g.micro"},
        "Pulumi.dev.yaml: herald:database.rds.instanceClas is no setting; expected one of "
        "alarmConnections, backupDays, identifier, instanceClass, maxStorage, multiAz, "
        "password, securityGroupIds, storage, subnetIds.",
    ),
    "a misspelt namespace": (
        {"hrald:prefix": "dev-"},
        "Pulumi.dev.yaml: hrald:prefix is no setting; expected one of aws, docker-build, "
        "herald, kubernetes, pulumi, random before `:`.",
    ),
    "a missing value": (
        {"herald:namespace": None},
        "Pulumi.dev.yaml: herald:namespace is missing; expected a value.",
    ),
    "a missing map": (
        {"herald:email": None},
        "Pulumi.dev.yaml: herald:email is missing; expected a map of domain, sender, smtpUrl, "
        "unsubscribeUrl.",
    ),
    "a missing region": (
        {"aws:region": None},
        "Pulumi.dev.yaml: aws:region is missing; expected a value.",
    ),
    "a wrong type": (
        {"herald:services/event-service/minReplicas": "2"},
        "Pulumi.dev.yaml: herald:services.event-service.minReplicas is wrong: "
        'expected a valid integer, came "2".',
    ),
    "a number out of bounds": (
        {"herald:network/destinations": [{"cidr": "10.0.0.0/8", "ports": [5432, 70000]}]},
        "Pulumi.dev.yaml: herald:network.destinations[0].ports[1] is wrong: "
        "expected less than or equal to 65535, came 70000.",
    ),
    "a misspelt key of a value that must be": (
        {"herald:namespace": None, "herald:namespce": "dev"},
        "Pulumi.dev.yaml: herald:namespce is no setting; expected one of access, account, "
        "alarmEmails, aws:region, database, deletionProtection, email, foundation, identity, "
        "images, messaging, namespace, network, prefix, push, quota, scheduler, services, unlock, "
        "version, workloadEnvironment (1 more).",
    ),
    "a network that is longer than an address": (
        {"herald:network/callerCidrs": ["10.0.0.0/33"]},
        "Pulumi.dev.yaml: herald:network.callerCidrs[0] is wrong: expected an IPv4 network such as "
        '10.0.0.0/16 or, of one address, 10.0.0.1/32, came "10.0.0.0/33".',
    ),
    "an address that is none of a network": (
        {"herald:network/destinations": [{"cidr": "10.0.0.1/8", "ports": [5432]}]},
        "Pulumi.dev.yaml: herald:network.destinations[0].cidr is wrong: expected an IPv4 network "
        'such as 10.0.0.0/16 or, of one address, 10.0.0.1/32, came "10.0.0.1/8".',
    ),
    "an exception from another network": (
        {
            "herald:network/destinations": [
                {"cidr": "10.0.0.0/8", "ports": [443], "excluded": ["169.254.169.254/32"]}
            ]
        },
        "Pulumi.dev.yaml: herald:network.destinations[0] is wrong: expected parts of 10.0.0.0/8 in "
        '`excluded`, came {"cidr": "10.0.0.0/8", "ports": [443], "excluded": '
        '["169.254.169.254/32"]}.',
    ),
    "more that is asked for than may be had": (
        {"herald:services/event-service": {"cpuRequest": "1500m"}},
        "Pulumi.dev.yaml: herald:services.event-service is wrong: expected cpuLimit of at least "
        '1500m, came {"cpuRequest": "1500m"}.',
    ),
    "less memory than is asked for": (
        {"herald:services/event-service": {"memoryRequest": "1Gi", "memoryLimit": "900Mi"}},
        "Pulumi.dev.yaml: herald:services.event-service is wrong: expected memoryLimit of at least "
        '1Gi, came {"memoryRequest": "1Gi", "memoryLimit": "900Mi"}.',
    ),
    "a port for two services": (
        {
            "herald:services": {
                "reminder-service": {"nodePort": 30080},
                "notification-service": {"nodePort": 30080},
            }
        },
        "Pulumi.dev.yaml: herald:services is wrong: expected a nodePort of its own for each "
        'service, came {"reminder-service": {"nodePort": 30080}, "notification-service": '
        '{"nodePort": 30080}}.',
    ),
    "a variable that no process can have": (
        {"herald:workloadEnvironment": {"LOG LEVEL": "debug"}},
        "Pulumi.dev.yaml: herald:workloadEnvironment.LOG LEVEL is wrong: expected to match pattern "
        "'^[A-Za-z_][A-Za-z0-9_]*$', came \"LOG LEVEL\".",
    ),
    "bounds that contradict each other": (
        {
            "herald:services/event-service": {"minReplicas": 3, "maxReplicas": 2},
        },
        "Pulumi.dev.yaml: herald:services.event-service is wrong: expected maxReplicas of at "
        'least 3, came {"minReplicas": 3, "maxReplicas": 2}.',
    ),
    "an unknown service": (
        {"herald:services": {"event-servce": {}}},
        "Pulumi.dev.yaml: herald:services.event-servce is wrong: expected 'reminder-service', "
        "'event-service', 'notification-scheduler' or 'notification-service', "
        'came "event-servce".',
    ),
    "text where parts are expected": (
        {"herald:scheduler": "lambda"},
        'Pulumi.dev.yaml: herald:scheduler is wrong: expected an object, came "lambda".',
    ),
    "a sender of another domain": (
        {"herald:email": {"sender": "a@example.com", "domain": "herald.example"}},
        "Pulumi.dev.yaml: herald:email is wrong: expected a sender that ends in "
        '@herald.example, came {"sender": "a@example.com", "domain": "herald.example"}.',
    ),
    "an issuer whose keys anyone could replace": (
        {"herald:identity": {"issuer": "http://login.example.com", "audience": "herald"}},
        "Pulumi.dev.yaml: herald:identity.issuer is wrong: expected https; http is taken only with "
        'a private IP address, came "http://login.example.com".',
    ),
    "an issuer without an audience": (
        {"herald:identity": {"issuer": "https://login.example.com"}},
        "Pulumi.dev.yaml: herald:identity.audience is missing; expected a value.",
    ),
    "repositories that ECR does not have": (
        {
            "herald:images": {
                "registry": "localhost:5000",
                "base": "localhost:5000/x",
                "repositories": {},
            }
        },
        "Pulumi.dev.yaml: herald:images is wrong: expected no repositories, for the registry is "
        'not of ECR, came {"registry": "localhost:5000", "base": "localhost:5000/x", '
        '"repositories": {}}.',
    ),
    "a base that may be another tomorrow": (
        {"herald:images/base": "python:3.12-slim"},
        "Pulumi.dev.yaml: herald:images.base is wrong: expected an image by its digest, "
        "NAME:TAG@sha256:…, which `docker buildx imagetools inspect python:3.12-slim` prints, "
        'came "python:3.12-slim".',
    ),
    "layers under a tag that never moves": (
        {"herald:images/cache": True, "herald:images/platforms": []},
        "Pulumi.dev.yaml: herald:images is wrong: expected no cache, for the tags of "
        'repositories never move, came {"registry": '
        '"111122223333.dkr.ecr.eu-central-1.amazonaws.com", '
        f'"base": "{BASE}", "platforms": [], '
        '"repositories": {"keptImages": 30}, "cache": true}.',
    ),
    "a place that is told twice": (
        {"herald:scheduler/subnetIds": ["a"], "herald:access": {"oidcProviderArn": PROVIDER}},
        "Pulumi.dev.yaml: herald:foundation is wrong: expected no scheduler.subnetIds, access "
        'besides it, for it tells them, came {"stack": "organization/herald-foundation/dev"}.',
    ),
    "a place that nobody tells": (
        {"herald:foundation": None},
        "Pulumi.dev.yaml: herald:foundation is wrong: expected the stack of a foundation, or else "
        "subnetIds and securityGroupIds in database.rds, came null.",
    ),
    "a foundation that is no stack": (
        {"herald:foundation": {"stack": "dev"}},
        "Pulumi.dev.yaml: herald:foundation.stack is wrong: expected to match pattern "
        "'^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$', came \"dev\".",
    ),
    "several things": (
        {"herald:prefix": "Dev", "herald:account": "1"},
        "Pulumi.dev.yaml: herald:account is wrong: expected to match pattern '^[0-9]{12}$', "
        'came "1" (1 more).',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_sentence_names_file_key_and_what_was_expected(case):
    changes, sentence = CASES[case]
    assert refusal(changes) == sentence


def test_no_server_and_two_servers_are_refused_alike_without_telling_a_password():
    for database in (
        {},
        {
            "existing": {"host": "db", "adminPassword": "pw"},
            "rds": {"subnetIds": ["a", "b"], "securityGroupIds": ["c"]},
        },
    ):
        assert refusal({"herald:database": database}) == (
            "Pulumi.dev.yaml: herald:database is wrong: expected either `existing` or `rds`, "
            "came a secret."
        )


def test_a_secret_in_plain_text_is_refused_with_the_command_that_sets_it():
    assert refusal({}, secret_keys={"herald:database"}) == (
        "Pulumi.dev.yaml: herald:push.credentials came as plain text; expected a secret, set by "
        "`pulumi config set --stack dev --secret --path herald:push.credentials`."
    )


def test_a_secret_may_come_from_a_file(tmp_path):
    file = tmp_path / "credentials.json"
    file.write_text("from the file\n")
    values = with_secrets("dev")
    values["herald:push"]["credentials"] = {"fromFile": str(file)}
    config = parse("dev", as_engine(values), set())
    assert config.push.credentials.get_secret_value() == "from the file"
    assert "from the file" not in repr(config)


@pytest.mark.parametrize("content", [None, "  \n"])
def test_a_secrets_file_that_is_missing_or_empty_is_named(tmp_path, content):
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)
    sentence = refusal(
        {"herald:push/credentials": {"fromFile": str(file)}}, secret_keys=frozenset()
    )
    assert sentence.startswith("Pulumi.dev.yaml: herald:push.credentials is wrong: expected ")
    assert str(file) in sentence


def test_a_file_written_otherwise_is_refused():
    sentence = refusal({"herald:push/credentials": {"file": "x"}}, secret_keys=frozenset())
    assert "expected text, or {fromFile: PATH}" in sentence
