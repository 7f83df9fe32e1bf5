"""Describes the events, and the outputs of stacks, from their models."""

from collections.abc import Iterator, Mapping
from typing import Any

from event_messages.contract import COMMANDS, DATA
from event_messages.event import Event
from pydantic import BaseModel

from docs.generator.configuration import TITLES, default_of, simple, type_of
from docs.generator.markdown import code, comments_of, page, paragraphs, table
from stacks.outputs.foundation import FoundationOutputs
from stacks.outputs.models import DatabaseConnection, PlainOutputs, SecretOutputs

EVENTS = """\
The members of every event. [Events](../events/README.md) explains the envelope's rules and links
the JSON Schemas. The types of one table have the same data."""
OUTPUTS = """\
`herald outputs` prints the plain outputs of the platform. With `--service` it prints the settings
of that service's pods. The contract has the schema
[`outputs.schema.json`](../outputs.schema.json). That of the foundation is
[`foundation.schema.json`](../foundation.schema.json)."""


def events_page() -> str:
    types: dict[type[BaseModel], list[str]] = {}
    for name, model in DATA.items():
        types.setdefault(model, []).append(name)
    envelope = "## Envelope\n\n" + members(Event)
    return page("Events", EVENTS, envelope, *(section(*each) for each in types.items()))


def section(model: type[BaseModel], names: list[str]) -> str:
    title = ", ".join(code(name) + (" (command)" if name in COMMANDS else "") for name in names)
    return f"## {title}\n\n{paragraphs(own_docstring(model))}\n\n{members(model)}"


def own_docstring(model: type[BaseModel]) -> str:
    return str(vars(model).get("__doc__") or "")


def members(model: type[BaseModel]) -> str:
    schema, comments = model.model_json_schema(by_alias=True), comments_of(model)
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    return table(TITLES, member_rows(schema, names, comments))


def member_rows(
    schema: Mapping[str, Any], names: Mapping[str, str], comments: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    for key, described in schema["properties"].items():
        shown = simple(described, schema)
        note = described.get("description") or comments.get(names[key], "")
        yield code(key), type_of(shown), default_of(key, shown, schema), note


def outputs_page() -> str:
    return page(
        "Outputs",
        OUTPUTS,
        "## Platform\n\n" + members(PlainOutputs),
        "## Platform, secret\n\n" + members(SecretOutputs),
        "### Members of `databases`\n\n" + members(DatabaseConnection),
        "## Foundation\n\n" + members(FoundationOutputs),
    )
