"""Serves the inbox until SIGTERM: `python -m local.inbox`."""

import argparse
import socket
import sys
from pathlib import Path

import uvicorn

from local.addresses import Address, listening_socket
from local.inbox.app import inbox_app
from local.inbox.google_access import GoogleAccess, ServiceAccount, UnusableCredentials
from local.inbox.messages import Messages
from local.token_issuer import TokenIssuer, UnusableKey


class InboxServer(uvicorn.Server):
    """Ends open streams before the shutdown, which otherwise waits for them."""

    def __init__(self, config: uvicorn.Config, messages: Messages) -> None:
        super().__init__(config)
        self._messages = messages

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._messages.end_watching()
        await super().shutdown(sockets)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.inbox", description=__doc__)
    parser.add_argument(
        "--listen", action="append", required=True, type=Address.parse, metavar="HOST:PORT"
    )
    parser.add_argument(
        "--credentials",
        action="append",
        default=[],
        type=Path,
        help="service account key that may sign assertions; repeat it for other keys",
    )
    parser.add_argument("--issuer", help="URL of the inbox as token issuer")
    parser.add_argument("--issuer-key", type=Path, help="private key that signs the tokens")
    options = parser.parse_args()
    if (options.issuer is None) != (options.issuer_key is None):
        parser.error("expected both --issuer and --issuer-key, or neither")
    return options


def main() -> None:
    options = arguments()
    try:
        keys = [ServiceAccount.read(path) for path in options.credentials]
        issuer = TokenIssuer.read(options.issuer, options.issuer_key) if options.issuer else None
        sockets = [listening_socket(address) for address in options.listen]
    except (UnusableCredentials, UnusableKey, OSError) as error:
        sys.exit(f"inbox: {error}")
    messages = Messages()
    app = inbox_app(messages, GoogleAccess(*keys), issuer)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
    InboxServer(config, messages).run(sockets)


if __name__ == "__main__":
    main()
