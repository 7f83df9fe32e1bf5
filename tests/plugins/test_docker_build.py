"""Images as a preview plans them, without Docker or BuildKit."""

from pathlib import Path
from typing import Any

import pytest

from plugins.values import UNKNOWN

IMAGE = "docker-build:index:Image"


def image(**more: Any) -> dict[str, Any]:
    context = {"location": "app", "named": {"shared": {"location": "shared"}}}
    return {"push": True, "dockerfile": {"location": "Dockerfile"}, "context": context, **more}


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Dockerfile").touch()
    (tmp_path / "app").mkdir()
    (tmp_path / "shared").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_digest_and_reference_are_unknown(docker_build: Any) -> None:
    planned = docker_build.preview(IMAGE, "api", image())
    unknown = dict.fromkeys(("contextHash", "digest", "ref"), UNKNOWN)
    assert planned == {**image(), **unknown}


@pytest.mark.parametrize(
    ("gone", "property_"),
    [("Dockerfile", "dockerfile"), ("app", "context"), ("shared", "context.named.shared")],
)
def test_missing_sources_are_refused(
    docker_build: Any, checkout: Path, gone: str, property_: str
) -> None:
    (checkout / gone).rename(checkout / "elsewhere")
    _, failures = docker_build.check(IMAGE, "api", image())
    assert failures == {property_: f"{gone} does not exist in {checkout}; correct the path"}


def test_remote_contexts_need_no_folder(docker_build: Any) -> None:
    remote = {"location": "https://example.org/app.git"}
    assert docker_build.check(IMAGE, "api", image(context=remote))[1] == {}


def test_a_misspelt_property_is_refused(docker_build: Any) -> None:
    _, failures = docker_build.check(IMAGE, "api", image(tag=["a"]))
    assert failures == {
        "tag": 'docker-build:index:Image has no property "tag"; did you mean "tags"?'
    }


def test_no_image_is_built(docker_build: Any) -> None:
    with pytest.raises(Exception, match=f"can only preview {IMAGE}"):
        docker_build.create(IMAGE, "api", **image())
