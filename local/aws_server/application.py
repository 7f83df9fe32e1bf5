"""moto's own server application, extended."""

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local.aws_server import memory, queues, ses_api, ses_event_destinations
from local.aws_server.emails import Inbox
from local.aws_server.postman import Postman


def aws_application(inbox: Inbox) -> DomainDispatcherApplication:
    memory.extend()
    queues.extend()
    ses_event_destinations.extend()
    ses_api.extend(Postman(inbox))
    return DomainDispatcherApplication(create_backend_app)
