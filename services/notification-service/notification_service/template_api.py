"""How pushes and e-mails will look, over HTTP; nothing is sent."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field
from service_runtime.bodies import Body, TimeZone
from service_runtime.other_methods import refuse_other_methods
from service_runtime.problems import Problem, problem_responses
from service_runtime.rate_limit import limited_router
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from notification_service.templates import PARTS
from notification_service.texts import EmailText, Item, PushText, Reader, Texts

MOST_ITEMS = 200
HEADERS = {
    # The page is shown as an e-mail is: no script runs and nothing is fetched.
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
Format = Literal["json", "text", "html"]


def shown_moment(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 9999:
        raise ValueError("expected a date from 1970 to 9998")
    return moment


class TemplateBody(Body):
    model_config = ConfigDict(populate_by_name=True, strict=False)


class SampleItem(TemplateBody):
    message: str = Field(min_length=1)
    occurrence: Annotated[AwareDatetime, AfterValidator(shown_moment)]
    url: str | None = None


class Sample(TemplateBody):
    """What a template is to show; a reminder shows the first item, a digest all."""

    items: list[SampleItem] = Field(min_length=1, max_length=MOST_ITEMS)
    time_zone: TimeZone = "UTC"
    unsubscribe_url: str | None = None

    def reader(self, locale: str) -> Reader:
        return Reader(locale=locale, time_zone=self.time_zone, unsubscribe_url=self.unsubscribe_url)

    def shown(self) -> list[Item]:
        return [Item(**dict(item)) for item in self.items]


class TemplateKind(TemplateBody):
    kind: str
    locales: list[str]
    channels: list[str]


def sample(time_zone: str) -> Sample:
    plants = SampleItem(
        message="Water the plants",
        occurrence=datetime(2030, 1, 1, 9, tzinfo=UTC),
        url="https://example.org/plants?room=kitchen&pots=3",
    )
    call = SampleItem(message="Call Ada", occurrence=datetime(2030, 1, 1, 17, 30, tzinfo=UTC))
    return Sample(
        items=[plants, call], time_zone=time_zone, unsubscribe_url="https://example.org/unsubscribe"
    )


def template_routes(texts: Texts) -> APIRouter:
    routes = limited_router("templates")
    path = "/templates/{kind}/{locale}/{channel}"
    options: dict[str, Any] = {
        "response_class": Response,
        "responses": {200: PREVIEW} | problem_responses(404),
    }

    @routes.get("/templates")
    def list_templates() -> list[TemplateKind]:
        """Every kind of text, and the languages that it is written in."""
        return [
            TemplateKind(kind=kind, locales=locales, channels=list(PARTS))
            for kind, locales in texts.kinds().items()
        ]

    @routes.get(path, **options)
    def preview_template(
        kind: str,
        locale: str,
        channel: str,
        allowance: Response,
        format: Format = "json",
        time_zone: Annotated[TimeZone, Query(alias="timeZone")] = "UTC",
    ) -> Response:
        """A template with made-up reminders; an e-mail as a page with `format=html`."""
        answer = preview(texts, (kind, locale, channel), sample(time_zone), format)
        answer.headers.update(allowance.headers)
        return answer

    @routes.post(path, **options)
    def preview_own_values(
        kind: str,
        locale: str,
        channel: str,
        allowance: Response,
        values: Sample,
        format: Format = "json",
    ) -> Response:
        """A template with values of your own; they are neither kept nor sent."""
        answer = preview(texts, (kind, locale, channel), values, format)
        answer.headers.update(allowance.headers)
        return answer

    refuse_other_methods(routes, "/templates", "GET")
    refuse_other_methods(routes, path, "GET", "POST")
    return routes


TEXT: dict[str, Any] = {"schema": {"type": "string"}}
PARTS_OF_TEXT = {"type": "object", "additionalProperties": {"type": "string"}}
PREVIEW: dict[str, Any] = {
    "description": "The text, its parts by name in JSON",
    "content": {
        "application/json": {"schema": PARTS_OF_TEXT},
        "text/plain": TEXT,
        "text/html": TEXT,
    },
}


def preview(
    texts: Texts, template: tuple[str, str, str], values: Sample, format: Format
) -> Response:
    kind, locale, channel = template
    if locale not in texts.kinds().get(kind, ()) or channel not in PARTS:
        raise Problem(404, "UNKNOWN_TEMPLATE", "GET /templates lists the templates that there are.")
    write = texts.exact_email if channel == "email" else texts.exact_push
    try:
        text = write(kind, locale, values.reader(locale), values.shown())
    except Exception as error:
        detail = f"The template fails: {type(error).__name__}: {error}"
        raise Problem(500, "TEMPLATE_FAILED", detail) from error
    return as_email(text, format) if isinstance(text, EmailText) else as_push(text, format)


def as_email(text: EmailText, format: Format) -> Response:
    if format == "html":
        return HTMLResponse(text.html, headers=HEADERS)
    if format == "text":
        return PlainTextResponse(text.text, headers=HEADERS)
    return JSONResponse(vars(text), headers=HEADERS)


def as_push(text: PushText, format: Format) -> Response:
    if format == "html":
        raise Problem(422, "NO_PAGE", "A push is no page; ask for format=json or format=text.")
    if format == "text":
        return PlainTextResponse(f"{text.title}\n\n{text.body}", headers=HEADERS)
    return JSONResponse(vars(text), headers=HEADERS)
