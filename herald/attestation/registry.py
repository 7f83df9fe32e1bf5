"""An image in its registry, and what is attached to it there (OCI image specification 1.1)."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

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
KIND = "in-toto.io/predicate-type"


class Image:
    """By digest: `registry/name:tag@sha256:...`. ECR is asked with the operator's own identity.

    Attestations are under the tag `sha256-….att` beside the image and name it as their subject:
    registries that know referrers list them, and all others find them by the tag.
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
        config = json.loads(self._blob(self._manifests[0]["config"]["digest"]).read())
        return Subject(self.repository, self.digest, datetime.fromisoformat(config["created"]))

    def platforms(self) -> Iterator[Iterator[BinaryIO]]:
        """The layers of each, the lowest first."""
        for manifest in self._manifests:
            yield (self._blob(layer["digest"]) for layer in manifest["layers"])

    def attestations(self) -> dict[str, dict[str, Any]]:
        """Statements by the type of what they state; none when nothing is attached."""
        manifest = self._manifest(self.attestation_tag)
        if manifest is None:
            return {}
        return {
            layer["annotations"][KIND]: json.loads(self._blob(layer["digest"]).read())
            for layer in manifest["layers"]
        }

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
        found: dict[str, Any] = self._check(answer).json()
        return found

    def _blob(self, digest: str) -> BinaryIO:
        return cast(BinaryIO, self._check(self._ask("GET", f"blobs/{digest}", stream=True)).raw)

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
