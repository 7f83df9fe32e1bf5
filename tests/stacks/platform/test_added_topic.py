"""The platform with a topic and a queue of your own, as the guide adds them."""

import textwrap

from tests.docs import pages
from tests.stacks.program_copy import copy_program, run_program

PLACE = "    cluster = Cluster(platform)\n"


def test_added_topic_has_a_queue(tmp_path):
    copy_program(tmp_path)
    [added] = pages.blocks(pages.TEXTS["docs/how-to/add-a-topic.md"], "text")
    program = tmp_path / "stacks" / "platform" / "reminder_platform.py"
    before, place, after = program.read_text().partition(PLACE)
    lines = textwrap.indent(textwrap.dedent(added), "    ")
    program.write_text(before + lines + place + after)
    resources, _ = run_program(tmp_path)
    invoice = {kind for kind, name in resources if name.startswith("prod-invoice")}
    assert {
        "aws:sns/topic:Topic",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queue:Queue",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
    } <= invoice
