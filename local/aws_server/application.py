"""Extends the server application of moto."""

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.aws_server import (
    memory,
    queues,
    rds_instances,
    ses_account,
    ses_api,
    ses_event_destinations,
    table_history,
    topics,
)
from local.aws_server.emails import Inbox
from local.aws_server.postman import Postman
from local.aws_server.rds_servers import Servers


def aws_application(inbox: Inbox, servers: Servers | None = None) -> DomainDispatcherApplication:
    memory.extend()
    rds_instances.extend(servers)
    table_history.extend()
    queues.extend()
    topics.extend()
    ses_event_destinations.extend()
    ses_api.extend(Postman(inbox))
    ses_account.extend()
    return DomainDispatcherApplication(create_backend_app)
