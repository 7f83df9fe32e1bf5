import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.local.aws_server.conftest import create_queue_for

pytestmark = pytest.mark.integration

ACCOUNT = "arn:aws:sqs:eu-central-1:123456789012"


@pytest.fixture
def sqs(aws) -> Any:
    return aws("sqs")


def receive(sqs: Any, queue: str, **options: Any) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, **options)
    return list(answer.get("Messages", []))


def test_waiting_consumers_do_not_block_others(sqs):
    queue = sqs.create_queue(QueueName="quiet")["QueueUrl"]
    with ThreadPoolExecutor(30) as consumers:
        waits = [consumers.submit(receive, sqs, queue, WaitTimeSeconds=3) for _ in range(30)]
        time.sleep(0.5)
        start = time.monotonic()
        sqs.list_queues()
        assert time.monotonic() - start < 1
        assert [wait.result() for wait in waits] == [[]] * 30
    assert 2 < time.monotonic() - start < 6


def test_a_message_wakes_a_waiting_consumer(sqs):
    queue = sqs.create_queue(QueueName="awaited")["QueueUrl"]
    with ThreadPoolExecutor(1) as consumers:
        wait = consumers.submit(receive, sqs, queue, WaitTimeSeconds=20)
        time.sleep(0.3)
        sent = time.monotonic()
        sqs.send_message(QueueUrl=queue, MessageBody="now")
        assert [message["Body"] for message in wait.result()] == ["now"]
        assert time.monotonic() - sent < 1


def test_many_consumers_get_each_message_once(sqs):
    queue = sqs.create_queue(QueueName="busy")["QueueUrl"]
    bodies = [str(number) for number in range(300)]

    def consume() -> list[str]:
        taken = []
        while messages := receive(sqs, queue, WaitTimeSeconds=2):
            for message in messages:
                taken.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return taken

    with ThreadPoolExecutor(12) as pool:
        consumers = [pool.submit(consume) for _ in range(6)]
        sends = [pool.submit(sqs.send_message, QueueUrl=queue, MessageBody=b) for b in bodies]
        assert [send.exception() for send in sends] == [None] * 300
        taken = [body for consumer in consumers for body in consumer.result()]
    assert sorted(taken, key=int) == bodies


def test_disconnected_consumer_takes_no_message(sqs, endpoint):
    queue = sqs.create_queue(QueueName="abandoned")["QueueUrl"]
    abandon_long_poll(endpoint, queue)
    time.sleep(0.5)
    sqs.send_message(QueueUrl=queue, MessageBody="kept")
    time.sleep(0.5)
    assert [message["Body"] for message in receive(sqs, queue)] == ["kept"]


def abandon_long_poll(endpoint: str, queue: str) -> None:
    body = json.dumps({"QueueUrl": queue, "WaitTimeSeconds": 20})
    address = endpoint.removeprefix("http://")
    host, port = address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/x-amz-json-1.0\r\n"
            "X-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
            "Authorization: AWS4-HMAC-SHA256 "
            "Credential=local/20260101/eu-central-1/sqs/aws4_request\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        time.sleep(0.5)


def test_raw_delivery_keeps_body_and_attributes(aws, sqs):
    sns = aws("sns")
    topic = sns.create_topic(Name="events")["TopicArn"]
    queue = create_queue_for(aws, topic, "filtered")
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=f"{ACCOUNT}:filtered",
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicy": json.dumps({"eventType": ["notification:send"]}),
        },
    )
    for kind in ("notification:send", "reminder:created"):
        attributes = {
            "eventType": {"DataType": "String", "StringValue": kind},
            "traceparent": {"DataType": "String", "StringValue": "00-1-2-01"},
        }
        entry = {"Id": "0", "Message": kind, "MessageAttributes": attributes}
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[entry])
    (message,) = receive(sqs, queue, MessageAttributeNames=["All"])
    assert message["Body"] == "notification:send"
    assert message["MessageAttributes"] == {
        "eventType": {"DataType": "String", "StringValue": "notification:send"},
        "traceparent": {"DataType": "String", "StringValue": "00-1-2-01"},
    }


def test_message_refused_twice_is_dead_letter(sqs):
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": f"{ACCOUNT}:dead", "maxReceiveCount": 2}
    queue = sqs.create_queue(
        QueueName="poisoned", Attributes={"RedrivePolicy": json.dumps(redrive)}
    )["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    counts = []
    for _ in range(2):
        (message,) = receive(sqs, queue, MessageSystemAttributeNames=["All"], WaitTimeSeconds=2)
        counts.append(message["Attributes"]["ApproximateReceiveCount"])
        handle = message["ReceiptHandle"]
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert counts == ["1", "2"]
    assert receive(sqs, queue, WaitTimeSeconds=1) == []
    assert [message["Body"] for message in receive(sqs, dead)] == ["poison"]


def test_delayed_message_arrives_on_time(sqs):
    queue = sqs.create_queue(QueueName="delayed")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=2)
    assert receive(sqs, queue) == []
    start = time.monotonic()
    assert [m["Body"] for m in receive(sqs, queue, WaitTimeSeconds=10)] == ["later"]
    assert 1 < time.monotonic() - start < 3.5


def test_deleted_queue_reserves_its_name(sqs):
    sqs.delete_queue(QueueUrl=sqs.create_queue(QueueName="gone")["QueueUrl"])
    with pytest.raises(sqs.exceptions.QueueDeletedRecently):
        sqs.create_queue(QueueName="gone")
    sqs.create_queue(QueueName="other")
