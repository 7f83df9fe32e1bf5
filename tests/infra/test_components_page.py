"""The page of components tells of every one what its code says, and its example works."""

import dataclasses
import importlib
import json
import re
from pathlib import Path

import pulumi
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "components" / "README.md").read_text(encoding="utf-8")
MODULES = [
    importlib.import_module(f"infra.{file.stem}")
    for file in sorted((ROOT / "infra").glob("*.py"))
    if file.stem != "__init__"
]
COMPONENTS = {
    name: (module, value)
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, type)
    and issubclass(value, pulumi.ComponentResource)
    and value.__module__ == module.__name__
}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/1"


def section(name):
    found = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"docs/components/README.md has no section {name}"
    return found[1]


def test_no_section_is_of_a_component_that_is_gone():
    assert set(re.findall(r"^### (\w+)$", PAGE, re.MULTILINE)) == set(COMPONENTS)


@pytest.mark.parametrize("name", sorted(COMPONENTS))
def test_a_component_is_told_as_its_code_tells_it(name):
    module, component = COMPONENTS[name]
    text, promise = section(name), " ".join(component.__doc__.split())
    assert text.strip().startswith(f"`{module.__name__}`. {promise}\n")
    arguments = getattr(module, f"{name}Args", None)
    fields = {field.name for field in dataclasses.fields(arguments)} if arguments else set()
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == fields
    offered = {
        method
        for method in vars(component)
        if method == "panels" or (method.endswith("_statement"))
    }
    assert set(re.findall(r"`(\w+)\(\)`", text.partition("Gives ")[2])) == offered


@pytest.fixture
def example(deploy):
    """What another project gets from the example."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert "stacks" not in code
    program = compile(code, "docs/components/README.md", "exec")
    return deploy(
        lambda: exec(program, {}), project="shop", config={"shop:oidcProviderArn": PROVIDER}
    )


def test_the_example_makes_a_queue_that_hears_what_was_paid_for(example):
    subscription = example.one("aws:sns/topicSubscription:TopicSubscription", "invoices").inputs
    queue = "arn:aws:sqs:eu-central-1:123456789012:invoices-1a2b3c4"
    assert subscription["topic"] == "arn:aws:sns:eu-central-1:123456789012:orders-1a2b3c4"
    assert subscription["endpoint"] == queue
    assert json.loads(subscription["filterPolicy"]) == {"kind": ["paid"]}
    redrive = json.loads(example.one("aws:sqs/queue:Queue", "invoices").inputs["redrivePolicy"])
    assert redrive["maxReceiveCount"] == 3
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/invoices-1a2b3c4"
    assert example.exports == {"queue_url": url}


def test_the_example_grants_the_use_of_the_queue_and_no_more(example):
    policy = json.loads(example.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            ],
            "Resource": ["arn:aws:sqs:eu-central-1:123456789012:invoices-1a2b3c4"],
        }
    ]
