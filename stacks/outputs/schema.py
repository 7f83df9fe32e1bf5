"""Writes the JSON Schemas of what stacks tell: `python -m stacks.output_schema docs`."""

import json
import sys
from pathlib import Path
from typing import Any

from stacks import foundation, outputs
from stacks.foundation import FoundationOutputs
from stacks.outputs import Outputs, StackOutputs

SECRET = ("databases", "service_settings")  # never printed but by a service's name


def schema() -> str:
    """What `pulumi stack output --json --show-secrets` prints for the platform."""
    document = described("stack-outputs", outputs.VERSION, StackOutputs)
    for name in SECRET:
        document["properties"][name]["writeOnly"] = True
    return written(document)


def foundation_schema() -> str:
    """What `pulumi stack output --json` prints for the foundation."""
    return written(described("foundation-outputs", foundation.VERSION, FoundationOutputs))


def described(name: str, version: int, model: type[Outputs]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:herald:{name}:{version}",
        **model.model_json_schema(),
    }


def written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"


FILES = {"outputs.schema.json": schema, "foundation.schema.json": foundation_schema}


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("Name the folder to write to: python -m stacks.output_schema docs")
    for name, text in FILES.items():
        (Path(sys.argv[1]) / name).write_text(text(), encoding="utf-8")
