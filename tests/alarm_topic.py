"""An operator who hears the alarm topic, and looks at the alerts that fire in Prometheus."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.emulator import admit_topics

Alert = tuple[str, str]  # name and service


@dataclass
class Operator:
    """Hears the alarm topic, as an operator's e-mail would."""

    prometheus: httpx.Client
    sqs: Any
    queue: str
    heard: dict[str, dict[str, float]] = field(
        default_factory=lambda: {"FIRING": {}, "RESOLVED": {}}
    )  # seconds since `began` by name, of the first firing and the last end
    messages: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def alerts(self) -> set[Alert]:
        """Return the alerts that fire in Prometheus now."""
        answer = self.prometheus.get("/api/v1/alerts")
        return {
            (alert["labels"]["alertname"], alert["labels"].get("service", ""))
            for alert in answer.json()["data"]["alerts"]
            if alert["state"] == "firing"
        }

    def listen(self) -> None:
        received = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        now = time.monotonic() - self.began
        for message in received.get("Messages", ()):
            notification = json.loads(message["Body"])
            status, _, name = notification["Subject"].partition(": ")
            if status == "FIRING":
                self.heard[status].setdefault(name, now)
            else:
                self.heard[status][name] = now
            self.messages.append(notification["Message"])
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def await_alerts(self, wanted: set[Alert], patience: float) -> float:
        """Return the seconds until all fire and were heard."""
        names = {name for name, _ in wanted}
        return self.wait_until(
            lambda: wanted <= self.alerts() and names <= self.heard["FIRING"].keys(), patience
        )

    def await_silence(self, names: set[str], patience: float) -> float:
        """Return the seconds until no alert fires and the ends of these were heard."""
        return self.wait_until(
            lambda: not self.alerts() and names <= self.heard["RESOLVED"].keys(), patience
        )

    def await_firing(self, names: set[str], patience: float) -> float:
        """Return the seconds until the firing of all was heard."""
        return self.wait_until(lambda: names <= self.heard["FIRING"].keys(), patience)

    def listen_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(1)
            self.listen()

    def wait_until(self, condition: Callable[[], bool], patience: float) -> float:
        began = time.monotonic()
        while not condition():
            waited = time.monotonic() - began
            assert waited < patience, f"firing: {self.alerts()}, heard: {self.heard}"
            time.sleep(1)
            self.listen()
        return time.monotonic() - began


@contextmanager
def operator_of(
    topic_arn: str, prometheus: str, client: Callable[[str], Any]
) -> Iterator[Operator]:
    """Subscribe a queue to the alarm topic; `client` returns a client of an AWS service."""
    sqs, sns = client("sqs"), client("sns")
    name = f"operator-{uuid.uuid4().hex[:8]}"
    arn = ":".join([*topic_arn.replace(":sns:", ":sqs:").split(":")[:-1], name])
    policy = admit_topics(arn, topic_arn)
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    subscribed = sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    with httpx.Client(base_url=prometheus) as http:
        yield Operator(http, sqs, url)
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)
    for each in (sqs, sns):
        each.close()
