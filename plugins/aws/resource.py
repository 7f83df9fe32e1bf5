"""Defines the base class of the AWS types: region, tags and calls."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from plugins.aws.account import Account
from plugins.naming import prefixed_name
from plugins.resource import Resource
from plugins.values import UNKNOWN, Properties

Tags = dict[str, str]


class AwsResource(Resource[Account]):
    service: ClassVar[str]
    missing: ClassVar[frozenset[str]] = frozenset()  # AWS codes for a missing resource
    regional: ClassVar[bool] = True
    named_by: ClassVar[str | None] = None  # input that is also the id

    def __init_subclass__(cls) -> None:
        if cls.regional:
            cls.served |= {"region"}
            cls.computed |= {"region"}
            cls.replaced_by |= {"region"}

    def __init__(self, account: Account, region: str | None = None) -> None:
        super().__init__(account)
        self.region = region or account.settings.region

    def read(self, resource_id: str, state: Properties) -> Properties | None:
        found = self.find_outputs(resource_id, state)
        if found is None:
            return None
        return {"region": self.region, **found} if self.regional else found

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        """Return the properties without the region, or None if the resource is missing."""
        raise NotImplementedError

    def find_created(self, inputs: Properties) -> str | None:
        """Return the id of the resource that an interrupted creation with these inputs left.

        Return None if the next creation overwrites that resource.
        """
        return str(inputs[self.named_by]) if self.named_by in inputs else None

    def call(self, operation: str, service: str | None = None, **request: Any) -> Any:
        return self.account.call(service or self.service, operation, self.region, **request)

    def find(self, operation: str, service: str | None = None, **request: Any) -> Any:
        """Call an operation; return None if the resource is missing."""
        service = service or self.service
        return self.account.find(self.missing, service, operation, region=self.region, **request)

    def prepare(self, inputs: Properties) -> Properties:
        """Add the default tags of the provider to the tags of the resource."""
        defaults = self.account.settings.default_tags
        tags = inputs.get("tags", {})
        if "tags" not in self.served or not defaults or tags is UNKNOWN:
            return inputs
        return {**inputs, "tags": {**defaults, **tags}}

    def physical_name(self, inputs: Mapping[str, Any]) -> str:
        """Return the name of the program or of `check`, or complete the prefix of the program."""
        rule = self.auto_name
        assert rule is not None
        if rule.property in inputs:
            return str(inputs[rule.property])
        return prefixed_name(str(inputs[f"{rule.property}Prefix"]), rule.suffix(inputs))

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account.number()}:{resource}"


def tag_outputs(tags: Mapping[str, str]) -> Properties:
    """Return the outputs `tags` and `tagsAll`."""
    return {"tags": dict(tags), "tagsAll": dict(tags)}


def tag_list(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[Tags]:
    return [{key: name, value: text} for name, text in sorted(tags.items())]


def tag_map(tags: list[Tags], key: str = "Key", value: str = "Value") -> Tags:
    """Return the tags of the program, without the tags that AWS sets."""
    return {tag[key]: tag[value] for tag in tags if not tag[key].startswith("aws:")}


def change_tags(
    state: Properties,
    inputs: Properties,
    put: Callable[[Tags], Any],
    remove: Callable[[list[str]], Any],
) -> None:
    """Replace the old tags by the new ones with at most two calls."""
    old, new = state.get("tags") or {}, inputs.get("tags") or {}
    gone = sorted({*old} - {*new})
    added = {name: text for name, text in new.items() if old.get(name) != text}
    if gone:
        remove(gone)
    if added:
        put(added)


def only(properties: Mapping[str, Any], names: Collection[str]) -> Properties:
    return {name: properties[name] for name in names if properties.get(name) is not None}
