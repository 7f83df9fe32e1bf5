"""ETag and If-Match: a change applies only to the version that the client has read."""

from reminder_service.errors import VersionMismatch


def etag(version: int) -> str:
    return f'"{version}"'


def check_match(if_match: str | None, version: int) -> None:
    """Refuse unless the header is absent, `*`, or names this version by a strong tag."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag(version) not in [tag.strip() for tag in if_match.split(",")]:
        raise VersionMismatch(headers={"ETag": etag(version)})
