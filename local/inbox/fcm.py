"""FCM's HTTP v1 rules: which messages and tokens it takes, and how it refuses the others."""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from local.inbox.messages import Message

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"

LARGEST_MESSAGE = 4096  # bytes of notification and data
THROTTLED_TIMES = 2
REMEMBERED = 10_000  # throttled messages
RETRY_AFTER = "1"  # seconds


@dataclass
class FcmError(Exception):
    """FCM refuses the request."""

    code: int
    status: str
    message: str
    details: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message, "status": self.status}
        return {"error": error | ({"details": self.details} if self.details else {})}


class Part(BaseModel):
    """Both spellings of a field are taken, as in every Google API."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, populate_by_name=True
    )


class Notification(Part):
    title: str = ""
    body: str = ""
    image: str = ""


class Push(Part):
    token: str = ""
    topic: str = ""
    condition: str = ""
    name: str = ""
    notification: Notification = Notification()
    data: dict[str, str] = {}
    android: dict[str, Any] = {}
    apns: dict[str, Any] = {}
    webpush: dict[str, Any] = {}
    fcm_options: dict[str, Any] = {}


class SendRequest(Part):
    message: Push
    validate_only: bool = False


class Phones:
    """Every device, told apart by how its token begins."""

    def __init__(self, project: str | None = None) -> None:
        self._project = project
        self._throttled: OrderedDict[str, int] = OrderedDict()

    def send(self, project: str, body: bytes) -> tuple[str, Message | None]:
        """FCM's name of the message, and what the phone shows (nothing in a dry run)."""
        if self._project not in (None, project):
            raise permission_denied(project)
        request = parse(body)
        push = request.message
        self._check_token(push, dry_run=request.validate_only)
        name = f"projects/{project}/messages/{uuid4().hex}"
        return name, None if request.validate_only else shown(push)

    def _check_token(self, push: Push, *, dry_run: bool) -> None:
        kind = push.token.partition("-")[0]
        if kind == "unregistered":
            raise fcm_error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")
        if kind == "throttled" and not dry_run:
            self._throttle(push)
        elif kind not in ("valid", "throttled"):
            problem = "The registration token is not a valid FCM registration token"
            raise fcm_error(400, "INVALID_ARGUMENT", problem, "INVALID_ARGUMENT")

    def _throttle(self, push: Push) -> None:
        """The same message passes after it was refused twice."""
        message = hashlib.sha256(push.model_dump_json().encode()).hexdigest()
        times = self._throttled.get(message, 0)
        if times == THROTTLED_TIMES:
            return
        self._throttled[message] = times + 1
        while len(self._throttled) > REMEMBERED:
            self._throttled.popitem(last=False)
        problem = "Message rate exceeded for the device; try again later."
        refusal = fcm_error(429, "RESOURCE_EXHAUSTED", problem, "QUOTA_EXCEEDED")
        refusal.headers = {"Retry-After": RETRY_AFTER}
        raise refusal


def parse(body: bytes) -> SendRequest:
    try:
        request = SendRequest.model_validate(json.loads(body))
    except ValidationError as error:
        raise invalid_fields(error) from error
    except ValueError as error:
        raise FcmError(400, "INVALID_ARGUMENT", "Invalid JSON payload received.") from error
    push = request.message
    if not push.token or push.topic or push.condition:
        problem = "Exactly one of token, topic or condition is required; phones here have tokens."
        raise invalid("message", problem)
    if len(push.notification.model_dump_json()) + len(json.dumps(push.data)) > LARGEST_MESSAGE:
        raise invalid("message", "Android message is too big")
    return request


def shown(push: Push) -> Message:
    notification = push.notification
    return Message(
        channel="push",
        to=push.token,
        title=notification.title,
        body=notification.body,
        data=dict(push.data),
    )


def fcm_error(code: int, status: str, message: str, error_code: str) -> FcmError:
    return FcmError(code, status, message, [{"@type": FCM_ERROR, "errorCode": error_code}])


def invalid(field_name: str, description: str) -> FcmError:
    violation = {"field": field_name, "description": description}
    details: list[dict[str, Any]] = [
        {"@type": BAD_REQUEST, "fieldViolations": [violation]},
        {"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"},
    ]
    return FcmError(400, "INVALID_ARGUMENT", description, details)


def invalid_fields(error: ValidationError) -> FcmError:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "message"
    return invalid(name, f"Invalid value at '{name}': {first['msg']}")


def unauthenticated() -> FcmError:
    return FcmError(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, "
        "login cookie or other valid authentication credential.",
    )


def permission_denied(project: str) -> FcmError:
    return FcmError(
        403,
        "PERMISSION_DENIED",
        "Permission 'cloudmessaging.messages.create' denied on resource "
        f"'//cloudresourcemanager.googleapis.com/projects/{project}' (or it may not exist).",
    )
