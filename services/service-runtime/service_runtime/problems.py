"""Answers errors of an API as problem details (RFC 9457)."""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from event_messages.event import reason_without_prefix
from event_messages.failures import describe
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"

logger = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """Describes one invalid value of a request."""

    field: str = Field(description="place in the request, for example body.date")
    code: str
    detail: str


class ProblemBody(BaseModel):
    """Describes a problem as in RFC 9457; `code` is for programs, `detail` for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] | None = None


class Problem(Exception):
    """Ends a request with an error response."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: list[FieldProblem] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.errors = headers, errors

    def body(self) -> ProblemBody:
        return ProblemBody(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=self.errors,
        )

    def response(self) -> JSONResponse:
        body = self.body().model_dump(exclude_none=True)
        return JSONResponse(body, self.status, self.headers, media_type=MEDIA_TYPE)


class Refusal(Problem):
    """The request was refused."""

    http_status = 422
    name = "REFUSED"

    def __init__(self, detail: str | None = None, **options: Any) -> None:
        text = detail or type(self).__doc__ or ""
        super().__init__(self.http_status, self.name, text, **options)


def answer_problems(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    for error in (OperationalError, InterfaceError, TimeoutError):
        app.add_exception_handler(error, _answer_database_error)


def validation_problem(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """Return the problem of a request whose fields pydantic rejects."""
    fields = [
        FieldProblem(
            field=".".join(map(str, one["loc"])) or "body",
            code=one["type"],
            detail=reason_without_prefix(one["msg"]),
        )
        for one in errors
    ]
    detail = "; ".join(f"{one.field}: {one.detail}" for one in fields[:5])
    return Problem(422, "VALIDATION", detail, errors=fields)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of an operation in terms of OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


COMMON_PROBLEMS = problem_responses(400, 413, 415, 422, 500, 503)  # of every operation


def _answer_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.response()


def _answer_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(one["type"] == "json_invalid" for one in errors):
        return Problem(400, "MALFORMED_BODY", "The body is not JSON.").response()
    return validation_problem(errors).response()


def _answer_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name
    headers = dict(error.headers) if error.headers else None
    return Problem(error.status_code, code, str(error.detail), headers=headers).response()


def _answer_database_error(request: Request, error: Exception) -> JSONResponse:
    extra = {"path": request.url.path, "reason": describe(error)}
    logger.warning("the database does not answer", extra=extra)
    detail = "The database does not answer; try again."
    return Problem(503, "UNAVAILABLE", detail, headers={"Retry-After": "1"}).response()
