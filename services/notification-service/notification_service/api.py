"""The HTTP API of devices, preferences and links to unsubscribe."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from service_runtime.api import create_api
from service_runtime.identity import AnyCaller, Identity
from service_runtime.probes import Check
from service_runtime.problems import Problem
from service_runtime.rate_limit import Buckets, limited_router
from starlette.responses import JSONResponse

from notification_service.devices import TOKEN, Device, Devices, TokenCheck, register, remove
from notification_service.errors import (
    DeviceNotAssociated,
    ProviderError,
    RequestRefused,
    RetryLater,
)
from notification_service.preferences import PreferenceStore
from notification_service.preferences_api import preference_routes
from notification_service.unsubscription import Unsubscription
from notification_service.unsubscription_api import unsubscription_routes

PATIENCE = 30.0  # seconds to wait for FCM when it names none


class Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class NewDevice(Body):
    """A device to push to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fcm_token: str = Field(
        description="the registration token that Firebase gave the app",
        json_schema_extra={"pattern": f"^{TOKEN.pattern}$"},  # refused as INVALID_TOKEN
    )


class RegisteredDevice(Body):
    id: UUID
    fcm_token: str
    created_at: datetime

    @classmethod
    def of(cls, device: Device) -> "RegisteredDevice":
        return cls(id=device.id, fcm_token=device.fcm_token, created_at=device.created_at)


def user_of(caller: AnyCaller) -> str:
    return caller.user_id


User = Annotated[str, Depends(user_of)]
DeviceId = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


def device_api(
    devices: Devices,
    tokens: TokenCheck,
    preferences: PreferenceStore,
    unsubscription: Unsubscription | None = None,
    *,
    buckets: Buckets,
    live: Check,
    ready: Check,
    identity: Identity | None = None,
) -> FastAPI:
    app = create_api("Herald devices", live=live, ready=ready, identity=identity, version="1")
    app.state.buckets = buckets
    app.include_router(device_routes(devices, tokens))
    app.include_router(preference_routes(preferences))
    if unsubscription:
        app.include_router(unsubscription_routes(unsubscription))
    app.add_exception_handler(RequestRefused, answer_refusal)
    app.add_exception_handler(ProviderError, answer_outage)
    return app


def device_routes(devices: Devices, tokens: TokenCheck) -> APIRouter:
    routes = limited_router("devices")

    @routes.post("/device/register", status_code=201)
    def register_device(body: NewDevice, user: User) -> RegisteredDevice:
        """Register a device, after asking FCM whether a push can reach it.

        Refused with 422 `INVALID_TOKEN`, `DEVICE_ALREADY_REGISTERED` or `DEVICE_LIMIT_REACHED`.
        """
        return RegisteredDevice.of(register(user, body.fcm_token, devices, tokens))

    @routes.get("/device")
    def list_devices(user: User) -> list[RegisteredDevice]:
        """The user's devices, oldest first."""
        return [RegisteredDevice.of(device) for device in devices.of(user)]

    @routes.delete("/device/remove/{id}", status_code=204)
    def remove_device(id: DeviceId, user: User) -> None:
        """Push no more to a device; 422 `DEVICE_NOT_ASSOCIATED` when the user has no such one."""
        remove(user, device_id_of(id), devices)

    return routes


def device_id_of(text: str) -> UUID:
    """What is no id belongs to no device."""
    try:
        return UUID(text)
    except ValueError:
        raise DeviceNotAssociated from None


def answer_refusal(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestRefused)
    return Problem(422, error.code, str(error)).response()


def answer_outage(request: Request, error: Exception) -> JSONResponse:
    """FCM could not be asked; its own words stay in the log."""
    after = error.after if isinstance(error, RetryLater) and error.after else PATIENCE
    detail = "FCM cannot check the token now; try again later."
    headers = {"Retry-After": str(round(after))}
    return Problem(503, "PROVIDER_UNAVAILABLE", detail, headers=headers).response()
