"""What a run of the program imports before it makes its first resource, and what that costs."""

import subprocess
import sys

import pytest

MEGABYTES = 80  # of the whole process
PROGRAM = """
import pathlib, re, sys, time
import pulumi
before, began = set(sys.modules), time.process_time()
import stacks.outputs.exports, stacks.platform.reminder_platform, stacks.config.stack_file
took = time.process_time() - began
status = pathlib.Path("/proc/self/status").read_text()
peak = int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024
eager = sorted({name.split(".")[0] for name in set(sys.modules) - before})
lazy = ("boto3", "botocore", "pulumi_docker_build", "pulumi_kubernetes", "pydantic_settings")
print(f"{took:.2f} s beyond Pulumi's own SDK, {peak:.0f} MB;", "eagerly:", *eager)
print("too early:", *(name for name in lazy if name in sys.modules))
print(peak)
"""


@pytest.mark.integration
def test_the_program_imports_little_and_soon():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    told, early, peak = run.stdout.splitlines()
    print(told)
    assert early == "too early:"
    assert float(peak) < MEGABYTES, told
