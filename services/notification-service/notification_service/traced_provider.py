"""Adds a span to the message's trace for each call of a provider."""

from typing import Generic

from opentelemetry.trace import SpanKind
from service_runtime.traces import Work, span

from notification_service.circuit_breaker import Item, Provider


class Traced(Generic[Item]):
    """Traces the calls of a provider; spans contain neither token nor address."""

    def __init__(self, provider: Provider[Item], work: Work) -> None:
        self._provider, self._work = provider, work

    def send(self, item: Item) -> str:
        with span(self._work):
            return self._provider.send(item)


FCM = Work("FCM send", SpanKind.CLIENT, {"http.request.method": "POST", "server.address": "FCM"})
SES = Work(
    "SESv2/SendEmail", SpanKind.CLIENT, {"rpc.system": "aws-api", "rpc.method": "SESv2/SendEmail"}
)
SMTP = Work("SMTP send", SpanKind.CLIENT, {"network.protocol.name": "smtp"})
