"""`python -m local.providers.random [ENGINE_ADDRESS]`: print the port, then serve the engine."""

from local.providers.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from local.providers.random.package import RandomPackage
    from local.providers.serving import serve

    serve(RandomPackage())


if __name__ == "__main__":
    main()
