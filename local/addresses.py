"""Parses addresses and opens listening sockets."""

import argparse
import os
import socket
from typing import NamedTuple


class Address(NamedTuple):
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit():
            raise argparse.ArgumentTypeError(
                f"expected HOST:PORT, for example 127.0.0.1:8025; got {text!r}"
            )
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def listening_socket(address: Address) -> socket.socket:
    """Return a bound socket; the error names an address that is in use."""
    try:
        return socket.create_server(address, backlog=1024)
    except OSError as error:
        raise OSError(f"cannot listen on {address}: {os.strerror(error.errno or 0)}.") from error
