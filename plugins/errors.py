"""Defines the errors of providers; each message is one sentence."""


class ProviderError(Exception):
    """Ends a request of the engine with a sentence for the user."""


class UnservedType(ProviderError):
    def __init__(self, token: str, package: str) -> None:
        super().__init__(
            f"{token} is not served by the local {package} provider; "
            f"add it under plugins/{package}/ or leave it out of the local stack"
        )


class UnservedFunction(ProviderError):
    def __init__(self, token: str, served: list[str]) -> None:
        names = ", ".join(served) or "none"
        super().__init__(f"the function {token} is not served here; served functions: {names}")


class UnreadSdk(ProviderError):
    """Reports a type that the installed SDK lacks, or whose source has an unknown form."""


class RefusedByService(ProviderError):
    """Reports that the service rejected a call or does not answer."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Vanished(ProviderError):
    def __init__(self, token: str, resource_id: str) -> None:
        super().__init__(
            f"{token} {resource_id!r} does not exist any more; run `pulumi refresh`, then try again"
        )
