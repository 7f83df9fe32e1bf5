"""Starts one account for all rehearsals, and reports what they measured."""

from collections.abc import Iterator

import pytest

from tests.rehearsals.account import Account, account


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--load-minutes", type=float, default=3, help="of normal load without alerts")


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with account(tmp_path_factory.mktemp("account")) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    done = [report for report in terminalreporter.stats.get("passed", []) if report.user_properties]
    if done:
        terminalreporter.section("figures of the rehearsals")
    for report in done:
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.location[2]}  {name}: {value}")
