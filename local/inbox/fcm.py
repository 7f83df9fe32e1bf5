"""Emulates FCM's HTTP v1 API, with its limits and errors."""

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.inbox.messages import Message

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"

LARGEST_MESSAGE = 4096  # bytes for each platform
THROTTLED_TIMES = 2
REMEMBERED = 10_000  # throttled messages
RETRY_AFTER = "1"  # seconds
# https://firebase.google.com/docs/cloud-messaging/customize-messages/collapsible-message-types
MOST_COLLAPSE_KEYS = 4  # that FCM stores for an offline Android phone
MOST_STORED = 100  # other messages that FCM stores; one more makes it drop all of them
PACKAGE = "package name"  # collapse key of every notification message


@dataclass
class FcmError(Exception):
    """Reports an error of FCM."""

    code: int
    status: str
    message: str
    details: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message, "status": self.status}
        return {"error": error | ({"details": self.details} if self.details else {})}


class Part(BaseModel):
    """Accepts both spellings of a field, as every Google API does."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, populate_by_name=True
    )


class Notification(Part):
    title: str = ""
    body: str = ""
    image: str = ""


class Android(Part):
    collapse_key: str = ""
    priority: str = "NORMAL"
    ttl: str = Field(default="2419200s", pattern=r"^[0-9]{1,7}(\.[0-9]{1,9})?s$")
    restricted_package_name: str = ""
    data: dict[str, str] = {}
    notification: dict[str, Any] = {}
    fcm_options: dict[str, Any] = {}
    direct_boot_ok: bool = False


class Apns(Part):
    headers: dict[str, str] = {}
    payload: dict[str, Any] = {}
    fcm_options: dict[str, Any] = {}


class Push(Part):
    token: str = ""
    topic: str = ""
    condition: str = ""
    name: str = ""
    notification: Notification = Notification()
    data: dict[str, str] = {}
    android: Android = Android()
    apns: Apns = Apns()
    webpush: dict[str, Any] = {}
    fcm_options: dict[str, Any] = {}


class SendRequest(Part):
    message: Push
    validate_only: bool = False


class Phones:
    """Represents all devices; the prefix of a token selects the behaviour."""

    def __init__(self, project: str | None = None) -> None:
        self._project = project
        self._throttled: OrderedDict[str, int] = OrderedDict()
        self._stored: dict[str, list[Push]] = {}  # by token of an offline Android phone

    def send(self, project: str, body: bytes) -> tuple[str, Message | None]:
        """Return FCM's name of the message, and the message if the phone shows it now."""
        if self._project not in (None, project):
            raise permission_denied(project)
        request = parse(body)
        push = request.message
        self._check_token(push, dry_run=request.validate_only)
        name = f"projects/{project}/messages/{uuid4().hex}"
        if request.validate_only:
            return name, None
        if push.token.startswith("offline-"):
            self._store(push)
            return name, None
        return name, to_message(push)

    def connect(self, token: str) -> list[Message]:
        """Return the messages that an offline phone shows when it connects."""
        return [to_message(push) for push in self._stored.pop(token, [])]

    def _store(self, push: Push) -> None:
        stored, key = self._stored.setdefault(push.token, []), collapse_key(push)
        if key is None:
            if sum(collapse_key(one) is None for one in stored) == MOST_STORED:
                # FCM then calls onDeletedMessages in the app.
                stored[:] = [one for one in stored if collapse_key(one)]
                return
        else:
            stored[:] = [one for one in stored if collapse_key(one) != key]
            keys = [one for one in stored if collapse_key(one)]
            if len(keys) == MOST_COLLAPSE_KEYS:
                stored.remove(keys[0])
        stored.append(push)

    def _check_token(self, push: Push, *, dry_run: bool) -> None:
        kind = push.token.partition("-")[0]
        if kind == "unregistered":
            raise fcm_error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED")
        if kind == "throttled" and not dry_run:
            self._throttle(push)
        elif kind not in ("valid", "throttled", "offline"):
            problem = "The registration token is not a valid FCM registration token"
            raise fcm_error(400, "INVALID_ARGUMENT", problem, "INVALID_ARGUMENT")

    def _throttle(self, push: Push) -> None:
        """Reject a message twice, then accept it."""
        content = push.model_dump_json(include={"token", "notification", "data"})
        message = hashlib.sha256(content.encode()).hexdigest()
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
        problem = "Exactly one of token, topic or condition is required; use a token here."
        raise invalid_argument("message", problem)
    for platform, size in sizes_of(push).items():
        if size > LARGEST_MESSAGE:
            raise invalid_argument("message", f"{platform} message is too big")
    return request


def sizes_of(push: Push) -> dict[str, int]:
    """Return the bytes of data and text for each platform."""
    common = push.data, push.notification.model_dump(exclude_defaults=True)
    own = {"Android": push.android.notification, "APNS": push.apns.payload, "Web": push.webpush}
    return {
        platform: len(json.dumps([*common, part], ensure_ascii=False).encode())
        for platform, part in own.items()
    }


def collapse_key(push: Push) -> str | None:
    """Return the key under which FCM stores one message; notification messages always have one."""
    if push.android.notification or push.notification != Notification():
        return PACKAGE
    return push.android.collapse_key or None


def to_message(push: Push) -> Message:
    """Return the message as an app shows it; the app builds it from the data of data messages."""
    return Message(
        channel="push",
        to=push.token,
        title=push.notification.title or push.data.get("title", ""),
        body=push.notification.body or push.data.get("body", ""),
        data=dict(push.data),
    )


def fcm_error(code: int, status: str, message: str, error_code: str) -> FcmError:
    return FcmError(code, status, message, [{"@type": FCM_ERROR, "errorCode": error_code}])


def invalid_argument(field_name: str, description: str) -> FcmError:
    violation = {"field": field_name, "description": description}
    details: list[dict[str, Any]] = [
        {"@type": BAD_REQUEST, "fieldViolations": [violation]},
        {"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"},
    ]
    return FcmError(400, "INVALID_ARGUMENT", description, details)


def invalid_fields(error: ValidationError) -> FcmError:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "message"
    return invalid_argument(name, f"Invalid value at '{name}': {first['msg']}")


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
