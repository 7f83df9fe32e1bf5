"""Writes a JSON Schema for each type of event: `python -m event_messages.schemas DIRECTORY`."""

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import create_model
from pydantic.json_schema import GenerateJsonSchema

from event_messages.contract import COMMANDS, DATA
from event_messages.event import Event


def schemas() -> dict[str, str]:
    """Return the schema of every event type by its file name."""
    return {
        f"{event_type.replace(':', '-')}.schema.json": _schema(event_type) for event_type in DATA
    }


class _WithoutTitles(GenerateJsonSchema):
    """Omits titles that only repeat the name of a member."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _schema(event_type: str) -> str:
    members: dict[str, Any] = {
        "type": (Literal[event_type], ...),
        "data": (DATA[event_type], ...),
    }
    model = create_model(event_type, __base__=Event, __doc__=DATA[event_type].__doc__, **members)
    schema = model.model_json_schema(by_alias=True, schema_generator=_WithoutTitles)
    if event_type not in COMMANDS:  # later versions add members
        del schema["$defs"][DATA[event_type].__name__]["additionalProperties"]
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2) + "\n"


def write(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for outdated in set(directory.glob("*.schema.json")) - {directory / name for name in schemas()}:
        outdated.unlink()
    for name, text in schemas().items():
        (directory / name).write_text(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Expected one directory, as in: python -m event_messages.schemas docs/events")
    write(Path(sys.argv[1]))
