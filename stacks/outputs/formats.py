"""Prints outputs for a shell, a program or a cluster."""

import json
import shlex
from typing import Any


def as_env(values: dict[str, Any]) -> str:
    """Return lines `NAME=value`, quoted for a shell or `docker run --env-file`."""
    return "\n".join(f"{name}={shlex.quote(text)}" for name, text in texts(values).items())


def as_json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2)


def texts(values: dict[str, Any]) -> dict[str, str]:
    """Return each value as text; other values than text become JSON."""
    return {
        name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


def as_kubernetes(values: dict[str, Any], namespace: str, service: str | None) -> str:
    """Return a manifest for `envFrom`: a Secret with a service's settings, or a ConfigMap."""
    import yaml  # the program that provisions does not print

    if service:
        body = {"kind": "Secret", "type": "Opaque", "stringData": texts(values)}
    else:
        body = {"kind": "ConfigMap", "data": texts(values)}
    name = f"{service}-settings" if service else "herald-outputs"
    metadata = {"name": name, "namespace": namespace}
    manifest = {"apiVersion": "v1", **body, "metadata": metadata}
    return str(yaml.safe_dump(manifest, sort_keys=True, width=1000)).rstrip()
