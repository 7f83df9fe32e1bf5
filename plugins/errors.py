"""What a provider says when it cannot do what it was asked; each message is one sentence."""


class ProviderError(Exception):
    """Anything that ends a request of the engine with a sentence for the user."""


class UnservedType(ProviderError):
    def __init__(self, token: str, package: str) -> None:
        super().__init__(
            f"{token} is not served by the local {package} provider; "
            f"add it under local/providers/{package}/ or leave it out of the local stack"
        )


class UnservedFunction(ProviderError):
    def __init__(self, token: str, served: list[str]) -> None:
        names = ", ".join(served) or "none"
        super().__init__(f"the function {token} is not served here; served functions: {names}")


class UnreadSdk(ProviderError):
    """The installed SDK has no such type, or its source has a form that is not understood."""


class RefusedByService(ProviderError):
    """The service behind the provider refused a call or could not be reached."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Vanished(ProviderError):
    def __init__(self, token: str, resource_id: str) -> None:
        super().__init__(
            f"{token} {resource_id!r} does not exist any more; run `pulumi refresh`, then try again"
        )
