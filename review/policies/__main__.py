"""Registers the rules with Pulumi's engine, which applies them before each change."""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_policies.catalogue import RULES
from platform_policies.resource import UNKNOWN, Resource
from platform_policies.rule import Rule
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError


def plain(place: Any) -> Any:
    """Return plain maps and lists, in which unknown values are marked."""
    if isinstance(place, Mapping):
        return {key: entry(place, key) for key in place}
    if isinstance(place, Sequence) and not isinstance(place, str):
        return [entry(place, index) for index in range(len(place))]
    return place


def entry(place: Any, key: Any) -> Any:
    try:
        return plain(place[key])
    except UnknownValueError:
        return UNKNOWN


IMAGE = "docker-build:index:Image"


class OwnImages(set[str]):
    """Collects the tags of images that the stack builds; a preview knows no digest of these."""

    def watch(self, resource: Resource) -> None:
        if resource.type == IMAGE:
            self.update(tag for tag in resource.at("tags") or [] if isinstance(tag, str))


def policy(rule: Rule, own_images: OwnImages) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if not rule.applies_to(args.resource_type):
            return
        resource = Resource(
            type=args.resource_type,
            name=args.name,
            properties=plain(args.props),
            own_images=own_images,
            protect=bool(args.opts.protect),
        )
        own_images.watch(resource)
        for problem in rule.problems(resource):
            report(problem, None)

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.reason,
        enforcement_level=EnforcementLevel(rule.level),
        validate=validate,
    )


OWN_IMAGES = OwnImages()
PolicyPack("platform", policies=[policy(rule, OWN_IMAGES) for rule in RULES])
