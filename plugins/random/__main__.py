"""Prints the port, then serves the engine: `python -m plugins.random [ENGINE_ADDRESS]`."""

from plugins.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from plugins.random.package import RandomPackage
    from plugins.serving import serve

    serve(RandomPackage())


if __name__ == "__main__":
    main()
