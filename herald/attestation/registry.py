"""An image in its registry, and what is attached to it there (OCI image specification 1.1)."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

from herald.attestation.contents import Package
from herald.attestation.statements import Subject
from herald.errors import OperatorError

IN_TOTO = "application/vnd.in-toto+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
ACCEPTED = {
    "Accept": f"{MANIFEST}, {INDEX}, application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json"
}
PYTHON = "PYTHON_VERSION"  # a variable of the official images
MEBIBYTE = 1 << 20
KIND = "in-toto.io/predicate-type"


class Image:
    """By digest: `registry/name:tag@sha256:...`. ECR is asked with the operator's own identity.

    Attestations are under the tag `sha256-….att` beside the image and name it as their subject:
    registries that know referrers list them, and all others find them by the tag. Whatever is
    read by a digest is compared with it, so that a registry can give nothing else.
    """

    def __init__(self, reference: str) -> None:
        tagged, _, self.digest = reference.partition("@")
        if not self.digest.startswith("sha256:"):
            raise OperatorError(f"expected an image by its digest, got {reference!r}")
        self._host, _, path = tagged.partition("/")
        self._path = path.partition(":")[0]
        self.repository = f"{self._host}/{self._path}"
        self.attestation_tag = f"{self.digest.replace(':', '-')}.att"
        self._insecure = self._host.partition(":")[0] in ("localhost", "127.0.0.1")

    @cached_property
    def subject(self) -> Subject:
        config = self._configs[0]
        return Subject(self.repository, self.digest, datetime.fromisoformat(config["created"]))

    def platforms(self) -> Iterator[Iterator[BinaryIO]]:
        """The layers of each, the lowest first."""
        for manifest in self._manifests:
            yield self._layers(manifest)

    def interpreters(self) -> list[Package]:
        """Pythons that no package manager knows, as the official images tell theirs."""
        variables = [each.split("=", 1) for config in self._configs for each in env(config)]
        return [Package("generic", "python", value) for key, value in variables if key == PYTHON]

    def attestations(self) -> dict[str, dict[str, Any]]:
        """Statements by the type of what they state; none when nothing is attached."""
        manifest = self._manifest(self.attestation_tag)
        if manifest is None:
            return {}
        attached_to = manifest.get("subject", {}).get("digest")
        if attached_to != self.digest:
            raise OperatorError(
                f"expected {self.attestation_tag} to be attached to its image {self.digest}, "
                f"but it is to {attached_to}; whoever pushed it did not use `herald attest`"
            )
        try:
            return {
                layer["annotations"][KIND]: json.loads(self._content(layer["digest"]))
                for layer in manifest["layers"]
            }
        except (KeyError, TypeError, ValueError):
            raise OperatorError(
                f"expected in-toto statements in {self.repository}:{self.attestation_tag}, got "
                "something else; find out who pushed it"
            ) from None

    def attach(self, statements: Sequence[Mapping[str, Any]]) -> None:
        answer = self._check(self._ask("HEAD", f"manifests/{self.digest}"))
        subject = {
            "mediaType": answer.headers["Content-Type"],
            "digest": self.digest,
            "size": int(answer.headers["Content-Length"]),
        }
        layers = [
            {**self._push(each, IN_TOTO), "annotations": {KIND: each["predicateType"]}}
            for each in statements
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": IN_TOTO,
            "config": self._push({}, EMPTY),
            "layers": layers,
            "subject": subject,
        }
        self._check(self._client.upload_manifest(manifest, self._named(self.attestation_tag)))

    @cached_property
    def _client(self) -> Any:
        from oras.provider import Registry

        client = Registry(insecure=self._insecure, auth_backend="ecr")
        client.auth.load_configs(client.get_container(self.repository))
        return client

    @cached_property
    def _manifests(self) -> list[dict[str, Any]]:
        """One a platform."""
        manifest = self._manifest(self.digest)
        if manifest is None:
            raise OperatorError(f"expected the image {self.repository}@{self.digest}, found none")
        if "manifests" not in manifest:
            return [manifest]
        parts = [self._manifest(each["digest"]) for each in manifest["manifests"]]
        return [part for part in parts if part is not None]

    def _manifest(self, reference: str) -> dict[str, Any] | None:
        answer = self._ask("GET", f"manifests/{reference}")
        if answer.status_code == 404:
            return None
        content: bytes = self._check(answer).content
        if reference.startswith("sha256:"):
            self._agree(hashlib.sha256(content), reference)
        found: dict[str, Any] = json.loads(content)
        return found

    @cached_property
    def _configs(self) -> list[dict[str, Any]]:
        return [json.loads(self._content(each["config"]["digest"])) for each in self._manifests]

    def _layers(self, manifest: Mapping[str, Any]) -> Iterator[BinaryIO]:
        for layer in manifest["layers"]:
            with self._blob(layer["digest"]) as file:
                yield file

    def _content(self, digest: str) -> bytes:
        with self._blob(digest) as file:
            return file.read()

    @contextmanager
    def _blob(self, digest: str) -> Iterator[BinaryIO]:
        """Whole before it is used: what is not of its digest is not to be looked at."""
        answer = self._check(self._ask("GET", f"blobs/{digest}", stream=True))
        read = hashlib.sha256()
        with tempfile.TemporaryFile() as file:
            for chunk in answer.iter_content(MEBIBYTE):
                read.update(chunk)
                file.write(chunk)
            self._agree(read, digest)
            file.seek(0)
            yield cast(BinaryIO, file)

    def _agree(self, content: Any, digest: str) -> None:
        if content.hexdigest() != digest.removeprefix("sha256:"):
            raise OperatorError(
                f"expected {digest} of {self.repository}, but the registry gave other content "
                f"(sha256:{content.hexdigest()}): do not run this image before you know why"
            )

    def _push(self, content: Mapping[str, Any], type_: str) -> dict[str, Any]:
        data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        described = {"mediaType": type_, "digest": digest, "size": len(data)}
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(data)
            container = self._named(self.attestation_tag)
            self._check(self._client.upload_blob(file.name, container, described))
        return described

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        from oras.auth import AuthenticationException
        from requests import RequestException

        url = f"{self._client.prefix}://{self._host}/v2/{self._path}/{path}"
        once = type(self._client).do_request.__wrapped__  # its repeats take minutes
        try:
            return once(self._client, url, method, headers=dict(ACCEPTED), **how)
        except (AuthenticationException, RequestException, ValueError) as error:
            reason = " ".join(str(error).split())[:300]
            raise OperatorError(
                f"the registry {self._host} gave no answer ({reason}); "
                "is it reachable from here, and are you logged in?"
            ) from None

    def _named(self, tag: str) -> Any:
        return self._client.get_container(f"{self.repository}:{tag}")

    def _check(self, answer: Any) -> Any:
        if not answer.ok:
            said = " ".join(answer.text.split())[:300] or "nothing"
            raise OperatorError(
                f"the registry {self._host} refused a request for {self._path} "
                f"({answer.status_code}: {said}); may you push there?"
            )
        return answer


def env(config: Mapping[str, Any]) -> list[str]:
    found: list[str] = config.get("config", {}).get("Env") or []
    return found
