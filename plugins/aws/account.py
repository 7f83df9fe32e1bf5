"""Creates clients of the emulator on first use; botocore loads only then."""

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
                self._clients[key] = self._made(*key)
            return self._clients[key]

    def number(self) -> str:
        """Return the number of the account, which is part of many ARNs."""
        return str(self.call("sts", "get_caller_identity")["Account"])

    def call(self, service: str, operation: str, region: str | None = None, **given: Any) -> Any:
        """Call an operation; raise an error with the operation and the code of AWS."""
        from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

        method: Callable[..., Any] = getattr(self.client(service, region), operation)
        try:
            return method(**given)
        except ClientError as error:
            told = error.response["Error"]
            raise RefusedByService(
                f"{service} refused {error.operation_name} with {told['Code']}: {told['Message']}",
                told["Code"],
            ) from error
        except EndpointConnectionError as error:
            raise RefusedByService(
                f"{service} does not answer at {self.settings.endpoint(service)}; "
                "start the local environment with `make up`"
            ) from error
        except BotoCoreError as error:
            raise RefusedByService(f"{service} {operation} failed: {error}") from error

    def found(self, missing: Collection[str], service: str, operation: str, **given: Any) -> Any:
        """Return the answer of a call, or None if AWS answers with a code of `missing`."""
        try:
            return self.call(service, operation, **given)
        except RefusedByService as error:
            if error.code in missing:
                return None
            raise

    def _made(self, service: str, region: str) -> Any:
        from botocore.config import Config
        from botocore.session import get_session

        endpoint = self.settings.endpoint(service)
        if endpoint is None:
            raise RefusedByService(
                f'provider aws has no endpoint for "{service}" and the local stand-in never talks '
                "to AWS itself; add it to aws:endpoints of the stack"
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
