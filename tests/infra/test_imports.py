"""A program pays for the SDK modules that it uses, not for those it could use."""

import subprocess
import sys

PROGRAM = """
import sys
import infra.email_sender, infra.email_template, infra.encryption_key, infra.event_table
import infra.postgres_server, infra.scheduled_function, infra.service_role
import infra.dashboard, infra.image_repository, infra.subscribed_queue, infra.topic
services = {name.split(".")[1] for name in sys.modules
            if name.startswith("pulumi_aws.") and name.endswith("._inputs") and name.count(".") > 1}
print(sorted(services))
"""


def test_importing_components_loads_no_module_of_an_aws_service():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
