"""ETag and If-Match (RFC 9110): a change applies only to the version that the client has read."""


def etag(version: int) -> str:
    return f'"{version}"'


def matches(if_match: str | None, version: int) -> bool:
    """Whether the header is absent, `*`, or names this version by a strong tag."""
    if if_match is None or if_match.strip() == "*":
        return True
    return etag(version) in [tag.strip() for tag in if_match.split(",")]
