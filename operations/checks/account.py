"""Checks the credentials."""

from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from operations.checks.problem import LOCAL, NotWell
from operations.stack import Stack
from stacks.config.project import PROJECT


def identity(stack: Stack) -> str:
    endpoint = stack.endpoint("sts")
    place = f"the emulator at {urlsplit(endpoint).netloc}" if endpoint else "AWS"
    try:
        caller = stack.caller
    except (BotoCoreError, ClientError) as error:
        text = " ".join(str(error).split()).removesuffix(".")
        remedy = LOCAL if endpoint else "sign in, for example with `aws sso login`"
        raise NotWell(f"{place} rejected your credentials: {text}", remedy) from None
    expected = str(stack.written.get(f"{PROJECT}:account"))
    if caller["Account"] != expected:
        raise NotWell(
            f"expected account {expected} of the stack file; got {caller['Account']}",
            "choose another profile, for example with AWS_PROFILE",
        )
    return f"{caller['Arn']} at {place}"
