"""Writes the JSON Schema of a stack's outputs: `python -m stacks.output_schema FILE`."""

import json
import sys
from pathlib import Path

from stacks.outputs import VERSION, StackOutputs


def schema() -> str:
    """What `pulumi stack output --json --show-secrets` prints."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:herald:stack-outputs:{VERSION}",
        **StackOutputs.model_json_schema(),
    }
    for secret in ("databases", "service_settings"):
        document["properties"][secret]["writeOnly"] = True  # never printed but by a service's name
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the file to write: python -m stacks.output_schema docs/outputs.schema.json")
    Path(sys.argv[1]).write_text(schema(), encoding="utf-8")
