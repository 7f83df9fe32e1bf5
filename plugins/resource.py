"""Defines the base class of resource types for `ResourcePlugin`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from plugins.comparison import Form
from plugins.values import Properties, has_unknown

Account = TypeVar("Account")


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """Describes how a physical name is formed: `<logical name>-<hex digits>`."""

    property: str = "name"
    maximum: int = 255
    digits: int = 7
    lower_case: bool = False
    leading: str = ""
    fifo_property: str | None = None  # if true, the name ends in `.fifo`

    def suffix(self, inputs: Mapping[str, Any]) -> str:
        return ".fifo" if self.fifo_property and inputs.get(self.fifo_property) is True else ""


class Resource(Generic[Account]):
    """Defines a resource type by its declarations and operations."""

    declared: ClassVar[bool] = True  # by the SDK; False for custom resources of Kubernetes
    served: ClassVar[frozenset[str]]  # supported inputs of the SDK
    replaced_by: ClassVar[frozenset[str]] = frozenset()
    defaults: ClassVar[Mapping[str, Any]] = {}
    computed: ClassVar[frozenset[str]] = frozenset()  # inputs that the service sets if omitted
    # Inputs that the service does not report; the state keeps the values of the program.
    unreadable: ClassVar[frozenset[str]] = frozenset()
    forms: ClassVar[Mapping[str, Form]] = {}
    secret: ClassVar[frozenset[str]] = frozenset()
    # Inputs that are secret even if the program passes plain values.
    secret_inputs: ClassVar[frozenset[str]] = frozenset()
    auto_name: ClassVar[AutoName | None] = None
    conflicts: ClassVar[tuple[frozenset[str], ...]] = ()

    def __init__(self, account: Account) -> None:
        self.account = account

    def create(self, inputs: Properties) -> str:
        """Create the resource and return its id."""
        raise NotImplementedError

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Run steps after the creation; after a failure, the resource counts as incomplete."""

    def read(self, resource_id: str, state: Properties) -> Properties | None:
        """Return the actual state with the SDK's property names, or None if it is missing."""
        raise NotImplementedError

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        """Change the `changed` properties to `inputs`."""

    def delete(self, resource_id: str, state: Properties) -> None:
        raise NotImplementedError

    @classmethod
    def is_named(cls, inputs: Properties) -> bool:
        """Return True if the program sets the physical name, or the type has none."""
        rule = cls.auto_name
        return rule is None or rule.property in inputs or f"{rule.property}Prefix" in inputs

    @classmethod
    def with_name(cls, inputs: Properties, name: str) -> Properties:
        rule = cls.auto_name
        return inputs if rule is None else {**inputs, rule.property: name}

    @classmethod
    def proposed_name(cls, olds: Properties, defaults: Collection[str]) -> str | None:
        """Return the name that an earlier check made, or None."""
        rule = cls.auto_name
        return olds.get(rule.property) if rule and rule.property in defaults else None

    @classmethod
    def keeps_name(cls, olds: Properties, news: Properties) -> bool:
        """Return True if a replacement has the name of the resource that it replaces."""
        rule = cls.auto_name
        old, new = (each.get(rule.property) if rule else None for each in (olds, news))
        return not has_unknown(new) and old is not None and old == new

    def prepare(self, inputs: Properties) -> Properties:
        """Return the inputs to store, with default values."""
        return inputs

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return pairs of property and sentence for problems that only this type can detect."""
        return []

    @classmethod
    def form(cls, name: str) -> Form:
        return cls.forms.get(name, "plain")
