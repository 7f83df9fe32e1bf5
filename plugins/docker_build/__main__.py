"""Prints the port, then serves the engine: `python -m plugins.docker_build [ENGINE]`."""

from plugins.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from plugins.docker_build.package import DockerBuildPackage
    from plugins.serving import serve

    serve(DockerBuildPackage())


if __name__ == "__main__":
    main()
