"""Defines the errors of providers; each message is one sentence."""


class ProviderError(Exception):
    """Reports the failure of a request in one sentence for the user."""


class UnservedType(ProviderError):
    def __init__(self, token: str, package: str) -> None:
        super().__init__(
            f"the local {package} provider does not support {token}; "
            f"add it under plugins/{package}/ or remove it from the local stack"
        )


class UnservedFunction(ProviderError):
    def __init__(self, token: str, served: list[str]) -> None:
        names = ", ".join(served) or "none"
        super().__init__(
            f"the local provider does not support the function {token}; it supports: {names}"
        )


class UnreadSdk(ProviderError):
    """Reports that the installed SDK lacks a type, or has an unknown source format."""


class RefusedByService(ProviderError):
    """Reports that the service rejected a call or does not answer."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Vanished(ProviderError):
    def __init__(self, token: str, resource_id: str) -> None:
        super().__init__(
            f"{token} {resource_id!r} no longer exists; run `pulumi refresh`, then try again"
        )
