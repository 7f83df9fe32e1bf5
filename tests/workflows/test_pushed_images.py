"""Images that an update pushed are attested; those of others or of earlier updates are not."""

import importlib.util
import json
from types import ModuleType

import pytest

from local.environment import PROJECT

REGISTRY = "1.dkr.ecr.eu-central-1.amazonaws.com"
OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"
BEFORE = {"a-service": f"{REGISTRY}/a-service:0.1.0-dev@{OLD}"}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pushed", PROJECT / ".github/pushed_images.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def printed(script, tmp_path, capsys):
    def run(before, after):
        files = [tmp_path / "before.json", tmp_path / "after.json"]
        for file, outputs in zip(files, (before, after), strict=True):
            file.write_text(json.dumps(outputs))
        script.main(REGISTRY, *map(str, files))
        name, _, value = capsys.readouterr().out.partition("=")
        assert name == "pushed"
        return json.loads(value)

    return run


def test_new_digest_is_listed(printed):
    after = {**BEFORE, "b-service": f"{REGISTRY}/b-service:0.1.0-dev@{NEW}"}
    assert printed({"images": BEFORE}, {"images": after}) == [
        {"name": f"{REGISTRY}/b-service", "digest": NEW}
    ]


def test_first_update_lists_all(printed):
    assert printed({}, {"images": BEFORE}) == [{"name": f"{REGISTRY}/a-service", "digest": OLD}]


def test_unchanged_stack_lists_nothing(printed):
    assert printed({"images": BEFORE}, {"images": BEFORE}) == []


@pytest.mark.parametrize(
    "reference", [f"ghcr.io/someone/b-service@{NEW}", f"{REGISTRY}/mirror/postgres:17@{NEW}"]
)
def test_foreign_images_are_left_out(printed, reference):
    assert printed({}, {"images": {"b-service": reference}}) == []
