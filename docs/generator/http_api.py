"""Describes the HTTP APIs from their OpenAPI documents."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from notification_service.api import device_api
from notification_service.unsubscription_api import unsubscription_routes
from reminder_service.api import reminder_api

from docs.generator.configuration import TITLES, default_of, simple, type_of
from docs.generator.markdown import code, page, table

INTRODUCTION = """\
Each service also serves this description: `/docs` is a page to try requests, and `/openapi.json`
the OpenAPI document.

The gateway sets `x-authenticated-userid`, the id of the caller, in every request that needs a
caller. With an issuer, a bearer token replaces both headers ([identity](../concepts/identity.md)).
An error is a JSON object with a `code` and a `detail` ([limits](limits.md) lists the errors of
limits). Every operation can also answer 400, 401, 413, 415, 422, 429, 500 and 503."""
COMMON = {"400", "401", "413", "415", "422", "429", "500", "503"}
METHODS = ("get", "post", "put", "patch", "delete")
UNUSED: Any = None  # adapters that only requests use


def http_api_page() -> str:
    documents = {"reminder-service": reminder_document(), "notification-service": device_document()}
    return page("HTTP API", INTRODUCTION, *(api(*each) for each in documents.items()))


def reminder_document() -> dict[str, Any]:
    return reminder_app().openapi()


def reminder_app() -> FastAPI:
    return reminder_api(
        UNUSED,
        UNUSED,
        UNUSED,
        imports=UNUSED,
        subscriptions=UNUSED,
        zones=UNUSED,
        live=lambda: True,
        ready=lambda: True,
    )


def device_document() -> dict[str, Any]:
    app = device_api(UNUSED, UNUSED, UNUSED, buckets=UNUSED, live=lambda: True, ready=lambda: True)
    app.include_router(unsubscription_routes(UNUSED))
    return app.openapi()


def api(service: str, document: Mapping[str, Any]) -> str:
    operations = [
        operation(method, path, item[method], document)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    schemas = [
        f"### {name}\n\n{described.get('description', '')}\n\n{fields(described, document)}"
        for name, described in sorted(document["components"]["schemas"].items())
        if described.get("properties")
    ]
    title = f"## {service}\n"
    return "\n".join([title, *operations, f"## Bodies of {service}\n", *schemas])


def operation(
    method: str, path: str, described: Mapping[str, Any], document: Mapping[str, Any]
) -> str:
    parts = [f"### {method.upper()} {path}\n"]
    parts.append((described.get("description") or f"{described['summary']}.") + "\n")
    if parameters := list(parameter_rows(described)):
        parts.append(table(("parameter", "in", "type", "notes"), parameters))
    body = described.get("requestBody", {}).get("content", {})
    if body:
        parts.append("Body: " + ", ".join(contents(body)) + ".\n")
    parts.append(table(("answer", "body", "notes"), answer_rows(described)))
    return "\n".join(parts)


def parameter_rows(described: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for one in described.get("parameters", []):
        shown = simple(one.get("schema", {}), {})
        needed = "required; " if one.get("required") and one["in"] != "path" else ""
        note = one.get("description") or shown.get("description") or ""
        yield code(one["name"]), one["in"], type_of(shown), needed + note


def answer_rows(described: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for status, answer in sorted(described["responses"].items()):
        if status not in COMMON:
            yield (
                status,
                ", ".join(contents(answer.get("content", {}))),
                answer["description"].replace("Successful Response", "success"),
            )


def contents(media: Mapping[str, Any]) -> Iterator[str]:
    for kind, content in media.items():
        yield code(kind) if kind != "application/json" else schema_name(content.get("schema", {}))


def schema_name(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if schema.get("type") == "array":
        return f"list of {schema_name(schema['items'])}"
    return code("JSON")


def fields(described: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    rows = []
    for key, value in described["properties"].items():
        shown = simple(value, document)
        default = default_of(key, shown, described)
        note = value.get("description", "")
        rows.append((code(key), type_of(shown, schema_name), default, note))
    return table(TITLES, rows)
