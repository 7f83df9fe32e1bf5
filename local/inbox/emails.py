"""Reads e-mails from the AWS emulator."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from local.inbox.messages import Message


class Email(BaseModel):
    """Describes a rendered e-mail to one or more recipients."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True
    )

    message_id: str
    sender: str = Field(alias="from")
    to: list[str] = Field(min_length=1)
    subject: str
    text: str = ""
    html: str | None = None
    headers: dict[str, str] = {}
    tags: dict[str, str] = {}

    def messages(self) -> Iterator[Message]:
        """Return the messages of all recipients."""
        data: dict[str, Any] = {
            "messageId": self.message_id,
            "from": self.sender,
            "headers": self.headers,
            "tags": self.tags,
        }
        for recipient in self.to:
            yield Message(
                channel="email",
                to=recipient,
                title=self.subject,
                body=self.text,
                html=self.html,
                data=data,
            )
