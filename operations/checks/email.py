"""Checks whether SES sends for the stack."""

from operations.checks.problem import NotWell
from operations.stack import Stack
from stacks.config.project import PROJECT


def email(stack: Stack) -> str:
    """Check that SES may send for the sender of the stack."""
    settings = stack.written.get(f"{PROJECT}:email", {})
    sender = settings.get("domain") or settings.get("sender", "")
    answer = stack.client("ses").get_identity_verification_attributes(Identities=[sender])
    state = answer["VerificationAttributes"].get(sender, {}).get("VerificationStatus", "unknown")
    if state != "Success":
        records = "; ".join(" ".join(each.values()) for each in stack.outputs.email_dns_records)
        remedy = f"add these DNS records: {records}" if records else "follow the link that SES sent"
        raise NotWell(f"SES does not send for {sender}: {state}", remedy)
    return f"SES sends for {sender}"


def email_access(stack: Stack) -> str:
    """Check that SES sends to any address; in its sandbox it sends only to verified ones."""
    account = stack.client("sesv2").get_account()
    quota = account["SendQuota"]
    allowed = f"{quota['Max24HourSend']:,.0f} e-mails a day, {quota['MaxSendRate']:,.0f} a second"
    if not account["ProductionAccessEnabled"]:
        raise NotWell(
            f"SES is in its sandbox: {allowed}, to verified addresses only",
            "request production access in the SES console of this region",
        )
    if not account["SendingEnabled"]:
        raise NotWell(
            f"SES has paused sending: {account['EnforcementStatus']}",
            "see bounces and complaints in the SES console, and answer AWS's review",
        )
    return f"SES sends {allowed}"
