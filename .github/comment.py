"""Shows the reports of a preview in one comment of its pull request: comment.py FOLDER

The reports come from a run of the pull request's own code, so nothing in them is trusted. They are
shown as text between fences, where GitHub renders no link, image or mention. The pull request is
found by branch and commit, never by what a report says.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK = "<!-- herald: preview -->"
AUTHOR = "github-actions[bot]"
STACKS = ("dev", "staging", "prod")
LIMIT = 60_000  # characters of a comment; GitHub takes 65,536
TIMEOUT = 30  # seconds
SIZE = 1_000_000  # bytes of a report that are read


class Refused(Exception):
    """Reports an error in one sentence for the log of the workflow."""


def call(method: str, path: str, body: Any = None) -> Any:
    address = os.environ["GITHUB_API_URL"] + path
    request = urllib.request.Request(
        address,
        None if body is None else json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {os.environ['GH_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        },
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise Refused(f"GitHub answered {error.code} to {method} {path}") from None


def pull_request() -> int | None:
    """Return the number of the open pull request whose newest commit was previewed."""
    head = f"{os.environ['HEAD_OWNER']}:{os.environ['HEAD_BRANCH']}"
    query = urllib.parse.urlencode({"state": "open", "head": head})
    for found in call("GET", f"/repos/{os.environ['GITHUB_REPOSITORY']}/pulls?{query}"):
        if found["head"]["sha"] == os.environ["HEAD_SHA"]:
            return int(found["number"])
    return None


def report(folder: Path, stack: str) -> str:
    """Read a report as text; a link in the artifact could lead to a file of the runner."""
    file = folder / f"preview-{stack}" / f"{stack}.txt"
    if any(part.is_symlink() for part in (folder, file.parent, file)) or not file.is_file():
        return "The preview made no report; its log says why."
    with file.open("rb") as content:
        return content.read(SIZE).decode(errors="replace")


def fenced(text: str, room: int) -> str:
    """Wrap text in a fence that is longer than any in it, cut to the room that it has."""
    printable = "".join(each for each in text if each.isprintable() or each == "\n")
    if len(printable) > room:
        printable = printable[:room] + "\n… cut; the artifact of the run has the whole report"
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", printable)), default=0))
    return f"{fence}diff\n{printable.rstrip()}\n{fence}"


def sections(folder: Path) -> Iterator[str]:
    for stack in STACKS:
        text = fenced(report(folder, stack), LIMIT // len(STACKS) - 200)
        yield f"<details><summary>Preview of <code>{stack}</code></summary>\n\n{text}\n\n</details>"


def comment(folder: Path) -> str:
    return "\n\n".join([f"{MARK}\nPreviews of {os.environ['HEAD_SHA'][:8]}", *sections(folder)])


def own_comment(number: int) -> int | None:
    for page in range(1, 11):
        path = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues/{number}/comments"
        found = call("GET", f"{path}?per_page=100&page={page}")
        for each in found:
            if each["user"]["login"] == AUTHOR and each["body"].startswith(MARK):
                return int(each["id"])
        if len(found) < 100:
            break
    return None


def main() -> None:
    number = pull_request()
    if number is None:
        print("::notice::no open pull request has this commit as its newest; nothing to comment")
        return
    issues, body = f"/repos/{os.environ['GITHUB_REPOSITORY']}/issues", comment(Path(sys.argv[1]))
    earlier = own_comment(number)
    if earlier is None:
        call("POST", f"{issues}/{number}/comments", {"body": body})
    else:
        call("PATCH", f"{issues}/comments/{earlier}", {"body": body})


if __name__ == "__main__":
    try:
        main()
    except (Refused, OSError) as error:
        sys.exit(f"::error::the comment could not be written: {error}")
