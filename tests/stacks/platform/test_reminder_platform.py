"""The arrows between the boxes, and what differs between environments."""

import json
from collections import Counter

import notification_scheduler.handler
import pulumi
import pytest

from review.simulation.simulated_outputs import DIGEST
from stacks.config.project import PROJECT, ROOT
from stacks.config.services import read_services
from stacks.platform.images import tag
from stacks.platform.scheduler import architecture
from tests.stacks.stack_files import STACKS, config_of

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICES = read_services()
IMAGE = "docker-build:index:Image"
CLOUD = [stack for stack in STACKS if stack != "local"]


def document(resource, name):
    return json.loads(resource.inputs[name])


@pytest.mark.parametrize("stack", STACKS)
def test_queues_receive_only_relevant_messages(platform, stack):
    deployment, prefix = platform(stack), f"{stack}-"
    heard = {
        each.name: (
            each.inputs["topic"].rpartition(":")[2],
            document(each, "filterPolicy") if "filterPolicy" in each.inputs else None,
        )
        for each in deployment.all("aws:sns/topicSubscription:TopicSubscription")
        if each.inputs["protocol"] == "sqs"
        and each.name.startswith((f"{prefix}event", f"{prefix}notification"))
    }
    assert heard == {
        f"{prefix}event": (
            f"{prefix}event-1a2b3c4",
            {"eventItemType": ["reminder", "notification", "device", "preferences"]},
        ),
        f"{prefix}event-announced": (
            f"{prefix}notification-1a2b3c4",
            {"eventType": ["notification:send"]},
        ),
        f"{prefix}notification": (
            f"{prefix}notification-1a2b3c4",
            {"eventType": ["notification:send"]},
        ),
        f"{prefix}notification-email-notices": (f"{prefix}email-notices-1a2b3c4", None),
    }


@pytest.mark.parametrize("stack", STACKS)
def test_notification_outlives_longer_outage_than_event(platform, stack):
    received = {
        queue.name: document(queue, "redrivePolicy")["maxReceiveCount"]
        for queue in platform(stack).all("aws:sqs/queue:Queue")
        if queue.name in (f"{stack}-event", f"{stack}-notification")
    }
    assert received == {f"{stack}-event": 5, f"{stack}-notification": 12}


@pytest.mark.parametrize("stack", STACKS)
def test_ses_publishes_to_its_own_topic(platform, stack):
    deployment = platform(stack)
    told = deployment.one("aws:ses/eventDestination:EventDestination")
    topic = deployment.one("aws:sns/topic:Topic", f"{stack}-email-notices").outputs["arn"]
    assert told.inputs["snsDestination"] == {"topicArn": topic}
    assert services_admitted(deployment, f"{stack}-email-notices") == [["ses.amazonaws.com"]]
    assert services_admitted(deployment, f"{stack}-notification") == []


def services_admitted(deployment, topic):
    policy = document(deployment.one("aws:sns/topicPolicy:TopicPolicy", topic), "policy")
    return [s["Principal"]["Service"] for s in policy["Statement"] if s["Effect"] == "Allow"]


@pytest.mark.parametrize("stack", STACKS)
def test_pods_run_images_by_digest(platform, stack):
    deployment, config = platform(stack), config_of(stack)
    for image in deployment.all(IMAGE):
        service = image.name.removeprefix(config.prefix)
        assert image.inputs["tags"] == [
            f"{config.images.registry}/{service}:{tag(SERVICES[service], config)}"
        ]
        package = {"PACKAGE": service.replace("-", "_")} if SERVICES[service].is_python else {}
        assert image.inputs["buildArgs"] == {
            "BASE": config.images.base,
            "DATABASE_AUTHORITIES": config.database.ssl_root_cert,
            **package,
        }
    for pods in deployment.all(DEPLOYMENT):
        [container] = pods.inputs["spec"]["template"]["spec"]["containers"]
        service = pods.name.removeprefix(config.prefix)
        pushed = f"{config.images.registry}/{service}:{tag(SERVICES[service], config)}"
        assert container["image"] == f"{pushed}@{DIGEST}"


OWNERS = {
    "reminder": "reminder-service",
    "notification": "event-service",
    "device": "notification-service",
}
DATABASES = {
    "reminder-service": "reminder",
    "event-service": "notification",
    "notification-scheduler": "notification",
    "notification-service": "device",
}


@pytest.mark.parametrize("stack", STACKS)
def test_owners_migrate_databases_before_pods_start(platform, stack):
    deployment = platform(stack)
    for database, owner in OWNERS.items():
        job = deployment.one("kubernetes:batch/v1:Job", f"{stack}-{database}-migration")
        [container] = job.inputs["spec"]["template"]["spec"]["containers"]
        assert f"/{owner}:" in container["image"]
        assert container["args"] == ["migrate"]
    for pods in deployment.all(DEPLOYMENT):
        if database := DATABASES.get(pods.name.removeprefix(f"{stack}-")):
            job = f"{stack}-{database}-migration"
            assert ("kubernetes:batch/v1:Job", job) in pods.depends_on


def actions(deployment, name):
    policy = document(deployment.one("aws:iam/rolePolicy:RolePolicy", name), "policy")
    return {
        (action, resource.rpartition(":")[2])
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
        if not action.startswith("kms:") and ":kms:" not in resource
    }


PUBLISH = {("sns:Publish", "prod-event-1a2b3c4")}
READ = ("GetItem", "Query", "DescribeTable")
EVENT_STORE = (
    "table/prod-event-store-1a2b3c4",
    "table/prod-event-store-1a2b3c4/index/by-reminderId",
)
GIVE_UP = ("SendMessage", "GetQueueAttributes")
CONSUME = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")


def test_permissions_match_arrows_of_services(platform):
    deployment = platform("prod")
    assert actions(deployment, "prod-reminder-service") == {
        *PUBLISH,
        *((f"dynamodb:{action}", table) for action in READ for table in EVENT_STORE),
    }
    assert actions(deployment, "prod-event-service") == {
        *PUBLISH,
        *((f"sqs:{action}", "prod-event-1a2b3c4") for action in CONSUME),
        *((f"sqs:{action}", "prod-event-dead-letters-1a2b3c4") for action in GIVE_UP),
        ("dynamodb:PutItem", "table/prod-event-store-1a2b3c4"),
        ("dynamodb:DescribeTable", "table/prod-event-store-1a2b3c4"),
    }
    assert actions(deployment, "prod-notification-scheduler") == {
        ("sns:Publish", "prod-notification-1a2b3c4")
    }
    assert actions(deployment, "prod-notification-service") == {
        *PUBLISH,
        *((f"sqs:{action}", "prod-notification-1a2b3c4") for action in CONSUME),
        *((f"sqs:{action}", "prod-notification-dead-letters-1a2b3c4") for action in GIVE_UP),
        *(
            (action, resource)
            for action in ("ses:SendEmail", "ses:SendTemplatedEmail")
            for resource in (
                "identity/*",  # the condition names the sender
                "configuration-set/prod-reminders-1a2b3c4",
                "template/prod-email-1a2b3c4",
            )
        ),
        ("ses:GetAccount", "*"),  # has no narrower resource
    }


@pytest.mark.parametrize("stack", STACKS)
def test_no_policy_grants_everything(platform, stack):
    for resource in platform(stack).resources:
        if resource.type in ("aws:iam/rolePolicy:RolePolicy", "aws:sns/topicPolicy:TopicPolicy"):
            for statement in document(resource, "policy")["Statement"]:
                if statement["Effect"] == "Allow" and statement["Action"] != ["ses:GetAccount"]:
                    assert "*" not in (*statement["Action"], *statement["Resource"])


@pytest.mark.parametrize("stack", STACKS)
def test_pods_act_by_their_own_role(platform, stack):
    deployment = platform(stack)
    for account in deployment.all("kubernetes:core/v1:ServiceAccount"):
        role = deployment.one("aws:iam/role:Role", account.name).outputs["arn"]
        annotations = account.inputs["metadata"]["annotations"]
        assert annotations == {"eks.amazonaws.com/role-arn": role}


def test_local_stack_uses_the_existing_server(platform):
    types = Counter(resource.type for resource in platform("local").resources)
    assert types["aws:rds/instance:Instance"] == 0
    assert types[DEPLOYMENT] == len(SERVICES)


def test_clock_follows_the_configuration(platform):
    dev, prod = platform("dev"), platform("prod")
    function = dev.one("aws:lambda/function:Function", "dev-notification-scheduler")
    variables = function.inputs["environment"]["variables"]
    assert not variables.keys() & {"AWS_REGION", "AWS_DEFAULT_REGION"}  # Lambda sets its own
    assert "environment" in function.secrets
    assert function.inputs["imageConfig"] == {"commands": ["notification_scheduler.handler.handle"]}
    assert variables["SERVICE"] == "awslambdaric"
    assert callable(notification_scheduler.handler.handle)
    [image] = (i for i in dev.all(IMAGE) if i.name == "dev-notification-scheduler")
    repository, _, _ = image.inputs["tags"][0].rpartition(":")
    assert function.inputs["imageUri"] == f"{repository}@{DIGEST}"
    assert function.inputs["architectures"] == ["x86_64"]
    assert len(dev.all(DEPLOYMENT)) == len(SERVICES) - 1
    assert prod.all("aws:lambda/function:Function") == []
    assert len(prod.all(DEPLOYMENT)) == len(SERVICES)


def images(*platforms):
    return config_of("dev").images.model_copy(update={"platforms": [*platforms]})


@pytest.mark.parametrize(
    ("platform", "name"), [("linux/amd64", "x86_64"), ("linux/arm64", "arm64")]
)
def test_function_runs_on_architecture_of_image(platform, name):
    assert architecture(images(platform)) == name


@pytest.mark.parametrize("platforms", [[], ["linux/amd64", "linux/arm64"]])
def test_function_needs_single_known_platform(platforms):
    with pytest.raises(pulumi.RunError) as refused:
        architecture(images(*platforms))
    assert str(refused.value) == (
        f"{PROJECT}:images.platforms must name one platform for Lambda; "
        f"got {platforms}. Name one, or set {PROJECT}:scheduler.runtime to deployment."
    )


CHANNELS = [
    title
    for channel in ("event", "notification")
    for title in (
        f"Queue {channel}",
        f"Queue {channel}: oldest message",
        f"Topic {channel}",
    )
]
SERVER = [
    f"Server postgres: {subject}" for subject in ("processors", "storage left", "connections")
]
FUNCTION = ["Function notification-scheduler", "Function notification-scheduler: duration"]


@pytest.mark.parametrize(
    ("stack", "more"),
    [("local", []), ("dev", SERVER + FUNCTION), ("staging", SERVER), ("prod", SERVER)],
)
def test_every_stack_has_its_dashboard(platform, stack, more):
    dashboard = platform(stack).one("aws:cloudwatch/dashboard:Dashboard", f"{stack}-platform")
    graphs = [w["properties"] for w in document(dashboard, "dashboardBody")["widgets"]]
    titles = dict.fromkeys(graph["title"].replace(f"{stack}-", "") for graph in graphs)
    expected = [*CHANNELS, "Table event-store", *more]
    assert [title for title in titles if title in expected] == expected
    assert {graph["region"] for graph in graphs} == {"eu-central-1"}


@pytest.mark.parametrize("stack", STACKS)
def test_cluster_objects_live_in_one_namespace(platform, stack):
    config = config_of(stack)
    outside = {
        resource.name
        for resource in platform(stack).resources
        if resource.type.startswith("kubernetes:")
        and resource.inputs["metadata"].get("namespace") != config.namespace
    }
    nodes = {f"{stack}-nodes", f"{stack}-nodes-network-policies"} if config.nodes else set()
    classes = {f"{stack}-gateway"} if config.gateway else set()
    assert outside == {config.namespace, *nodes, *classes}


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_network_policies_precede_all_workloads(platform, stack):
    deployment = platform(stack)
    pool = deployment.one("kubernetes:karpenter.sh/v1:NodePool").inputs["spec"]
    assert pool["limits"] == {"cpu": str(config_of(stack).nodes.most_cpus)}
    [architecture, *_] = pool["template"]["spec"]["requirements"]
    assert architecture["values"] == ["amd64"]
    namespace = deployment.one("kubernetes:core/v1:Namespace")
    assert namespace.depends_on == (
        ("kubernetes:core/v1:ConfigMap", f"{stack}-nodes-network-policies"),
        ("kubernetes:karpenter.sh/v1:NodePool", f"{stack}-nodes"),
    )


def test_no_environment_is_forked_in_code():
    for file in (ROOT / "stacks").rglob("*.py"):
        text = file.read_text()
        for name in ('"local"', '"dev"', '"staging"', '"prod"', "get_stack() =="):
            assert name not in text, file
