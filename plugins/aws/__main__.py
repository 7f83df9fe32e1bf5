"""Prints the port, then serves the engine: `python -m plugins.aws [ENGINE_ADDRESS]`."""

from plugins.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from plugins.aws.package import AwsPackage
    from plugins.serving import serve

    serve(AwsPackage())


if __name__ == "__main__":
    main()
