import copy
import importlib
import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from platform_policies.catalogue import RULES
from platform_policies.resource import UNKNOWN, Resource
from platform_policies.resource_types import TYPES

from tests.review.policies.breaches.breach import ABSENT, Breach
from tests.review.policies.breaches.every import BREACHES
from tests.review.policies.sound_resources import SOUND, TAGS, admit, document

RULE = {rule.name: rule for rule in RULES}


def changed(properties: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(properties)
    for path, value in change.items():
        place: Any = result
        *steps, last = path.split(".") if not path.startswith("metadata.labels.") else [path]
        for step in steps:
            place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
        if value is ABSENT:
            del place[last]
        else:
            place[last] = value
    return result


def sound(kind: str, change: dict[str, Any] | None = None, name: str = "event") -> Resource:
    return Resource(type=kind, name=name, properties=changed(SOUND.get(kind, {}), change or {}))


def broken(breach: Breach) -> Resource:
    resource = sound(breach.type, breach.change, breach.name)
    return replace(resource, protect=breach.protect)


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: f"{breach.rule}: {breach.said}")
def test_violation_names_its_rule(breach: Breach):
    assert RULE[breach.rule].problems(broken(breach)) == [breach.said]


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_a_sound_resource_breaks_no_rule(kind: str):
    resource = sound(kind)
    assert {rule.name: rule.problems(resource) for rule in RULES} == {r.name: [] for r in RULES}


@pytest.mark.parametrize("name", sorted(RULE))
def test_rules_have_failing_and_sound_examples(name: str):
    assert name in {breach.rule for breach in BREACHES}
    judged = RULE[name].types or tuple(SOUND)
    assert name == "no-lasting-keys" or set(judged) & set(SOUND)


def test_rules_have_unique_names_and_reasons():
    assert len(RULE) == len(RULES)
    assert [rule.name for rule in RULES if not rule.reason.endswith(".")] == []


def test_rules_judge_types_of_the_table():
    assert {kind for rule in RULES for kind in rule.types} <= TYPES.keys()


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_unknown_values_are_judged_later(kind: str):
    unknown = dict.fromkeys(SOUND[kind], UNKNOWN)
    resource = Resource(type=kind, name="event", properties=unknown)
    assert [problem for rule in RULES for problem in rule.problems(resource)] == []


def test_known_violations_are_reported_despite_unknowns():
    bad = {**SOUND["kubernetes:core/v1:Pod"]["spec"]["containers"][0], "image": "nginx"}
    pod = sound("kubernetes:core/v1:Pod", {"spec.initContainers": [bad]})
    pod.properties["spec"]["containers"][0]["image"] = UNKNOWN
    told = RULE["pod-image-by-digest"].problems(pod)
    assert told == ["container service: image nginx has no digest"]


LASTING = ["table-deletion-protected", "database-deletion-protected", "data-protected"] + [
    "cluster-deletion-protected",
    "database-in-two-zones",
]


def problems_with(name: str, **tags: str) -> list[str]:
    """Of the first breach of a rule, with other tags."""
    breach = next(each for each in BREACHES if each.rule == name)
    changed_tags = {"tags": {**TAGS, **tags}}
    return RULE[name].problems(broken(replace(breach, change={**breach.change, **changed_tags})))


@pytest.mark.parametrize("environment", ["local", "development"])
@pytest.mark.parametrize("name", LASTING)
def test_disposable_environments_need_no_protection(name: str, environment: str):
    assert problems_with(name, environment=environment) == []


@pytest.mark.parametrize("name", LASTING)
def test_unlocked_resource_passes_until_its_day(name: str):
    today = datetime.now(UTC).date()
    assert problems_with(name, **{"unlocked-until": str(today)}) == []
    assert problems_with(name, **{"unlocked-until": str(today - timedelta(days=1))}) != []


@pytest.mark.parametrize("subject", ["*", "repo:acme/*", "repo:acme/herald:environment:pro?"])
def test_subject_with_wildcard_is_refused(subject: str):
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}}
    trust = document(admit({"Federated": "arn:issuer"}, Condition=condition))
    role = sound("aws:iam/role:Role", {"assumeRolePolicy": trust})
    assert RULE["role-taken-by-someone"].problems(role) == [
        "statement Admit lets every identity of arn:issuer assume the role"
    ]


def test_only_resourceless_actions_apply_to_all():
    statement = {"Effect": "Allow", "Action": ["kms:CreateKey", "ses:CreateTemplate"]}
    policy = {"policy": document({**statement, "Resource": "*"})}
    resource = sound("aws:iam/policy:Policy", policy)
    assert RULE["access-names-resources"].problems(resource) == []


def test_tags_that_the_provider_adds_count():
    topic = sound("aws:sns/topic:Topic", {"tags": ABSENT, "tagsAll": TAGS})
    assert RULE["tagged"].problems(topic) == []


def test_built_images_get_their_digest_later():
    own = {"spec.template.spec.containers.0.image": "registry.example.com/service:2"}
    resource = sound("kubernetes:apps/v1:Deployment", own)
    planned = Resource(
        type=resource.type,
        name=resource.name,
        properties=resource.properties,
        own_images={"registry.example.com/service:2"},
    )
    rule = RULE["pod-image-by-digest"]
    assert rule.problems(planned) == []
    assert rule.problems(resource) == [
        "container service: image registry.example.com/service:2 has no digest"
    ]


@pytest.mark.parametrize(
    ("operator", "values", "open_to_all"),
    [
        ("StringEquals", "111122223333", False),
        ("StringNotEquals", "111122223333", True),
        ("StringLike", "*", True),
    ],
)
def test_only_narrowing_conditions_restrict_everyone(operator: str, values: str, open_to_all: bool):
    condition = {operator: {"aws:SourceAccount": values}}
    policy = {"policy": document(admit("*", Condition=condition))}
    told = RULE["queue-not-public"].problems(sound("aws:sqs/queuePolicy:QueuePolicy", policy))
    assert bool(told) is open_to_all


def sdk_class(kind: str) -> Any:
    _, module, name = kind.split(":")
    module = {"lambda": "lambda_"}.get(module.split("/")[0], module.split("/")[0])
    return getattr(importlib.import_module(f"pulumi_aws.{module}"), name)


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind.startswith("aws:")])
def test_table_knows_types_with_tags(kind: str):
    parameters = inspect.signature(sdk_class(kind)._internal_init).parameters
    assert ("tags" in parameters) is TYPES[kind].get("tags", False)
