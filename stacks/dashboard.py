"""What an operator looks at first."""

from collections.abc import Sequence

from infra.dashboard import Dashboard, DashboardArgs, Panel
from stacks.config import StackConfig
from stacks.messaging import Channel


def dashboard(config: StackConfig, channels: Sequence[Channel], more: Sequence[Panel]) -> None:
    """Messages on their way first, one row a channel, then what stores and moves them."""
    on_their_way = [
        panel for each in channels for panel in [*each.queue.panels(), *each.topic.panels()]
    ]
    Dashboard(
        f"{config.prefix}platform",
        DashboardArgs(region=config.region, panels=[*on_their_way, *more]),
    )
