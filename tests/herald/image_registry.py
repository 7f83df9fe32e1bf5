"""A registry of a test's own, and small images in it."""

import gzip
import hashlib
import io
import json
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CREATED = "2026-11-01T10:00:00Z"
CONFIG = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def image_registry(folder: Path) -> Iterator[str]:
    """Its address."""
    if shutil.which("docker-registry") is None:
        pytest.skip("needs Debian's package docker-registry")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    config = folder / "registry.yaml"
    config.write_text(CONFIG.format(folder=folder / "data", port=port))
    process = subprocess.Popen(["docker-registry", "serve", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait(f"http://127.0.0.1:{port}/v2/")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def wait(url: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.ConnectError:
            assert time.monotonic() < end, "the registry does not answer"
            time.sleep(0.05)


def layer(files: Mapping[str, str], *, compressed: bool = True) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return gzip.compress(archive.getvalue()) if compressed else archive.getvalue()


class Repository:
    def __init__(self, registry: str, name: str) -> None:
        self.address = f"{registry}/{name}"
        self._url = f"http://{registry}/v2/{name}"

    def push(self, *layers: bytes, variables: Sequence[str] = ()) -> str:
        """The digest of an image with these layers."""
        config = {"created": CREATED, "config": {"Env": list(variables)}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._blob(json.dumps(config).encode()),
            "layers": [self._blob(each) for each in layers],
        }
        return self._manifest(manifest, MANIFEST)

    def push_index(self, digests: Sequence[str]) -> str:
        parts = [{"mediaType": MANIFEST, "digest": each, "size": 1} for each in digests]
        return self._manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": parts}, INDEX)

    def _blob(self, content: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        started = httpx.post(f"{self._url}/blobs/uploads/").raise_for_status()
        place = httpx.URL(started.headers["location"]).copy_merge_params({"digest": digest})
        httpx.put(place, content=content).raise_for_status()
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(content)}

    def _manifest(self, manifest: Mapping[str, Any], type_: str) -> str:
        content = json.dumps(manifest).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        url, headers = f"{self._url}/manifests/{digest}", {"content-type": type_}
        httpx.put(url, content=content, headers=headers).raise_for_status()
        return digest
