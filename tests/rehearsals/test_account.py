"""An account is returned: its platform, then its foundation, by the steps of the page."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugins.installation import plugin_path
from review.simulation.rehearsal import PROGRAMS, read_stack_file
from tests.docs import pages
from tests.rehearsals.account import ACCOUNT, REGISTRY, Account
from tests.rehearsals.documented import commands, rows, section, settings
from tests.rehearsals.environment import Environment, Settings, first_settings, merged
from tests.rehearsals.inventory import list_account, run_aws

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE, REMOVE, RETURN = (
    "docs/runbooks/remove.md",
    "Remove an environment",
    "Remove an account's foundation",
)
KEPT = "What an account keeps"
OUTSIDE = {"DNS record", "service-linked role", "suppressed address"}  # of the emulator
STATE = Path("state/.pulumi/stacks/herald-foundation")
Record = Callable[[str, object], None]


@pytest.mark.timeout(1800)
def test_account_is_returned(aws: Account, tmp_path: Path, record_property: Record) -> None:
    others = list_account(aws.client)
    foundation = of_foundation(tmp_path / "foundation", aws, foundation_settings(aws), "foundation")
    record_property("seconds of the foundation", foundation.up())
    platform = of_foundation(tmp_path / "platform", aws, platform_settings(aws))
    shutil.copytree(foundation.folder / STATE, platform.folder / STATE)
    record_property("seconds of the platform", platform.up())

    platform.configure(settings(PAGE, REMOVE))
    up, destroy = commands(PAGE, REMOVE, "pulumi")
    platform.succeed(*up, "--yes")
    platform.destroy(*destroy)

    fill_bucket(aws, foundation)
    move_state(foundation)
    assert "it is protected" in foundation.refusal("destroy")
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    foundation.configure(settings(PAGE, RETURN, until=tomorrow))
    foundation.succeed("up", "--stack", "dev", "--yes")
    foundation.destroy()
    aws.client("logs").create_log_group(logGroupName="/aws/eks/herald-dev/cluster")  # by EKS
    deletion, *_ = [each for each in pages.inline_code(section(PAGE, RETURN)) if "aws logs" in each]
    run_aws(aws.client, deletion, "")

    left = {kind for kind, _ in list_account(aws.client) - others}
    assert left == {*rows(PAGE, REMOVE), *rows(PAGE, KEPT)} - OUTSIDE
    record_property("kinds that an account keeps", sorted(left))


def of_foundation(
    folder: Path, aws: Account, values: Settings, program: str = "platform"
) -> Environment:
    """Return a stack whose plugin of AWS also creates the types of a foundation."""
    made = Environment(folder, aws, "dev", values, program)
    made.write_program(plugin_path(folder / "home", "aws"), "aws", "foundation_types.py")
    return made


def foundation_settings(aws: Account) -> Settings:
    own = read_stack_file("dev", PROGRAMS["foundation"].folder)
    access = {key: value for key, value in first_settings("dev", aws).items() if is_access(key)}
    [endpoints] = access["aws:endpoints"]
    changes = {
        **access,
        "aws:endpoints": [{**endpoints, "s3": aws.url}],
        "aws:allowedAccountIds": None,  # the stand-in only reaches the emulator
        "herald-foundation:account": ACCOUNT,
        "herald-foundation:deletionProtection": "true",
    }
    return merged(own, changes)


def is_access(key: str) -> bool:
    return key.startswith("aws:") and key != "aws:defaultTags"


def platform_settings(aws: Account) -> Settings:
    return merged(
        first_settings("dev", aws),
        {
            "herald:access": None,
            "herald:database": {"rds": {"subnetIds": None, "securityGroupIds": None}},
            "herald:foundation": {"stack": "organization/herald-foundation/dev"},
            "herald:images": {"registry": REGISTRY, "repositories": {}},
        },
    )


def fill_bucket(aws: Account, foundation: Environment) -> None:
    """Write the state to the bucket twice, as updates do; this CLI has no backend for buckets."""
    bucket = foundation.succeed("stack", "output", "state_bucket", "--stack", "dev").strip()
    for _ in range(2):
        for file in (foundation.folder / STATE).iterdir():
            key = str(file.relative_to(foundation.folder / "state"))
            aws.client("s3").put_object(Bucket=bucket, Key=key, Body=file.read_bytes())


def move_state(foundation: Environment) -> None:
    """Run the commands of the page; the state of a rehearsal has a passphrase already."""
    [moving, *_] = pages.blocks(section(PAGE, RETURN), "sh")
    lines = [line.strip() for line in moving.splitlines() if "passphrase" not in line.lower()]
    login = f"pulumi login file://{foundation.folder}/state"
    script = "\n".join(["unset PULUMI_BACKEND_URL", login, *lines])
    done = foundation.run(["bash", "-euc", script], foundation.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    foundation.backend = f"file://{foundation.folder}/herald-state"
