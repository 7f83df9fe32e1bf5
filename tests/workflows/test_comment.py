"""The comment of a preview, against a server that answers as GitHub's API does."""

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from local.environment import PROJECT

SHA = "a" * 40
BOT = {"login": "github-actions[bot]"}


class GitHub:
    """Pull requests and comments of one repository."""

    def __init__(self) -> None:
        self.pulls = [{"number": 7, "head": {"sha": SHA}}]
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.status = 200

    def answer(self, method: str, path: str, body: Any) -> Any:
        self.asked.append(f"{method} {path}")
        if method == "POST":
            self.comments.append({"id": len(self.comments) + 1, "user": BOT, **body})
            return self.comments[-1]
        if method == "PATCH":
            [found] = [each for each in self.comments if path.endswith(f"comments/{each['id']}")]
            found.update(body)
            return found
        return self.pulls if "/pulls" in path else self.comments


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    state = GitHub()

    class Api(BaseHTTPRequestHandler):
        def respond(self) -> None:
            assert self.headers["Authorization"] == "Bearer token"
            length = int(self.headers["Content-Length"] or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            answer = json.dumps(state.answer(self.command, self.path, body)).encode()
            self.send_response(state.status)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = respond

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        variables = {
            "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
            "GITHUB_REPOSITORY": "acme/herald",
            "GH_TOKEN": "token",
            "HEAD_OWNER": "someone",
            "HEAD_BRANCH": "fix/a&state=closed",
            "HEAD_SHA": SHA,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("comment", PROJECT / ".github" / "comment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def previews(tmp_path: Path) -> Path:
    for stack in ("dev", "staging", "prod"):
        folder = tmp_path / f"preview-{stack}"
        folder.mkdir()
        (folder / f"{stack}.txt").write_text(f"Stack {stack}: 1 to create\n+ aws:sns/topic:Topic\n")
    return tmp_path


@pytest.fixture
def comment(
    script: ModuleType, previews: Path, monkeypatch: pytest.MonkeyPatch, github: GitHub
) -> Any:
    monkeypatch.setattr("sys.argv", ["comment.py", str(previews)])
    return script.main


def test_a_comment_shows_each_report(comment: Any, github: GitHub):
    comment()
    [written] = github.comments
    sections = [
        f"<details><summary>Preview of <code>{stack}</code></summary>\n\n"
        f"```diff\nStack {stack}: 1 to create\n+ aws:sns/topic:Topic\n```\n\n</details>"
        for stack in ("dev", "staging", "prod")
    ]
    head = f"<!-- herald: preview -->\nPreviews of {SHA[:8]}"
    assert written["body"] == "\n\n".join([head, *sections])


def test_later_runs_replace_the_comment(comment: Any, github: GitHub, previews: Path):
    comment()
    (previews / "preview-dev" / "dev.txt").write_text("Stack dev: nothing")
    comment()
    [written] = github.comments
    assert "Stack dev: nothing" in written["body"]


def test_comments_of_others_stay(comment: Any, github: GitHub):
    forged = {"id": 1, "user": {"login": "someone"}, "body": "<!-- herald: preview -->\nmine"}
    github.comments.append(dict(forged))
    comment()
    assert github.comments[0] == forged
    assert len(github.comments) == 2


def test_pull_request_is_found_by_commit(
    comment: Any, github: GitHub, capsys: pytest.CaptureFixture[str]
):
    github.pulls = [{"number": 7, "head": {"sha": "b" * 40}}]
    comment()
    assert github.comments == []
    assert "no open pull request has this commit" in capsys.readouterr().out
    query = "state=open&head=someone%3Afix%2Fa%26state%3Dclosed"
    assert github.asked == [f"GET /repos/acme/herald/pulls?{query}"]


@pytest.mark.parametrize(
    "text",
    ["```\n@everyone ![x](https://x.example/a.png)\n```", "````\n</details><script>", "`" * 30],
)
def test_reports_stay_between_their_fences(comment: Any, github: GitHub, previews: Path, text: str):
    (previews / "preview-dev" / "dev.txt").write_text(text)
    comment()
    section = github.comments[0]["body"].partition("</summary>\n\n")[2]
    fence = section.partition("diff")[0]
    assert section.split(f"\n{fence}\n")[0] == f"{fence}diff\n{text}"
    assert fence not in text


def test_links_in_artifacts_are_not_followed(comment: Any, github: GitHub, previews: Path):
    secret = previews / "secret"
    secret.write_text("token of the runner")
    (previews / "preview-dev" / "dev.txt").unlink()
    (previews / "preview-dev" / "dev.txt").symlink_to(secret)
    (previews / "preview-prod" / "prod.txt").unlink()
    comment()
    body = github.comments[0]["body"]
    assert "token" not in body
    assert body.count("The preview made no report; its log says why.") == 2


def test_long_reports_are_cut(comment: Any, github: GitHub, previews: Path):
    for stack in ("dev", "staging", "prod"):
        (previews / f"preview-{stack}" / f"{stack}.txt").write_bytes(b"\xff\x00+ line\n" * 300_000)
    comment()
    body = github.comments[0]["body"]
    assert len(body) < 65_536
    assert body.count("… cut; the artifact of the run has the whole report") == 3
    assert "\x00" not in body


def test_refusals_of_github_are_one_sentence(comment: Any, script: ModuleType, github: GitHub):
    github.status = 403
    with pytest.raises(script.Refused, match="GitHub answered 403 to GET /repos/acme/herald/pulls"):
        comment()
