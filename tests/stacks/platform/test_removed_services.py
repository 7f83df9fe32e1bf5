"""The platform without the reminder services, as the guide describes it."""

import re
import textwrap
from collections import Counter

from stacks.config.project import ROOT
from stacks.config.services import find_services
from tests.stacks.program_copy import copy_program, run_program

GUIDE = ROOT / "docs" / "how-to" / "remove-the-reminder-services.md"


def test_platform_runs_without_reminder_services(tmp_path):
    copy_program(tmp_path, *find_services(), "scheduler.py", "mail.py")
    [program] = re.findall(r"( +```text\n.*?\n +```)", GUIDE.read_text(), re.DOTALL)
    code = "\n".join(textwrap.dedent(program).splitlines()[1:-1])
    (tmp_path / "stacks" / "platform" / "reminder_platform.py").write_text(code)
    stack_file = tmp_path / "Pulumi.prod.yaml"
    without = re.sub(r"  herald:services:\n(?:    .*\n)+", "", stack_file.read_text())
    assert without != stack_file.read_text()
    stack_file.write_text(without)
    resources, outputs = run_program(tmp_path)
    types = Counter(kind for kind, _ in resources)
    assert types["aws:sns/topic:Topic"] == 2  # events and alarms
    assert types["kubernetes:core/v1:Namespace"] == types["aws:kms/key:Key"] == 1
    for kind in ("kubernetes:apps/v1:Deployment", "aws:rds/instance:Instance"):
        assert types[kind] == 0
    assert {"topics", "queues", "tables", "urls", "images"} <= set(outputs)
