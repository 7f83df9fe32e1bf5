"""Writes price tables from AWS's public price list: `python -m review.preview.price_list REGION…`.

The list has one JSON file for each service and region. Its format is described on
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html
"""

import argparse
import json
import re
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from review.preview.prices import TABLES

ADDRESS = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
SELECTORS = Path(__file__).parent / "price_list.toml"
CURRENCY = "USD"
Offer = Mapping[str, Any]
Offers = Callable[[str, str], Offer]  # of a service in a region


class PriceListError(Exception):
    """Reports a missing or ambiguous price; the message names service, usage and region."""


def download(service: str, region: str) -> Offer:
    with urllib.request.urlopen(f"{ADDRESS}/{service}/current/{region}/index.json") as answer:
        offer: Offer = json.load(answer)
        return offer


def from_folder(folder: Path) -> Offers:
    """Read files that were downloaded before, named SERVICE/REGION.json."""

    def read(service: str, region: str) -> Offer:
        offer: Offer = json.loads((folder / service / f"{region}.json").read_text())
        return offer

    return read


def table_of(region: str, offers: Offers) -> dict[str, Any]:
    """Return the table of a region: date, sections and prices, in the order of the selectors."""
    selectors = tomllib.loads(SELECTORS.read_text(), parse_float=Decimal)
    known: dict[str, Offer] = {}
    table: dict[str, Any] = {
        "region": region,
        "as_of": date.min,
        "checked": True,
        "currency": CURRENCY,
        "source": f"{ADDRESS}/SERVICE/current/{region}/index.json",
    }
    for section, entries in selectors.items():
        table[section] = {}
        for name, selector in entries.items():
            service = selector["service"]
            if service not in known:
                known[service] = offers(service, region)
            table[section][name] = prices_of(known[service], selector, region)
    table["as_of"] = min(
        date.fromisoformat(each["publicationDate"][:10]) for each in known.values()
    )
    return table


def prices_of(offer: Offer, selector: Mapping[str, Any], region: str) -> Any:
    """Return one price, or one for each of the selector's `kinds`, as far as the region has it."""
    if "kinds" not in selector:
        return price_of(offer, selector, selector["usage"], region)
    found = {}
    for kind in selector["kinds"]:
        try:
            found[kind] = price_of(offer, selector, f"{selector['usage']}:{kind}", region)
        except PriceListError:
            print(f"{region} does not offer {kind}", file=sys.stderr)
    return found


def price_of(offer: Offer, selector: Mapping[str, Any], usage: str, region: str) -> Decimal:
    wanted = re.compile(rf"(?:[A-Za-z0-9]+(?:-[a-z]+-[0-9])?-)?{re.escape(usage)}")
    found = {
        sku
        for sku, product in offer["products"].items()
        if wanted.fullmatch(product["attributes"].get("usagetype", ""))
        and selector.get("attributes", {}).items() <= product["attributes"].items()
    }
    prices = {first_price(offer["terms"]["OnDemand"].get(sku, {})) for sku in found} - {None}
    if len(prices) != 1:
        raise PriceListError(
            f"expected one price of {usage} in {offer['offerCode']} for {region}, found "
            f"{len(prices)}; correct {SELECTORS.name}"
        )
    [price] = prices
    assert price is not None
    return (price * Decimal(selector.get("times", 1))).normalize()


def first_price(terms: Mapping[str, Any]) -> Decimal | None:
    """Return the price of the first tier that costs something."""
    tiers = [
        (Decimal(tier["beginRange"]), Decimal(tier["pricePerUnit"][CURRENCY]))
        for term in terms.values()
        for tier in term["priceDimensions"].values()
        if CURRENCY in tier["pricePerUnit"]
    ]
    return next((price for _, price in sorted(tiers) if price), None)


def toml_lines(table: Mapping[str, Any]) -> Iterator[str]:
    yield "# Written by `make prices`. List prices without taxes, discounts and free tiers."
    for name, value in table.items():
        if not isinstance(value, dict):
            yield f"{name} = {toml_value(value)}"
    for section, prices in table.items():
        if isinstance(prices, dict):
            yield from section_lines(section, prices)


def section_lines(section: str, prices: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n[{section}]"
    yield from (f"{name} = {each:f}" for name, each in prices.items() if not isinstance(each, dict))
    for name, kinds in prices.items():
        if isinstance(kinds, dict):
            yield f"\n[{section}.{name}]"
            yield from (f'"{kind}" = {price:f}' for kind, price in kinds.items())


def toml_value(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m review.preview.price_list", description=__doc__
    )
    parser.add_argument("regions", nargs="+", metavar="REGION")
    parser.add_argument("--from", dest="folder", type=Path, help="files downloaded before")
    parser.add_argument("--to", type=Path, default=TABLES, help="folder of the tables")
    options = parser.parse_args()
    offers = from_folder(options.folder) if options.folder else download
    for region in options.regions:
        try:
            lines = toml_lines(table_of(region, offers))
            (options.to / f"{region}.toml").write_text("\n".join(lines) + "\n")
        except (PriceListError, OSError) as error:
            sys.exit(f"price_list: {error}")


if __name__ == "__main__":
    main()
