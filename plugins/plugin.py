"""Implements the operations of the engine on plain values; `servicer.py` adds gRPC."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from plugins import validation
from plugins.comparison import Kind, differences, is_empty, same
from plugins.errors import ProviderError, Vanished
from plugins.naming import Proposal, physical_name
from plugins.resource import Resource
from plugins.sdk import ResourceSchema, resource_schema
from plugins.validation import Problem
from plugins.values import UNKNOWN, Properties

_DEFAULTS = "__defaults"  # names of inputs that the program did not set


class CreatedIncompletely(ProviderError):
    """Reports that a step after the creation of a resource failed."""

    def __init__(self, resource_id: str, state: Properties, reason: str) -> None:
        super().__init__(reason)
        self.resource_id, self.state = resource_id, state
        self.secrets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Changes:
    """Describes an update: kinds of changes by path, and properties that force a replacement."""

    paths: Mapping[str, Kind] = field(default_factory=dict)
    properties: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    delete_first: bool = False


class Package(Protocol):
    """Describes the resource types, functions and settings of one provider."""

    name: str
    sdk: str  # package of the SDK, which declares the properties
    functions: Mapping[str, Callable[[Properties], Properties]]

    def setting_problems(self, settings: Mapping[str, Any]) -> list[Problem]: ...
    def configure(self, settings: Mapping[str, Any]) -> None: ...
    def resource_type(self, token: str) -> type[Resource[Any]]: ...
    def resource(self, token: str, properties: Mapping[str, Any]) -> Resource[Any]: ...


@dataclass(frozen=True)
class ResourcePlugin:
    package: Package

    def schema(self, token: str) -> ResourceSchema:
        resource = self.package.resource_type(token)
        if not resource.declared:
            return ResourceSchema(self.package.sdk, token, Path(), {}, {}, frozenset())
        return resource_schema(self.package.sdk, token)

    def check(
        self,
        token: str,
        name: str,
        olds: Properties,
        news: Properties,
        seed: bytes,
        proposal: Proposal,
    ) -> tuple[Properties, list[Problem]]:
        """Return the inputs with defaults and a name, and their problems."""
        resource = self.package.resource(token, news)
        news = {key: value for key, value in news.items() if not key.startswith("__")}
        inputs = {**resource.defaults, **news}
        problems = list(validation.problems(type(resource), self.schema(token), news))
        rule = resource.auto_name
        if rule and not resource.is_named(inputs):
            if proposal.mode == "disable":
                reason = (
                    f"{token} needs a name because auto-naming is disabled; set {rule.property}"
                )
                problems.append(Problem(rule.property, reason))
            else:
                made = resource.proposed_name(olds, olds.get(_DEFAULTS, ()))
                made = made or physical_name(rule, name, inputs, seed, proposal)
                inputs = resource.with_name(inputs, made)
        defaults = sorted(key for key in inputs if key not in news)
        inputs = resource.prepare(inputs)
        if not problems:
            problems = [Problem(*pair) for pair in resource.problems(inputs)]
        return {**inputs, _DEFAULTS: defaults}, problems

    def diff(
        self, token: str, olds: Properties, news: Properties, ignored: Collection[str] = ()
    ) -> Changes:
        """Compare the state with new inputs; omitted computed inputs do not change."""
        resource = self.package.resource_type(token)
        paths: dict[str, Kind] = {}
        properties = set()
        for name in sorted(self.schema(token).inputs):
            if name in ignored or (name not in news and self._keeps_value(resource, name)):
                continue
            changes = dict(differences(name, olds.get(name), news.get(name), resource.form(name)))
            if changes:
                paths |= changes
                properties.add(name)
        replaces = properties & resource.replaced_by
        kept_name = resource.auto_name is not None and resource.keeps_name(olds, news)
        return Changes(
            paths, frozenset(properties), frozenset(replaces), bool(replaces) and kept_name
        )

    def create(self, token: str, inputs: Properties, preview: bool) -> tuple[str, Properties]:
        inputs = _strip_marks(inputs)
        if preview:
            return "", self._plan_creation(token, inputs)
        resource = self.package.resource(token, inputs)
        resource_id = resource.create(inputs)
        try:
            resource.complete(resource_id, inputs)
            state = self._state(resource, resource_id, inputs, inputs)
        except ProviderError as error:
            raise CreatedIncompletely(resource_id, inputs, str(error)) from error
        if state is None:
            raise Vanished(token, resource_id)
        return resource_id, state

    def read(
        self, token: str, resource_id: str, inputs: Properties, state: Properties
    ) -> tuple[Properties, Properties] | None:
        """Return the current inputs and state of the resource, or None if it is missing."""
        resource = self.package.resource(token, state)
        known = {**_strip_marks(inputs)}
        current = self._state(resource, resource_id, known, state)
        if current is None:
            return None
        if not known:
            return self._inputs_of_import(type(resource), current), current
        live = {key: current[key] for key in known if current.get(key) is not None}
        return {**live, _DEFAULTS: inputs.get(_DEFAULTS, [])}, current

    def update(
        self,
        token: str,
        resource_id: str,
        olds: Properties,
        news: Properties,
        preview: bool,
        ignored: Collection[str] = (),
    ) -> Properties:
        inputs = _strip_marks(news)
        if preview:
            return {**self._keep_outputs(token, olds, inputs), **inputs}
        resource = self.package.resource(token, {**olds, **inputs})
        changed = self.diff(token, olds, inputs, ignored).properties
        resource.update(resource_id, olds, inputs, changed)
        state = self._state(resource, resource_id, inputs, olds)
        if state is None:
            raise Vanished(token, resource_id)
        return state

    def delete(self, token: str, resource_id: str, state: Properties) -> None:
        self.package.resource(token, state).delete(resource_id, state)

    def secret_inputs(self, token: str) -> frozenset[str]:
        return self.package.resource_type(token).secret_inputs

    def secrets(self, token: str) -> frozenset[str]:
        return self.schema(token).secrets | self.package.resource_type(token).secret

    def _state(
        self, resource: Resource[Any], resource_id: str, inputs: Properties, prior: Properties
    ) -> Properties | None:
        live = resource.read(resource_id, prior)
        if live is None:
            return None
        state = {name: value for name, value in live.items() if value is not None}
        for name, value in {**prior, **inputs}.items():
            if name in resource.unreadable and name not in state:
                state[name] = value
        for name, value in inputs.items():
            if same(state.get(name), value, resource.form(name)):
                filled = resource.form(name) == "partial" and isinstance(state.get(name), dict)
                state[name] = {**state[name], **value} if filled else value
        return state

    def _plan_creation(self, token: str, inputs: Properties) -> Properties:
        resource = self.package.resource_type(token)
        computed = [*self.schema(token).computed_only, *resource.computed]
        return {**{name: UNKNOWN for name in computed}, **inputs}

    def _keep_outputs(self, token: str, olds: Properties, inputs: Properties) -> Properties:
        resource = self.package.resource_type(token)
        dropped = {
            name
            for name in self.schema(token).inputs
            if name not in inputs and not self._keeps_value(resource, name)
        }
        return {name: value for name, value in olds.items() if name not in dropped}

    @staticmethod
    def _keeps_value(resource: type[Resource[Any]], name: str) -> bool:
        """Return True if an input keeps its value when the program omits it."""
        rule = resource.auto_name
        is_name = rule is not None and name in (rule.property, f"{rule.property}Prefix")
        return is_name or name in resource.computed or name not in resource.served

    @staticmethod
    def _inputs_of_import(resource: type[Resource[Any]], state: Properties) -> Properties:
        inputs = {
            name: value
            for name, value in state.items()
            if name in resource.served and name not in resource.computed and not is_empty(value)
        }
        return {**inputs, _DEFAULTS: []}


def _strip_marks(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if not key.startswith("__")}
