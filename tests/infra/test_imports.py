"""A program pays for the SDK modules that it uses, not for those it could use."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import herald_infra.email_sender, herald_infra.email_template, herald_infra.encryption_key
import herald_infra.table, herald_infra.postgres_server, herald_infra.scheduled_function
import herald_infra.service_role, herald_infra.dashboard, herald_infra.image_repository
import herald_infra.subscribed_queue, herald_infra.topic
services = {name.split(".")[1] for name in sys.modules
            if name.startswith("pulumi_aws.") and name.endswith("._inputs") and name.count(".") > 1}
print(sorted(services))
"""


@pytest.mark.integration
def test_components_import_no_aws_service_module():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
