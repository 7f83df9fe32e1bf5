"""Defines the errors of the operators' commands: one sentence with the remedy."""


class OperatorError(Exception):
    """Reports that a command failed."""


class NoProject(OperatorError):
    def __init__(self) -> None:
        super().__init__(
            "expected Pulumi.yaml in this folder or one above it, found none; "
            "change into the folder of your project"
        )


class MessagesNotFound(OperatorError):
    def __init__(self, ids: list[str]) -> None:
        super().__init__(
            f"the dead-letter queue has no message with the id "
            f"{', '.join(ids)}; nothing was changed, and `herald dead-letters list` shows the ids"
        )


class MoveFailed(OperatorError):
    def __init__(self, moved: int, reason: str) -> None:
        super().__init__(
            f"SQS stopped after it moved {moved} messages, because {reason}; "
            "the others are still dead letters, so run the command again"
        )


def sentence(error: Exception) -> str | None:
    """Return the message for the operator, or None if the error is a bug."""
    from botocore.exceptions import BotoCoreError, ClientError

    from stacks.outputs.models import OutputsError

    if isinstance(error, OperatorError | OutputsError):
        return str(error)
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        said = " ".join(str(answer.get("Message", "nothing")).split())
        return (
            f"AWS rejected {error.operation_name} ({answer.get('Code', 'no code')}: {said}); "
            "`herald doctor` checks your access"
        )
    if isinstance(error, BotoCoreError):
        return f"AWS did not answer ({error}); `herald doctor` checks your access"
    return None
