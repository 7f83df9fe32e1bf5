"""Creates the parts of an environment, and registers them by name."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import pulumi
from herald_infra.dashboard import Dashboard, DashboardArgs, Panel
from herald_infra.postgres_connection import ExistingServer
from herald_infra.postgres_server import PostgresServer
from herald_infra.restored_data import PointInTime
from herald_infra.subscribed_queue import Feed, SubscribedQueue, SubscribedQueueArgs
from herald_infra.table import Table, TableArgs
from herald_infra.topic import Topic, TopicArgs
from pulumi import Input, ResourceOptions

from stacks.config.restore import restorable_time
from stacks.config.services import MAX_NAME, ServiceError, expect_name
from stacks.config.stack import StackConfig
from stacks.platform.existing_resources import read_existing_resources
from stacks.platform.messaging import alarm_topic, encryption_key
from stacks.platform.storage import database_server
from stacks.protection import bound_roles, protect_data


class PartError(pulumi.RunError):
    """Reports a part that cannot be created; the message gives the remedy."""


class Platform:
    """Creates topics, queues and tables with the key, alarms and locks of the environment.

    Outputs, dashboard and commands derive their lists from these parts.
    """

    def __init__(self, config: StackConfig) -> None:
        self.lock = protect_data(config)
        self.config = config
        self.existing = read_existing_resources(config)
        bound_roles(self.existing.permissions_boundary_arn)
        self.key = encryption_key(config)
        self.alarms = alarm_topic(config, self.key)
        self.topics: dict[str, Topic] = {}
        self.queues: dict[str, SubscribedQueue] = {}
        self.tables: dict[str, Table] = {}
        self.rows: list[Panel] = []  # of the dashboard: one per queue, with its topic
        self.panels: list[Panel] = []  # of other parts

    def topic(self, name: str, *, publishers: Sequence[str] = ()) -> Topic:
        """Create a topic; `publishers` are AWS services, for example "ses.amazonaws.com"."""
        expect_new("topic", name, self.topics)
        self.topics[name] = Topic(
            self.full_name(name),
            TopicArgs(
                kms_key_arn=self.key.arn, publishers=publishers, alarm_topic_arn=self.alarms.arn
            ),
        )
        return self.topics[name]

    def queue(
        self,
        name: str,
        hears: Topic,
        *,
        only: Mapping[str, Sequence[Any]] | None = None,
        also: Mapping[str, Feed] | None = None,
        least_receives: int = 1,
    ) -> SubscribedQueue:
        """Create the queue of one consumer, with a dead-letter queue.

        `only` filters messages of the topic by attributes. A message is received
        `herald:messaging.maxReceives` times, but at least `least_receives` times.
        """
        expect_new("queue", name, self.queues)
        messaging = self.config.messaging
        self.queues[name] = SubscribedQueue(
            self.full_name(name),
            SubscribedQueueArgs(
                topic_arn=hears.arn,
                filter_policy=only,
                also=also or {},
                visibility_timeout=messaging.visibility_timeout,
                max_receives=max(messaging.max_receives, least_receives),
                max_age=messaging.max_age,
                kms_key_arn=self.key.arn,
                alarm_topic_arn=self.alarms.arn,
            ),
        )
        self.rows += [*self.queues[name].panels(), *hears.panels()]
        return self.queues[name]

    def table(
        self,
        name: str,
        hash_key: str,
        range_key: str | None = None,
        *,
        indexed: Sequence[str] = (),
        number_keys: Sequence[str] = (),
        expires: str | None = None,
        opts: ResourceOptions | None = None,
    ) -> Table:
        """Make a DynamoDB table; infra/herald_infra/table.py explains the arguments.

        After a restore, return the restored table. The replaced table stays until it is removed.
        """
        expect_new("table", name, self.tables)

        def make(made: str, restored: PointInTime | None = None) -> Table:
            return Table(
                self.full_name(made),
                TableArgs(
                    hash_key=hash_key,
                    range_key=range_key,
                    indexed=indexed,
                    number_keys=number_keys,
                    expires=expires,
                    deletion_protection=self.config.protects(made),
                    kms_key_arn=self.key.arn,
                    restored=restored,
                ),
                opts,
            )

        self.tables[name] = self.current_table(name, make)
        self.panels += self.tables[name].panels()
        return self.tables[name]

    def current_table(self, name: str, make: Callable[..., Table]) -> Table:
        restore = self.config.restored_tables.get(name)
        if restore is None:
            return make(name)
        # No table has the full name without a suffix, so AWS rejects a target without its source.
        source: Input[str] = self.full_name(restore.source)
        if restore.keep_source:
            source = make(restore.source).name
        return make(restore.target, PointInTime(source=source, time=restorable_time(restore.at)))

    @cached_property
    def database_server(self) -> ExistingServer | PostgresServer:
        """Return the existing server, or create one on RDS for the first database."""
        server = database_server(self.config, self.existing, self.key, self.alarms)
        self.panels += server.panels()
        return server

    def full_name(self, name: str) -> str:
        return f"{self.config.prefix}{name}"

    def outputs(self) -> dict[str, Any]:
        return {
            "alarm_topic_arn": self.alarms.arn,
            "topics": {name: topic.arn for name, topic in self.topics.items()},
            "queues": {
                name: {"url": queue.url, "dead_letters_url": queue.dead_letters_url}
                for name, queue in self.queues.items()
            },
            "tables": {name: table.name for name, table in self.tables.items()},
        }

    def finish(self) -> None:
        """Create the dashboard after all parts exist."""
        self.lock.expect_unlocked_exists()
        for name in self.config.restored_tables.keys() - self.tables.keys():
            made = ", ".join(self.tables)
            raise PartError(f"herald:restoredTables names {name!r}; expected one of {made}.")
        Dashboard(
            self.full_name("platform"),
            DashboardArgs(region=self.config.region, panels=[*self.rows, *self.panels]),
        )


def expect_new(kind: str, name: str, made: Collection[str], longest: int = MAX_NAME) -> None:
    """Reject a name that AWS rejects, or that another part of this kind has."""
    try:
        expect_name(kind, name, longest)
    except ServiceError as error:
        raise PartError(str(error)) from None
    if name in made:
        raise PartError(f"The program creates two {kind}s named {name!r}; rename one of them.")
