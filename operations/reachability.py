"""Whether something answers at an address; never what it holds."""

import socket
import struct
import urllib.error
import urllib.request

PATIENCE = 3  # seconds
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # what a PostgreSQL client says first


def answers_as_postgres(host: str, port: int) -> bool:
    """True when a PostgreSQL server says whether it wants TLS."""
    try:
        with socket.create_connection((host, port), timeout=PATIENCE) as connection:
            connection.sendall(SSL_REQUEST)
            return connection.recv(1) in (b"S", b"N")
    except OSError:
        return False


def answers_over_http(url: str) -> bool:
    """True for every answer, a refusal as well."""
    try:
        with urllib.request.urlopen(f"{url}/health/live", timeout=PATIENCE):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
