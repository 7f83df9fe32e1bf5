"""Checks whether servers answer, without reading their data."""

import socket
import struct
import urllib.error
import urllib.request

PATIENCE = 3  # seconds
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # first message of a PostgreSQL client


def answers_as_postgres(host: str, port: int) -> bool:
    """Return True if a PostgreSQL server answers the request for TLS."""
    try:
        with socket.create_connection((host, port), timeout=PATIENCE) as connection:
            connection.sendall(SSL_REQUEST)
            return connection.recv(1) in (b"S", b"N")
    except OSError:
        return False


def answers_over_http(url: str) -> bool:
    """Return True for any HTTP answer, also for an error."""
    try:
        with urllib.request.urlopen(f"{url}/health/live", timeout=PATIENCE):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
