"""Services of an adopter: everything follows from one call, and faults stop the program."""

import json

import pulumi
import pytest

from review.simulation import trial
from stacks.config.services import read_services
from stacks.platform.platform_parts import Platform
from stacks.platform.workloads import Cluster
from tests.stacks.stack_files import config_of, foundation_of

DIGEST = "registry.example.com/prices@sha256:" + "a" * 64
SETTINGS = """
image = "{image}"
[health]
port = 9000
live = "/healthz"
ready = "/readyz"
[settings]
required = ["EVENT_QUEUE_URL"]
"""


@pytest.fixture
def run(deploy, tmp_path, monkeypatch):
    """Run a program with the one service `prices`, of an image that exists."""
    folder = tmp_path / "prices"
    folder.mkdir()
    (folder / "service.toml").write_text(SETTINGS.format(image=DIGEST))
    monkeypatch.setattr(
        "stacks.platform.service_folders.read_services", lambda: read_services(tmp_path)
    )

    def deployed(describe, stack: str = "prod") -> trial.Deployment:
        def program() -> None:
            platform = Platform(config_of(stack))
            cluster = Cluster(platform)
            describe(platform, cluster)
            cluster.exports()

        with monkeypatch.context() as patch:
            patch.setattr("stacks.platform.workloads.Exports", dict)
            return deploy(program, stack=stack, lookups=foundation_of(stack))

    return deployed


def refusal(run, describe) -> str:
    with pytest.raises(pulumi.RunError) as refused:
        run(describe)
    return str(refused.value)


def prices(platform: Platform, cluster: Cluster, **more) -> None:
    queue = platform.queue("prices", platform.topic("event"))
    table = platform.table("prices", "item", "day")
    cluster.service(
        "prices", uses=[queue.consumer("EVENT"), table.writer("PRICES")], exposed=True, **more
    )


def test_one_call_makes_a_service(run):
    deployment = run(prices)
    pods = deployment.one("kubernetes:apps/v1:Deployment", "prod-prices").inputs["spec"]
    [container] = pods["template"]["spec"]["containers"]
    given = {variable["name"] for variable in container["env"]}
    assert container["image"] == DIGEST
    assert given >= {"EVENT_QUEUE_URL", "EVENT_DEAD_LETTERS_URL", "PRICES_TABLE"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["ports"][0] == {"name": "http", "containerPort": 9000}
    policy = deployment.one("aws:iam/rolePolicy:RolePolicy", "prod-prices").inputs["policy"]
    actions = {action for one in json.loads(policy)["Statement"] for action in one["Action"]}
    assert actions >= {"sqs:ReceiveMessage", "dynamodb:PutItem", "dynamodb:Query"}
    alarms = {alarm.name for alarm in deployment.all("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert alarms >= {"prod-prices-dead-letters", "prod-prices-oldest-message"}
    body = deployment.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    titles = [widget["properties"]["title"] for widget in json.loads(body)["widgets"]]
    assert titles == [
        *("Queue prod-prices", "Queue prod-prices: oldest message", "Topic prod-event"),
        "Table prod-prices",
    ]
    assert deployment.all("docker-build:index:Image") == []
    assert deployment.all("aws:rds/instance:Instance") == []


def test_name_is_used_once(run):
    def twice(platform: Platform, cluster: Cluster) -> None:
        prices(platform, cluster)
        cluster.service("prices")

    assert refusal(run, twice) == (
        "The program creates two services named 'prices'; rename one of them."
    )


@pytest.mark.parametrize("kind", ["topic", "queue", "table"])
def test_part_has_its_own_name(run, kind):
    def twice(platform: Platform, cluster: Cluster) -> None:
        topic = platform.topic("event")
        make = {
            "topic": lambda: platform.topic("event"),
            "queue": lambda: platform.queue("event", topic),
            "table": lambda: platform.table("event", "id"),
        }[kind]
        make()
        make()

    assert refusal(run, twice) == (
        f"The program creates two {kind}s named 'event'; rename one of them."
    )


@pytest.mark.parametrize(
    ("name", "longest"), [("Prices", 40), ("p", 40), ("a" * 41, 40), ("a--b", 40), ("p_1", 40)]
)
def test_name_fits_aws(run, name, longest):
    said = refusal(run, lambda platform, cluster: platform.topic(name))
    assert said == (
        f"{name!r} cannot name a topic: expected 2 to {longest} lower-case letters, digits and "
        "single hyphens, starting with a letter."
    )


def test_database_name_fits_kubernetes(run):
    said = refusal(run, lambda _, cluster: cluster.database("a" * 29, owner="prices"))
    assert said.startswith(f"'{'a' * 29}' cannot name a database: expected 2 to 28 ")


def test_unknown_service_is_refused(run):
    said = refusal(run, lambda _, cluster: cluster.service("princes"))
    assert said == (
        "Expected a service in services/princes, with __main__.py, a Dockerfile or service.toml; "
        "the services are prices."
    )


def test_uses_must_be_grants(run):
    said = refusal(run, lambda _, cluster: cluster.service("prices", uses=["events"]))
    assert said == (
        "prices: expected `uses` to list grants of components, such as "
        "queue.consumer(\"EVENT\"); got 'events'."
    )


def test_required_setting_is_given(run):
    said = refusal(run, lambda _, cluster: cluster.service("prices"))
    assert said == (
        "services/prices requires EVENT_QUEUE_URL, which the program does not set: add the "
        "part to `uses`, or the value to `settings`."
    )


DOCKERFILE = "FROM scratch\nEXPOSE {port}\n"
REFUSED_FOLDERS = {  # files of services/orders, and why no program runs with them
    "container without settings": (
        {"Dockerfile": DOCKERFILE.format(port=8080)},
        "services/orders has no settings: expected service.toml with the tables [health] and "
        "[settings].",
    ),
    "package without settings": (
        {"orders/__main__.py": ""},
        "services/orders has no settings: expected the class Settings in orders/settings.py.",
    ),
    "package without the class": (
        {"orders/__main__.py": "", "orders/settings.py": "PORT = 1"},
        "services/orders has no settings: expected the class Settings in orders/settings.py.",
    ),
    "broken settings": (
        {"orders/__main__.py": "", "orders/settings.py": "class Settings"},
        "services/orders/orders/settings.py is not valid Python: expected ':' (<unknown>, line 1).",
    ),
    "no health check": (
        {"service.toml": f'image = "{DIGEST}"\n[settings]\n'},
        "services/orders/service.toml has no health; docs/how-to/add-a-service.md describes the "
        "file.",
    ),
    "health check at another port": (
        {"service.toml": "[health]\n[settings]\n", "Dockerfile": DOCKERFILE.format(port=80)},
        "services/orders/Dockerfile: expected EXPOSE 8080, the port that serves /health/live and "
        "/health/ready.",
    ),
    "two images": (
        {
            "service.toml": f'image = "{DIGEST}"\n[health]\n[settings]\n',
            "Dockerfile": DOCKERFILE.format(port=8080),
        },
        "services/orders has two images: remove its Dockerfile, or `image` in service.toml.",
    ),
    "image by tag": (
        {"service.toml": 'image = "orders:1"\n[health]\n[settings]\n'},
        "services/orders/service.toml: image is wrong: String should match pattern "
        "'^[^\\s@]+@sha256:[0-9a-f]{64}$'; got 'orders:1'.",
    ),
}


@pytest.mark.parametrize(("files", "said"), REFUSED_FOLDERS.values(), ids=REFUSED_FOLDERS)
def test_undeployable_folder_stops_the_program(run, tmp_path, files, said):
    for name, text in files.items():
        (tmp_path / "orders" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "orders" / name).write_text(text)
    assert refusal(run, prices) == said


@pytest.mark.parametrize("name", ["Orders", "o", "o" * 41, "orders-", "or_ders"])
def test_folder_name_fits_aws(run, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "service.toml").write_text(SETTINGS.format(image=DIGEST))
    assert refusal(run, prices).startswith(f"{name!r} cannot name a service: expected 2 to 40 ")


def test_package_gets_its_settings(run, tmp_path):
    package = tmp_path / "orders" / "orders"
    package.mkdir(parents=True)
    (package / "__main__.py").touch()
    (package / "settings.py").write_text(
        "class Settings(DatabaseSettings):\n    order_queue_url: str\n    days: int = 7\n"
    )
    said = refusal(run, lambda _, cluster: cluster.service("orders"))
    assert said == (
        "services/orders requires ORDER_QUEUE_URL, which the program does not set: add the "
        "part to `uses`, or the value to `settings`."
    )


def test_every_folder_is_in_the_program(run):
    assert refusal(run, lambda platform, cluster: None) == (
        'services/prices is not part of the program: add cluster.service("prices", …) to '
        "stacks/platform/reminder_platform.py, or remove the folder."
    )
