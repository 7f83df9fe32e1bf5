"""`python -m local.language_host [ENGINE_ADDRESS]`: print the port, then serve the engine."""

import sys

from local.providers.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from local.language_host.host import serve

    serve(sys.argv[1:])


if __name__ == "__main__":
    main()
