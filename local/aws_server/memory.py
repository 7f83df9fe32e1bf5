"""Limits the messages that moto remembers."""

from collections import deque
from typing import Any

from moto.ses.models import SESBackend
from moto.sns.models import Topic

from local.aws_server.replacement import replace_method

REMEMBERED = 1_000  # messages per topic or SES region

create_topic = Topic.__init__
create_ses = SESBackend.__init__


def extend() -> None:
    # moto keeps every message that a topic or SES accepted.
    replace_method(Topic, "__init__", bounded_topic)
    replace_method(SESBackend, "__init__", bounded_ses)


def bounded_topic(topic: Topic, *args: Any, **kwargs: Any) -> None:
    create_topic(topic, *args, **kwargs)
    vars(topic)["sent_notifications"] = deque(maxlen=REMEMBERED)


def bounded_ses(backend: SESBackend, *args: Any, **kwargs: Any) -> None:
    create_ses(backend, *args, **kwargs)
    vars(backend)["sent_messages"] = deque(maxlen=REMEMBERED)
