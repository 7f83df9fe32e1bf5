"""Serves the AWS emulator until SIGTERM: `python -m local.aws_server`."""

import argparse
import logging
import signal
import sys
import warnings
from pathlib import Path

import waitress

from local.addresses import Address, listening_socket
from local.aws_server.application import aws_application
from local.aws_server.emails import Inbox
from local.aws_server.rds_servers import Servers

THREADS = 96  # each waiting SQS consumer holds one for up to 20 s


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.aws_server", description=__doc__)
    parser.add_argument(
        "--listen", action="append", required=True, type=Address.parse, metavar="HOST:PORT"
    )
    parser.add_argument("--inbox", required=True, help="URL of the inbox that receives e-mails")
    parser.add_argument(
        "--databases",
        type=Path,
        metavar="FOLDER",
        help="run a PostgreSQL server for each RDS instance, with its data in FOLDER",
    )
    parser.add_argument(
        "--issuer",
        type=Path,
        metavar="FILE",
        help="let tokens of this cluster's service accounts assume roles; "
        "a JSON object with `issuer` and `keys`",
    )
    return parser.parse_args()


def main() -> None:
    options = arguments()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # The model of SES lacks error codes that all services have, for example Throttling.
    warnings.filterwarnings("ignore", ".* does not match an error shape")
    try:
        sockets = [listening_socket(address) for address in options.listen]
    except OSError as error:
        sys.exit(f"aws_server: {error}")
    servers = None if options.databases is None else Servers(options.databases)
    server = waitress.create_server(
        aws_application(Inbox(options.inbox), servers, options.issuer),
        sockets=sockets,
        threads=THREADS,
        connection_limit=1000,
        channel_request_lookahead=1,  # lets a long poll detect that its client has disconnected
        channel_timeout=120,
        asyncore_use_poll=True,
        ident=None,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run()
    finally:
        if servers is not None:
            servers.stop_all()


if __name__ == "__main__":
    main()
