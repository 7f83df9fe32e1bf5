"""Computes the monthly cost of planned resources."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from review.preview.plan import PlannedResource
from review.preview.prices import Prices, Usage
from review.preview.rates import FREE, RATES, NoPrice, Part

# Nodes and repositories have their own prices; pods and images add none.
FREE_PACKAGES = ("docker-build", "kubernetes", "pulumi", "random")


@dataclass(frozen=True)
class Cost:
    name: str
    type: str
    parts: tuple[Part, ...]

    @property
    def monthly(self) -> Decimal:
        return sum((part.monthly for part in self.parts), Decimal(0))


@dataclass(frozen=True)
class Bill:
    costs: tuple[Cost, ...]
    unpriced: tuple[str, ...]  # resources without a price, and the reason

    @property
    def monthly(self) -> Decimal:
        return sum((cost.monthly for cost in self.costs), Decimal(0))


def bill(resources: Sequence[PlannedResource], prices: Prices, usage: Usage) -> Bill:
    costs: list[Cost] = []
    unpriced: list[str] = []
    for each in resources:
        if is_free(each.type):
            continue
        try:
            costs.append(cost(each, prices, usage))
        except NoPrice as missing:
            unpriced.append(f"{each.name}: no price known for {missing}")
    costs.sort(key=lambda each: (-each.monthly, each.name))
    return Bill(tuple(costs), tuple(unpriced))


def is_free(type_: str) -> bool:
    """Return True for types that cost nothing; Kubernetes objects cost what they create in AWS."""
    return type_ in FREE or (type_.partition(":")[0] in FREE_PACKAGES and type_ not in RATES)


def cost(resource: PlannedResource, prices: Prices, usage: Usage) -> Cost:
    if (rates := RATES.get(resource.type)) is None:
        raise NoPrice(resource.type)
    return Cost(resource.name, resource.type, tuple(rates(resource.inputs, prices, usage)))


def source_line(prices: Prices) -> str:
    if prices.checked:
        return f"Compared with {prices.source}."
    return (
        "An estimate: the prices were entered manually and not compared with AWS's list; "
        f"`make prices REGIONS={prices.region}` replaces them. "
        f"Check before you rely on it: {prices.source}."
    )


def assumptions(prices: Prices, usage: Usage) -> list[str]:
    return [
        f"Prices of {prices.as_of.isoformat()} in {prices.currency} for {prices.region}, "
        "before taxes, discounts and free tiers.",
        source_line(prices),
        f"{usage.reminders:,} changes of reminders and {usage.notifications:,} notifications "
        f"a month, {usage.email_share:.0%} of them by e-mail.",
        f"{usage.nat_gb:,} GB a month through each NAT gateway, {usage.nodes:,} nodes of the size "
        f"m7i.large with {usage.disk_gb:,} GB of disk each.",
        f"{usage.event_gb:,} GB in the event store, {usage.log_gb:,} GB of logs a month in "
        "each log group.",
        "Pods run on existing nodes; traffic between zones is not counted.",
        "Backups within the size of the database and 7 days of insights are free.",
    ]
