"""`python -m local.aws_server`: serve the AWS emulator until SIGTERM."""

import argparse
import logging
import signal
import sys
import warnings

import waitress

from local.addresses import Address, listening_socket
from local.aws_server.application import aws_application
from local.aws_server.emails import Inbox

THREADS = 96  # each waiting SQS consumer holds one for up to 20 s


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.aws_server", description=__doc__)
    parser.add_argument(
        "--listen", action="append", required=True, type=Address.parse, metavar="HOST:PORT"
    )
    parser.add_argument("--inbox", required=True, help="URL that e-mails are delivered to")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # SES's model does not name the error codes that all of AWS has, such as Throttling.
    warnings.filterwarnings("ignore", ".* does not match an error shape")
    try:
        sockets = [listening_socket(address) for address in options.listen]
    except OSError as error:
        sys.exit(f"aws_server: {error}")
    server = waitress.create_server(
        aws_application(Inbox(options.inbox)),
        sockets=sockets,
        threads=THREADS,
        connection_limit=1000,
        channel_request_lookahead=1,  # lets a long poll see that its client is gone
        channel_timeout=120,
        asyncore_use_poll=True,
        ident=None,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()


if __name__ == "__main__":
    main()
