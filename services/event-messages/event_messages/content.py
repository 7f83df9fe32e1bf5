"""Defines the content of a reminder, which every stage passes on unchanged.

A new member needs a default, and limits if it is a text. With `exclude_if`, events leave it out
while it has its default.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field

from event_messages.shape import Shape

Channel = Literal["push", "email"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
NotifyType = Annotated[Channel, Field(alias="notifyType")]  # the name that reminders use


class WrittenContent(Shape):
    """Defines the members that users write.

    The API also limits the message and the address. Other producers may send longer ones.
    """

    channel: Channel = "push"
    message: str
    url: str | None = None
    urgent: bool = False


class Content(WrittenContent):
    """Adds the e-mail address of the user, which the identity of the caller contains."""

    email: str | None = None

    @property
    def content(self) -> "Content":
        """Return the content alone, without the other members of an event."""
        return Content(**{name: getattr(self, name) for name in Content.model_fields})
