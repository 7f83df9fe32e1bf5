"""`python -m local.providers.aws [ENGINE_ADDRESS]`: print the port, then serve the engine."""

from local.providers.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from local.providers.aws.package import AwsPackage
    from local.providers.serving import serve

    serve(AwsPackage())


if __name__ == "__main__":
    main()
