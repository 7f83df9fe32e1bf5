import json

import pytest
from herald_infra.dashboard import Dashboard, DashboardArgs, Metric, Panel
from herald_infra.postgres_connection import ExistingServer
from herald_infra.postgres_server import PostgresServer, PostgresServerArgs
from herald_infra.scheduled_function import ScheduledFunction, ScheduledFunctionArgs
from herald_infra.subscribed_queue import SubscribedQueue, SubscribedQueueArgs
from herald_infra.table import Table, TableArgs
from herald_infra.topic import Topic

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/clock@sha256:" + "d" * 64


@pytest.fixture
def shown(deploy):
    """The title of each panel of a component, its rows and its limit."""

    def run(observed):
        def program():
            panels = observed().panels()
            Dashboard("dev", DashboardArgs(region="eu-central-1", panels=panels))

        body = json.loads(deploy(program).one(DASHBOARD).inputs["dashboardBody"])
        return [
            (
                each["properties"]["title"],
                each["properties"]["metrics"],
                limits(each["properties"]),
            )
            for each in body["widgets"]
        ]

    return run


def limits(graph):
    return [line["value"] for line in graph.get("annotations", {}).get("horizontal", [])]


def drawn(label, stat):
    return {"label": label, "stat": stat}


def test_panels_fill_rows_of_three(deploy):
    age = Metric(namespace="Own", name="Age", dimensions={"Of": "it"}, label="seconds")
    panels = [Panel(title=f"Panel {at}", metrics=[age], limit=at or None) for at in range(4)]
    args = DashboardArgs(region="eu-central-1", panels=panels)
    deployment = deploy(lambda: Dashboard("dev-platform", args))
    dashboard = deployment.one(DASHBOARD)
    assert dashboard.parent == ("herald:infra:Dashboard", "dev-platform")
    assert dashboard.inputs["dashboardName"] == "dev-platform"
    widgets = json.loads(dashboard.inputs["dashboardBody"])["widgets"]
    assert [(w["x"], w["y"]) for w in widgets] == [(0, 0), (8, 0), (16, 0), (0, 6)]
    graph = {
        "title": "Panel 0",
        "region": "eu-central-1",
        "view": "timeSeries",
        "stacked": False,
        "period": 60,
        "yAxis": {"left": {"min": 0}},
        "metrics": [["Own", "Age", "Of", "it", {"label": "seconds", "stat": "Maximum"}]],
    }
    assert widgets[0] == {
        "type": "metric",
        "x": 0,
        "y": 0,
        "width": 8,
        "height": 6,
        "properties": graph,
    }
    assert widgets[3]["properties"] == {
        **graph,
        "title": "Panel 3",
        "annotations": {"horizontal": [{"label": "alarm", "value": 3}]},
    }
    assert deployment.one("herald:infra:Dashboard").outputs == {"name": "dev-platform"}


def test_queue_panels_show_depth_and_age(shown):
    queue, dead = ["QueueName", "event-1a2b3c4"], ["QueueName", "event-dead-letters-1a2b3c4"]
    waiting = "ApproximateNumberOfMessagesVisible"
    args = SubscribedQueueArgs(topic_arn="arn:events", max_age=120)
    assert shown(lambda: SubscribedQueue("event", args)) == [
        (
            "Queue event",
            [
                ["AWS/SQS", waiting, *queue, drawn("waiting", "Maximum")],
                [
                    "AWS/SQS",
                    "ApproximateNumberOfMessagesNotVisible",
                    *queue,
                    drawn("in hand", "Maximum"),
                ],
                ["AWS/SQS", waiting, *dead, drawn("dead letters", "Maximum")],
            ],
            [],
        ),
        (
            "Queue event: oldest message",
            [["AWS/SQS", "ApproximateAgeOfOldestMessage", *queue, drawn("seconds", "Maximum")]],
            [120],
        ),
    ]


def test_topic_panel_shows_deliveries_and_failures(shown):
    topic = ["TopicName", "event-1a2b3c4"]
    assert shown(lambda: Topic("event")) == [
        (
            "Topic event",
            [
                ["AWS/SNS", "NumberOfMessagesPublished", *topic, drawn("published", "Sum")],
                ["AWS/SNS", "NumberOfNotificationsDelivered", *topic, drawn("delivered", "Sum")],
                ["AWS/SNS", "NumberOfNotificationsFailed", *topic, drawn("failed", "Sum")],
            ],
            [],
        )
    ]


def test_table_panels_show_load_and_throttling(shown):
    table = ["TableName", "events-1a2b3c4"]
    assert shown(lambda: Table("events", TableArgs(hash_key="id"))) == [
        (
            "Table events",
            [
                ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", *table, drawn("writes", "Sum")],
                ["AWS/DynamoDB", "WriteThrottleEvents", *table, drawn("rejected writes", "Sum")],
                ["AWS/DynamoDB", "ReadThrottleEvents", *table, drawn("rejected reads", "Sum")],
            ],
            [],
        )
    ]


def test_server_panels_show_thresholds_of_alarms(shown):
    server = ["DBInstanceIdentifier", "postgres"]
    network = {"subnet_ids": ["a", "b"], "security_group_ids": ["c"]}
    args = PostgresServerArgs(**network, password="generated")
    assert shown(lambda: PostgresServer("postgres", args)) == [
        (
            "Server postgres: processors",
            [["AWS/RDS", "CPUUtilization", *server, drawn("percent", "Average")]],
            [80],
        ),
        (
            "Server postgres: storage left",
            [["AWS/RDS", "FreeStorageSpace", *server, drawn("bytes", "Minimum")]],
            [1024**3],
        ),
        (
            "Server postgres: connections",
            [["AWS/RDS", "DatabaseConnections", *server, drawn("connections", "Average")]],
            [80],
        ),
    ]


def test_existing_server_has_no_panels(shown):
    assert shown(lambda: ExistingServer(host="db", admin_password="password")) == []


def test_function_panels_show_runs_and_failures(shown):
    function, dead = ["FunctionName", "clock-1a2b3c4"], ["QueueName", "clock-dead-letters-1a2b3c4"]
    waiting = "ApproximateNumberOfMessagesVisible"
    assert shown(lambda: ScheduledFunction("clock", ScheduledFunctionArgs(image=IMAGE))) == [
        (
            "Function clock",
            [
                ["AWS/Lambda", "Invocations", *function, drawn("runs", "Sum")],
                ["AWS/Lambda", "Errors", *function, drawn("errors", "Sum")],
                ["AWS/SQS", waiting, *dead, drawn("dead letters", "Maximum")],
            ],
            [],
        ),
        (
            "Function clock: duration",
            [["AWS/Lambda", "Duration", *function, drawn("milliseconds", "Maximum")]],
            [],
        ),
    ]
