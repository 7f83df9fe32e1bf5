"""Names the problems of an account that would stop an update, as findings of a preview."""

from operations.doctor import BEFORE_UPDATE, findings
from operations.stack import Stack
from review.preview.plan import Finding
from stacks.config.project import PROJECT

ADVISORY = {"e-mail access"}  # an update succeeds, although SES sends to few addresses or to none


def problems_of(stack: Stack) -> list[Finding]:
    return [
        Finding(
            rule=each.name,
            level="advisory" if each.name in ADVISORY else "mandatory",
            type="account",
            name=str(stack.written.get(f"{PROJECT}:account")),
            reason=each.remedy,
            problem=each.text,
        )
        for each in findings(stack, BEFORE_UPDATE)
        if each.result == "failed"
    ]
