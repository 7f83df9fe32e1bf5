"""Creates AWS clients with timeouts, safe to share between threads."""

from typing import Any

import botocore.session
from botocore.config import Config


def aws_client(service: str, *, connections: int = 20, read_timeout: float = 30) -> Any:
    """Return a client of an AWS service; the environment sets region, credentials and endpoint.

    `read_timeout` is in seconds, and longer than the longest poll of a queue (20 s).
    """
    return botocore.session.get_session().create_client(
        service,
        config=Config(
            connect_timeout=3,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=connections,
            user_agent_extra="herald",
        ),
    )
