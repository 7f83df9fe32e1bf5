"""Defines the error of all commands of the local environment."""


class LocalError(Exception):
    """Reports in one sentence the expected state, the actual state and the remedy."""
