"""Writes the JSON Schemas of the outputs: `python -m stacks.outputs.schema docs`."""

import json
import sys
from pathlib import Path
from typing import Any

from stacks.outputs import foundation, models
from stacks.outputs.foundation import FoundationOutputs
from stacks.outputs.models import Outputs, StackOutputs

SECRET = ("databases", "service_settings")  # printed only for a named service


def schema() -> str:
    """Return the schema of `pulumi stack output --json --show-secrets` for the platform."""
    document = described("stack-outputs", models.VERSION, StackOutputs)
    for name in SECRET:
        document["properties"][name]["writeOnly"] = True
    return to_json(document)


def foundation_schema() -> str:
    """Return the schema of `pulumi stack output --json` for the foundation."""
    return to_json(described("foundation-outputs", foundation.VERSION, FoundationOutputs))


def described(name: str, version: int, model: type[Outputs]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:herald:{name}:{version}",
        **model.model_json_schema(),
    }


def to_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


FILES = {"outputs.schema.json": schema, "foundation.schema.json": foundation_schema}


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("Name the folder to write to: python -m stacks.outputs.schema docs")
    for name, text in FILES.items():
        (Path(sys.argv[1]) / name).write_text(text(), encoding="utf-8")
