"""Defines the HTTP API of devices, preferences and links to unsubscribe."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, FastAPI, Path, Request, Response
from pydantic import ConfigDict, Field
from service_runtime.api import create_api
from service_runtime.bodies import CamelCase
from service_runtime.identity import AnyCaller, Identity
from service_runtime.probes import Check
from service_runtime.problems import Problem
from service_runtime.rate_limit import PostgresBuckets, charge, limited_router
from starlette.responses import JSONResponse

from notification_service.devices import (
    INSTALLATION,
    TOKEN,
    Devices,
    TokenCheck,
    register,
    remove,
)
from notification_service.errors import (
    DeviceNotAssociated,
    ProviderError,
    RetryLater,
)
from notification_service.preference_store import PostgresPreferences
from notification_service.preferences_api import preference_routes
from notification_service.unsubscription import Unsubscription
from notification_service.unsubscription_api import unsubscription_routes

REGISTRATION_COST = 9  # tokens, in addition to that of the request, because FCM may check the token
PATIENCE = 30.0  # seconds to wait for FCM if its answer names none


class NewDevice(CamelCase):
    """Describes a device that receives push notifications."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fcm_token: str = Field(
        description="registration token of the app, from Firebase",
        examples=["bk3RNwTe3H0:CI2k_HHwgIpoDKCIZvvDMExUdFQ3P1"],
        json_schema_extra={"pattern": f"^{TOKEN.pattern}$"},  # refused as INVALID_TOKEN
    )
    installation_id: str | None = Field(
        default=None,
        pattern=f"^{INSTALLATION.pattern}$",
        examples=["cIqrpF6gQ0mLa3hVQSsWxN"],
        description="Firebase installation id of the app; its new token replaces the earlier one",
    )


class RegisteredDevice(CamelCase):
    id: UUID
    fcm_token: str
    created_at: datetime


DeviceId = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


def device_api(
    devices: Devices,
    tokens: TokenCheck,
    preferences: PostgresPreferences,
    unsubscription: Unsubscription | None = None,
    *,
    buckets: PostgresBuckets,
    live: Check,
    ready: Check,
    identity: Identity | None = None,
) -> FastAPI:
    routers = [device_routes(devices, tokens), preference_routes(preferences)]
    if unsubscription:
        routers.append(unsubscription_routes(unsubscription))
    app = create_api(
        "Herald devices and preferences",
        routers,
        live=live,
        ready=ready,
        identity=identity,
        version="1",
    )
    app.state.buckets = buckets
    app.add_exception_handler(ProviderError, answer_outage)
    return app


def device_routes(devices: Devices, tokens: TokenCheck) -> APIRouter:
    routes = limited_router("devices")

    @routes.post(
        "/device/register",
        summary="Register a device",
        status_code=201,
        responses={
            200: {"model": RegisteredDevice, "description": "The user had this device already."}
        },
    )
    def register_device(
        body: NewDevice, caller: AnyCaller, request: Request, response: Response
    ) -> RegisteredDevice:
        """Register a device after FCM confirmed that a push can reach it.

        Answers 201 for a new device, and 200 with the same id for a known one. A token moves to
        the user who registered it last. Refusals: 422 `INVALID_TOKEN`, `DEVICE_LIMIT_REACHED`.
        The rate limit counts a registration as ten requests.
        """
        charge(request, caller, REGISTRATION_COST)
        device, is_new = register(
            caller.user_id, body.fcm_token, devices, tokens, body.installation_id
        )
        response.status_code = 201 if is_new else 200
        return RegisteredDevice.model_validate(device)

    @routes.get("/device", summary="List devices")
    def list_devices(caller: AnyCaller) -> list[RegisteredDevice]:
        """List the devices of the caller, oldest first."""
        return [RegisteredDevice.model_validate(device) for device in devices.of(caller.user_id)]

    @routes.delete("/device/remove/{id}", summary="Remove a device", status_code=204)
    def remove_device(id: DeviceId, caller: AnyCaller) -> None:
        """Remove a device; 422 `DEVICE_NOT_ASSOCIATED` if the user does not have it."""
        remove(caller.user_id, device_id_of(id), devices)

    return routes


def device_id_of(text: str) -> UUID:
    """Return the id; refuse a text that is not an id, like the id of no device."""
    try:
        return UUID(text)
    except ValueError:
        raise DeviceNotAssociated from None


def answer_outage(request: Request, error: Exception) -> JSONResponse:
    """Answer 503 if FCM cannot check the token; its own answer stays in the log."""
    after = error.after if isinstance(error, RetryLater) and error.after else PATIENCE
    detail = "FCM cannot check the token now; try again later."
    headers = {"Retry-After": str(round(after))}
    return Problem(503, "PROVIDER_UNAVAILABLE", detail, headers=headers).response()
