"""Calls the emulator; botocore and its clients load at their first use."""

import threading
from collections.abc import Callable, Collection
from typing import Any

from plugins.aws.settings import Settings
from plugins.errors import RefusedByService


class Account:
    """Represents one account; all requests of the engine share it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str | None = None) -> Any:
        key = (service, region or self.settings.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._create_client(*key)
            return self._clients[key]

    def number(self) -> str:
        """Return the number of the account, which is part of many ARNs."""
        return str(self.call("sts", "get_caller_identity")["Account"])

    def call(self, service: str, operation: str, region: str | None = None, **request: Any) -> Any:
        """Call an operation; raise `RefusedByService` with its name and AWS's code if it fails."""
        from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

        method: Callable[..., Any] = getattr(self.client(service, region), operation)
        try:
            return method(**request)
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            raise RefusedByService(
                f"{service} rejected {error.operation_name} with {code}: {message}", code
            ) from error
        except EndpointConnectionError as error:
            raise RefusedByService(
                f"{service} does not answer at {self.settings.endpoint(service)}; "
                "start the local environment with `make up`"
            ) from error
        except BotoCoreError as error:
            raise RefusedByService(f"{service} {operation} failed: {error}") from error

    def find(self, missing: Collection[str], service: str, operation: str, **request: Any) -> Any:
        """Return the answer of a call, or None if AWS answers with a code in `missing`."""
        try:
            return self.call(service, operation, **request)
        except RefusedByService as error:
            if error.code in missing:
                return None
            raise

    def _create_client(self, service: str, region: str) -> Any:
        from botocore.config import Config
        from botocore.session import get_session

        endpoint = self.settings.endpoint(service)
        if endpoint is None:
            raise RefusedByService(
                f'provider aws needs an endpoint for "{service}", because the local stand-in never '
                "connects to AWS; add it to aws:endpoints of the stack"
            )
        self._session = self._session or get_session()
        return self._session.create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=self.settings.access_key,
            aws_secret_access_key=self.settings.secret_key,
            aws_session_token=self.settings.session_token,
            config=Config(
                connect_timeout=5,
                read_timeout=60,
                max_pool_connections=32,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )
