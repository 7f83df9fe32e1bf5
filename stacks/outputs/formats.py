"""How outputs are printed: for a shell, a program, or a cluster."""

import json
import shlex
from typing import Any


def as_env(values: dict[str, Any]) -> str:
    """Lines that a shell or `docker run --env-file` users can source: NAME=value, quoted."""
    return "\n".join(f"{name}={shlex.quote(text)}" for name, text in texts(values).items())


def as_json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2)


def texts(values: dict[str, Any]) -> dict[str, str]:
    """Each value as a variable holds it: text as it is, all else as JSON."""
    return {
        name.upper(): value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


def as_kubernetes(values: dict[str, Any], namespace: str, service: str | None) -> str:
    """A manifest for `envFrom`: a Secret of a service's settings, a ConfigMap of all else."""
    import yaml  # the program that provisions prints nothing

    if service:
        body = {"kind": "Secret", "type": "Opaque", "stringData": texts(values)}
    else:
        body = {"kind": "ConfigMap", "data": texts(values)}
    name = f"{service}-settings" if service else "herald-outputs"
    metadata = {"name": name, "namespace": namespace}
    manifest = {"apiVersion": "v1", **body, "metadata": metadata}
    return str(yaml.safe_dump(manifest, sort_keys=True, width=1000)).rstrip()
