"""Each run of the program pays for what it imports, beyond the SDK that the language host holds."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys, time
import pulumi
start = time.process_time()
import stacks.outputs.exports, stacks.platform.reminder_platform, stacks.config.stack_file
seconds = time.process_time() - start
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
megabytes = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps({"modules": sorted(sys.modules), "seconds": seconds, "megabytes": megabytes}))
"""
HEAVY = ("boto3", "botocore", "rich", "typer", "httpx", "sqlalchemy", "fastapi", "moto")


@pytest.fixture(scope="module")
def imported():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


@pytest.mark.integration
def test_nothing_heavy_is_imported(imported):
    assert [name for name in imported["modules"] if name.split(".")[0] in HEAVY] == []


@pytest.mark.integration
def test_stacks_import_no_kubernetes_api_groups(imported):
    eager = [
        name
        for name in imported["modules"]
        if name.startswith(("pulumi_kubernetes", "pulumi_aws."))
        and name.endswith("._inputs")
        and name != "pulumi_aws._inputs"
    ]
    assert eager == []


@pytest.mark.integration
def test_program_import_is_cheap(imported):
    assert imported["seconds"] <= 0.6  # of the processor
    assert imported["megabytes"] <= 80  # the SDK's 60 among them
