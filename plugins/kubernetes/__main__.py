"""Prints the port, then serves the engine: `python -m plugins.kubernetes [ENGINE]`."""

from plugins.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from plugins.kubernetes.package import KubernetesPackage
    from plugins.serving import serve

    serve(KubernetesPackage())


if __name__ == "__main__":
    main()
