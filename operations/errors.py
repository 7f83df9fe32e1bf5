"""What goes wrong for an operator; each message is one sentence that says what to do."""


class OperatorError(Exception):
    """A command cannot be carried out."""


class MessagesNotFound(OperatorError):
    def __init__(self, ids: list[str]) -> None:
        super().__init__(
            f"expected messages of the dead-letter queue, found none with the id "
            f"{', '.join(ids)}; nothing was changed, and `herald dead-letters list` shows the ids"
        )


class MoveFailed(OperatorError):
    def __init__(self, moved: int, reason: str) -> None:
        super().__init__(
            f"SQS stopped after {moved} messages were moved, since {reason}; "
            "the others are still dead letters, so run the command again"
        )


def sentence(error: Exception) -> str | None:
    """What to tell the operator, or None when the error is a fault of the program."""
    from botocore.exceptions import BotoCoreError, ClientError

    from preview.rehearsal import PreviewError
    from preview.report import BadReport
    from stacks.outputs import OutputsError

    if isinstance(error, OperatorError | OutputsError | PreviewError | BadReport):
        return str(error)
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        said = " ".join(str(answer.get("Message", "nothing")).split())
        return (
            f"AWS refused {error.operation_name} ({answer.get('Code', 'no code')}: {said}); "
            "`herald doctor` checks your access"
        )
    if isinstance(error, BotoCoreError):
        return f"AWS could not be asked ({error}); `herald doctor` checks your access"
    return None
