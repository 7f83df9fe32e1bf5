"""Pods as Prometheus's own discovery of Kubernetes would list them."""

import json
import socket
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from local.addresses import Address
from local.pod_targets import server, targets

POD = {
    "metadata": {"name": "event-1", "labels": {"app.kubernetes.io/name": "local-event-service"}},
    "spec": {
        "containers": [
            {"ports": [{"name": "http", "containerPort": 8080},
                       {"name": "metrics", "containerPort": 9090}]},
            {},
        ]
    },
    "status": {"phase": "Running", "podIP": "10.244.0.9"},
}  # fmt: skip
PENDING = {**POD, "status": {"phase": "Pending"}}
LABELS = {
    "__meta_kubernetes_pod_name": "event-1",
    "__meta_kubernetes_pod_phase": "Running",
    "__meta_kubernetes_pod_label_app_kubernetes_io_name": "local-event-service",
}
TARGETS = [
    {
        "targets": [f"10.244.0.9:{port}"],
        "labels": {**LABELS, "__meta_kubernetes_pod_container_port_name": name},
    }
    for name, port in (("http", 8080), ("metrics", 9090))
]


def test_each_port_of_pod_is_target():
    assert list(targets([POD, PENDING])) == TARGETS


class FakeCluster:
    away = False

    def pods(self, namespace):
        if self.away:
            raise ConnectionRefusedError("refused")
        return [POD] if namespace == "local" else []


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def address(cluster) -> Iterator[str]:
    serving = server(Address("127.0.0.1", 0), cluster, "local")
    thread = threading.Thread(target=serving.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()
    thread.join()


def test_targets_are_served(address):
    with urllib.request.urlopen(address, timeout=5) as answer:
        assert json.load(answer) == TARGETS


def test_unreachable_cluster_is_an_error(address, cluster):
    """So Prometheus keeps the targets that it knows."""
    cluster.away = True
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address, timeout=5)
    caught.value.close()
    assert caught.value.code == 503
    with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
        assert answer.status == 200


def test_disconnected_client_leaves_no_traceback(capsys):
    asked, left = threading.Event(), threading.Event()

    class SlowCluster:
        def pods(self, namespace):
            asked.set()
            assert left.wait(5)
            return [POD]

    serving = server(Address("127.0.0.1", 0), SlowCluster(), "local")
    serving.daemon_threads = False  # so that server_close waits for the answer
    thread = threading.Thread(target=serving.serve_forever, args=[0.01])
    thread.start()
    with socket.create_connection(serving.server_address, 5) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert asked.wait(5)
    left.set()
    serving.shutdown()
    serving.server_close()
    thread.join()
    assert capsys.readouterr().err == ""
