"""Extends the server application of moto."""

from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.aws_server import (
    authorization,
    buckets,
    deliveries,
    image_tags,
    memory,
    policy_simulation,
    queues,
    quotas,
    rds_instances,
    ses_account,
    ses_api,
    ses_event_destinations,
    ses_feedback,
    sessions,
    table_history,
    topics,
    web_identities,
)
from local.aws_server.emails import Inbox
from local.aws_server.postman import Postman
from local.aws_server.rds_servers import Servers
from local.aws_server.used_permissions import USED


def aws_application(
    inbox: Inbox, servers: Servers | None = None, issuer: Path | None = None
) -> Any:
    authorization.extend()
    buckets.extend()
    deliveries.extend()
    image_tags.extend()
    sessions.extend()
    web_identities.extend(web_identities.Issuer(issuer))
    memory.extend()
    policy_simulation.extend()
    quotas.extend()
    rds_instances.extend(servers)
    table_history.extend()
    queues.extend()
    topics.extend()
    ses_event_destinations.extend()
    ses_api.extend(Postman(inbox))
    ses_account.extend()
    ses_feedback.extend()
    return USED.application(DomainDispatcherApplication(create_backend_app))
