"""Enforces roles and bucket policies in S3, which moto serves apart from its other services."""

from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from local.aws_server.authorization import describe_refusal, find_reason
from local.aws_server.replacement import replace_method
from local.aws_server.requirements import Requirement
from local.aws_server.sessions import session_of
from local.aws_server.used_permissions import USED

PERMISSIONS = {  # of actions that IAM names otherwise
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
}


class AccessDenied(S3ClientError):
    code = "AccessDenied"


def extend() -> None:
    """Check each request of a role. moto's own check of bucket policies ignores conditions."""
    replace_method(FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)
    replace_method(S3Response, "_authenticate_and_authorize_s3_action", check)


def check(
    response: S3Response, bucket_name: str | None = None, key_name: str | None = None
) -> None:
    token = response.headers.get("X-Amz-Security-Token")
    if token is None:
        return
    session = session_of(token)
    action = response.data["Action"]
    path = f"{bucket_name or '*'}/{key_name}" if key_name else bucket_name or "*"
    needed = Requirement(f"s3:{PERMISSIONS.get(action, action)}", f"arn:aws:s3:::{path}")
    if reason := find_reason(session, needed):
        raise AccessDenied(describe_refusal(session, needed, reason))
    USED.add(session.role_name, needed.action, needed.resource)
