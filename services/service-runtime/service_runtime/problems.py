"""Errors of an API as problem details (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"

logger = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    field: str = Field(description="where in the request, for example body.date")
    code: str
    detail: str


class ProblemBody(BaseModel):
    """RFC 9457 problem details; `code` is for programs, `detail` for people."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] | None = None


class Problem(Exception):
    """A request that is answered with an error."""

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


def answer_problems(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    for error in (OperationalError, InterfaceError, TimeoutError):
        app.add_exception_handler(error, _of_database)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of an operation, for its OpenAPI page."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def _of_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.response()


def _of_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors = [
        FieldProblem(
            field=".".join(map(str, problem["loc"])), code=problem["type"], detail=problem["msg"]
        )
        for problem in error.errors()
    ]
    if any(one.code == "json_invalid" for one in errors):
        return Problem(400, "MALFORMED_BODY", "The body is not JSON.").response()
    detail = "; ".join(f"{one.field}: {one.detail}" for one in errors[:5])
    return Problem(422, "VALIDATION", detail, errors=errors).response()


def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name
    headers = dict(error.headers) if error.headers else None
    return Problem(error.status_code, code, str(error.detail), headers=headers).response()


def _of_database(request: Request, error: Exception) -> JSONResponse:
    # Lines after the first tell the statement and its values.
    reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    extra = {"path": request.url.path, "reason": reason}
    logger.warning("the database does not answer", extra=extra)
    detail = "The database does not answer; try again."
    return Problem(503, "UNAVAILABLE", detail, headers={"Retry-After": "1"}).response()
