"""What a resource type declares; everything else about it is done by `ResourcePlugin`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from local.providers.comparison import Form
from local.providers.values import Properties

Account = TypeVar("Account")


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """How a physical name is made from the logical one: `<logical>-<7 hex digits>`."""

    property: str = "name"
    maximum: int = 255
    lower_case: bool = False
    leading: str = ""
    fifo_property: str | None = None  # when true, the name ends in `.fifo`

    def suffix(self, inputs: Mapping[str, Any]) -> str:
        return ".fifo" if self.fifo_property and inputs.get(self.fifo_property) is True else ""


class Resource(Generic[Account]):
    """One type of resource. `read` tells what exists, never what was asked for."""

    served: ClassVar[frozenset[str]]  # the inputs of the SDK that are understood here
    replaced_by: ClassVar[frozenset[str]] = frozenset()
    defaults: ClassVar[Mapping[str, Any]] = {}
    computed: ClassVar[frozenset[str]] = frozenset()  # inputs the service fills when left out
    unreadable: ClassVar[frozenset[str]] = frozenset()  # kept as given: the service never tells
    forms: ClassVar[Mapping[str, Form]] = {}
    secret: ClassVar[frozenset[str]] = frozenset()
    auto_name: ClassVar[AutoName | None] = None
    conflicts: ClassVar[tuple[frozenset[str], ...]] = ()

    def __init__(self, account: Account) -> None:
        self.account = account

    def create(self, inputs: Properties) -> str:
        """Make it and return its id."""
        raise NotImplementedError

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Steps after creation; when one fails, the resource is remembered as incomplete."""

    def read(self, resource_id: str, state: Properties) -> Properties | None:
        """All that the service tells about it, in the SDK's terms; None when it is gone."""
        raise NotImplementedError

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        """Bring `changed` properties to `inputs`."""

    def delete(self, resource_id: str, state: Properties) -> None:
        raise NotImplementedError

    def prepared(self, inputs: Properties) -> Properties:
        """The inputs as they are stored, after defaults."""
        return inputs

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        """Pairs of property and sentence for what only this type can judge."""
        return []

    @classmethod
    def form(cls, name: str) -> Form:
        return cls.forms.get(name, "plain")
