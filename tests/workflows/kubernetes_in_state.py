"""A Kubernetes plugin that makes objects in the stack's state alone, with no cluster behind it."""

from plugins.sdk_messages import open_messages


def main() -> None:
    open_messages()
    from plugins.kubernetes.package import KubernetesPackage, Object, object_type
    from plugins.resource import Resource
    from plugins.serving import serve
    from plugins.values import Properties

    def create(self: Object, inputs: Properties) -> str:
        self.made = inputs
        return str(inputs["metadata"]["name"])

    def read(self: Object, resource_id: str, state: Properties) -> Properties:
        return dict(state)

    def delete(self: Object, resource_id: str, state: Properties) -> None:
        pass

    methods = {"create": create, "read": read, "delete": delete}

    class InState(KubernetesPackage):
        def resource_type(self, token: str) -> type[Resource[None]]:
            return type("InState", (object_type(token),), methods)

    serve(InState())


if __name__ == "__main__":
    main()
