"""Price tables written from files in the format of AWS's bulk price list."""

import json
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local.environment import PROJECT
from review.preview import prices
from review.preview.price_list import SELECTORS, PriceListError, from_folder, price_of

SAMPLE = Path(__file__).parent / "price_list"  # written by hand, in the format of the list
REGION = "eu-west-1"
OFFERS = from_folder(SAMPLE)


def test_first_paid_tier_is_the_price():
    selector = {"times": 1_000_000}
    topics = OFFERS("AmazonSNS", REGION)
    assert price_of(topics, selector, "Requests-Tier1", REGION) == Decimal("0.5")


def test_attributes_choose_among_products():
    selector = {"attributes": {"databaseEngine": "PostgreSQL", "deploymentOption": "Single-AZ"}}
    servers = OFFERS("AmazonRDS", REGION)
    assert price_of(servers, selector, "InstanceUsage:db.t4g.micro", REGION) == Decimal("0.017")


@pytest.mark.parametrize(("usage", "count"), [("Requests-Tier9", 0), ("DeliveryAttempts-SMS", 2)])
def test_missing_and_ambiguous_prices_are_named(usage: str, count: int):
    said = f"expected one price of {usage} in AmazonSNS for eu-west-1, found {count}"
    with pytest.raises(PriceListError, match=said):
        price_of(OFFERS("AmazonSNS", REGION), {}, usage, REGION)


def test_command_writes_table_that_previews_read(tmp_path: Path, monkeypatch: Any):
    offers, tables = tmp_path / "offers", tmp_path / "tables"
    tables.mkdir()
    write_offers(offers)
    command = [sys.executable, "-m", "review.preview.price_list", REGION, "--from", str(offers)]
    done = subprocess.run(
        [*command, "--to", str(tables)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "eu-west-1 does not offer db.r7g.large\n")
    monkeypatch.setattr(prices, "TABLES", tables)
    table = prices.read_prices(REGION)
    assert (table.region, table.as_of.isoformat(), table.checked) == (REGION, "2026-10-01", True)
    assert table.sns == {"million_publishes": Decimal("2")}
    assert table.server_hour("db.m7g.large") == Decimal("0.000002")
    assert table.server_hour("db.r7g.large") is None
    own = prices.read_prices.__globals__["TABLES"] / f"{REGION}.toml"
    shipped = tomllib.loads(
        (PROJECT / "review" / "preview" / "prices" / "eu-central-1.toml").read_text()
    )
    assert keys_of(tomllib.loads(own.read_text())) == keys_of(shipped)


def keys_of(table: dict[str, Any]) -> set[str]:
    sections = {name for name in table if isinstance(table[name], dict)}
    return {f"{name}.{key}" for name in sections for key in table[name]} | table.keys()


def write_offers(folder: Path) -> None:
    """Write a price of two millionths for everything that the table needs, but for one class."""
    products: dict[str, dict[str, Any]] = {}
    for section in tomllib.loads(SELECTORS.read_text()).values():
        for selector in selectors_of(section):
            kinds = [f"{selector['usage']}:{kind}" for kind in selector.get("kinds", ())]
            for usage in kinds or [selector["usage"]]:
                attributes = {**selector.get("attributes", {}), "usagetype": f"EU-{usage}"}
                if not usage.endswith("db.r7g.large"):
                    products.setdefault(selector["service"], {})[usage] = {"attributes": attributes}
    tier = {"beginRange": "0", "pricePerUnit": {"USD": "0.000002"}}
    for service, found in products.items():
        offer = {
            "offerCode": service,
            "publicationDate": "2026-10-01T00:00:00Z",
            "products": found,
            "terms": {"OnDemand": {sku: {"a": {"priceDimensions": {"b": tier}}} for sku in found}},
        }
        (folder / service).mkdir(parents=True)
        (folder / service / f"{REGION}.json").write_text(json.dumps(offer))


def selectors_of(section: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in section.values() if isinstance(each, dict) and "service" in each]
