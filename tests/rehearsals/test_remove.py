"""An environment is destroyed, leaves only what the page lists, and is made from its snapshot."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs import pages
from tests.rehearsals.account import REGISTRY, Account
from tests.rehearsals.documented import commands, rows, settings
from tests.rehearsals.environment import environment
from tests.rehearsals.inventory import list_account, run_aws
from tests.rehearsals.users import User

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE, REMOVE = "docs/runbooks/remove.md", "Remove an environment"
RESTORE, SNAPSHOT = "docs/runbooks/restore.md", "Restore a snapshot"
SHARED = {("log group", "RDSOSMetrics")}  # by all servers of the account
Record = Callable[[str, object], None]


@pytest.mark.timeout(1800)
def test_environment_is_made_again(aws: Account, tmp_path: Path, record_property: Record) -> None:
    others = list_account(aws.client) - SHARED
    with environment(tmp_path / "stack", aws, "again") as stack:
        stack.configure({"herald:images": {"registry": REGISTRY, "repositories": {}}})
        stack.up()
        push_images(aws)
        user = User(stack, "ada")
        for number in range(10):
            user.create(f"kept {number}")
        before = user.reminders()

        up, destroy = commands(PAGE, REMOVE, "pulumi", dev="again")
        assert "it is protected" in stack.refusal("destroy")
        stack.configure(settings(PAGE, REMOVE))
        stack.succeed(*up, "--yes")
        stack.destroy(*destroy)
        left = list_account(aws.client) - others
        assert sorted(kind for kind, _ in left) == sorted({*rows(PAGE, REMOVE)} - {"DNS record"})

        [name] = [name for kind, name in left if kind == "snapshot"]
        rds = aws.client("rds")
        [snapshot] = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"]
        filled = settings(
            RESTORE,
            SNAPSHOT,
            snapshot=snapshot["DBSnapshotIdentifier"],
            snapshotKey=snapshot["KmsKeyId"],
        )
        stack.configure({"herald:deletionProtection": "true", **filled})
        record_property("seconds of the second creation", stack.up())
        assert user.reminders() == before
        record_property("reminders before and after", (10, len(before)))
        user.create("afterwards")
        assert stack.differences() == []

        stack.configure(settings(PAGE, REMOVE))
        stack.succeed(*up, "--yes")
        stack.destroy(*destroy)
        remove_rest(aws, list_account(aws.client) - others)
        assert {kind for kind, _ in list_account(aws.client) - others} == {
            "automated backup",
            "deleted key",
        }


def push_images(aws: Account) -> None:
    ecr = aws.client("ecr")
    for repository in ecr.describe_repositories()["repositories"]:
        ecr.put_image(
            repositoryName=repository["repositoryName"],
            imageManifest=json.dumps({"schemaVersion": 2, "name": repository["repositoryName"]}),
            imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
            imageTag="pushed",
        )


def remove_rest(aws: Account, left: set[tuple[str, str]]) -> None:
    """Remove what stayed with the commands of the page; moto cannot delete automated backups."""
    table = rows(PAGE, REMOVE)
    for kind, name in sorted(left, key=lambda each: [*table].index(each[0])):
        if kind != "automated backup":
            run_aws(aws.client, pages.inline_code(table[kind])[-1], name)
