"""Lists the pods of a namespace for Prometheus: `python -m local.pod_targets`.

Debian builds Prometheus without its Kubernetes discovery. The labels are equal to those of the
discovery, so the relabelling of the platform applies unchanged.
"""

import argparse
import json
import re
import signal
import ssl
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local import patience
from local.addresses import Address

PREFIX = "__meta_kubernetes_pod"
TIMEOUT = 5  # seconds for an answer of the cluster


class Cluster:
    """Reads the API of the cluster that a kubeconfig names."""

    def __init__(self, kubeconfig: Path) -> None:
        document = json.loads(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        self._server, self._token = cluster["server"], user["token"]
        self._tls = ssl.create_default_context(cafile=cluster["certificate-authority"])

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        request = urllib.request.Request(
            f"{self._server}/api/v1/namespaces/{namespace}/pods",
            headers={"authorization": f"Bearer {self._token}"},
        )
        timeout = patience.stretch(TIMEOUT)
        with urllib.request.urlopen(request, timeout=timeout, context=self._tls) as answer:
            pods: list[dict[str, Any]] = json.load(answer)["items"]
        return pods


def targets(pods: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each port of each pod that has an address, in the format of Prometheus's HTTP SD."""
    for pod in pods:
        address = pod["status"].get("podIP")
        for container in pod["spec"]["containers"] if address else ():
            for port in container.get("ports", ()):
                yield {
                    "targets": [f"{address}:{port['containerPort']}"],
                    "labels": {
                        **labels_of(pod),
                        f"{PREFIX}_container_port_name": port.get("name", ""),
                    },
                }


def labels_of(pod: dict[str, Any]) -> dict[str, str]:
    named = {
        f"{PREFIX}_label_{re.sub('[^a-zA-Z0-9_]', '_', name)}": value
        for name, value in pod["metadata"].get("labels", {}).items()
    }
    own = {"name": pod["metadata"]["name"], "phase": pod["status"]["phase"]}
    return named | {f"{PREFIX}_{name}": value for name, value in own.items()}


def server(address: Address, cluster: Cluster, namespace: str) -> ThreadingHTTPServer:
    """Return a server that answers GET with the targets, or with 503 without a cluster."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = (200, "{}") if self.path == "/health" else self.read_targets()
            with suppress(ConnectionError):  # the client no longer waits
                self.answer(status, body)

        def read_targets(self) -> tuple[int, str]:
            try:
                return 200, json.dumps(list(targets(cluster.pods(namespace))))
            except OSError as error:
                return 503, json.dumps({"error": str(error)})

        def answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *values: Any) -> None:
            pass  # the log would get a line every few seconds

    return ThreadingHTTPServer((address.host, address.port), Handler)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.pod_targets", description=__doc__)
    parser.add_argument("--listen", required=True, type=Address.parse, metavar="HOST:PORT")
    parser.add_argument("--kubeconfig", required=True, type=Path)
    parser.add_argument("--namespace", required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server(options.listen, Cluster(options.kubeconfig), options.namespace).serve_forever()


if __name__ == "__main__":
    main()
