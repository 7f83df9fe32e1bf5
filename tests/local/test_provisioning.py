"""What `make up` shows of an update, and how it knows whether one changed anything."""

import json

import pytest

from local.provisioning import has_changed, is_result, strip_progress


@pytest.mark.parametrize(
    "line",
    [
        " +  aws:sns/topic:Topic local-event created (0.41s) ",
        " ~  kubernetes:apps/v1:Deployment local-event-service updated (3s) [diff: ~spec]; ",
        " +  aws:sns/topic:Topic local-event **creating failed** error: refused",
        "    error: update failed",
        "    108 unchanged",
        "Duration: 4s",
    ],
)
def test_changes_and_errors_are_shown(line):
    assert is_result(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Updating (local):",
        "@ updating....",
        "    pulumi:pulumi:Stack herald-local  ",
        " +  aws:sns/topic:Topic local-event creating (0s) ",
        " ~  kubernetes:apps/v1:Deployment local-event-service updating (12s) [diff: ~spec]; ",
        " -- kubernetes:batch/v1:Job local-device-migration deleting original (0s) [diff: ~spec]; ",
        "#24 resolving provenance for metadata file",
    ],
)
def test_work_in_progress_is_not_shown(line):
    assert not is_result(line)


def test_messages_of_builds_are_not_shown():
    image = " +  docker-build:index:Image local-event-service created (61s)"
    assert strip_progress(f"{image} #28 DONE 0.0s\n") == image
    assert strip_progress(f"{image} [diff: ~tags]; \n") == f"{image} [diff: ~tags];"


def write_update(folder, number, counts):
    text = json.dumps({"kind": "update", "resourceChanges": counts})
    (folder / f"local-{number}.history.json").write_text(text)


def test_unmeasured_pods_are_no_news():
    scaler = (
        "   ~  kubernetes:autoscaling/v2:HorizontalPodAutoscaler one updated (1s) [diff: ~spec];"
    )
    assert strip_progress(f"{scaler} warning: FailedGetResourceMetric: failed to get") == scaler


def test_newest_update_shows_whether_anything_changed(tmp_path):
    write_update(tmp_path, 1795542754768576015, {"create": 108})
    assert has_changed(tmp_path)
    write_update(tmp_path, 1795542774910730789, {"same": 108})
    assert not has_changed(tmp_path)
    write_update(tmp_path, 1795543273595209457, {"same": 107, "replace": 1})
    assert has_changed(tmp_path)
