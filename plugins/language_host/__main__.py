"""Prints the port, then serves the engine: `python -m plugins.language_host [ENGINE_ADDRESS]`."""

import sys

from plugins.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from plugins.language_host.host import serve

    serve(sys.argv[1:])


if __name__ == "__main__":
    main()
