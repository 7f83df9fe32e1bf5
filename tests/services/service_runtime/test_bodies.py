"""The time zones and texts that a request may have."""

import zoneinfo
from importlib import resources

import pytest
from pydantic import TypeAdapter, ValidationError
from service_runtime.bodies import TimeZone, has_half_pair, time_zone_names

ADAPTER = TypeAdapter(TimeZone)


@pytest.fixture
def system_zones(tmp_path):
    """A system that has one file of zones, by a name of its own, and none of the usual."""
    (tmp_path / "posix").mkdir()
    paris = resources.files("tzdata").joinpath("zoneinfo/Europe/Paris").read_bytes()
    (tmp_path / "posix" / "Paris").write_bytes(paris)
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    yield
    zoneinfo.reset_tzpath(before)


@pytest.mark.parametrize("name", ["Europe/Paris", "US/Eastern", "Etc/GMT+5", "EST5EDT", "UTC"])
def test_zones_and_links_are_accepted(name):
    assert ADAPTER.validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    ["posixrules", "localtime", "Factory", "posix/Europe/Paris", "right/UTC", "tzdata.zi"]
    + ["europe/paris", "Europe", "Europe/Paris ", "Europe/../UTC", "/usr/share/zoneinfo/UTC"],
)
def test_other_names_are_refused(name):
    with pytest.raises(ValidationError, match="Expected an IANA time zone such as Europe/Paris"):
        ADAPTER.validate_python(name)


def test_zones_are_independent_of_system_files(system_zones):
    assert zoneinfo.ZoneInfo("posix/Paris").key == "posix/Paris"
    with pytest.raises(ValidationError):
        ADAPTER.validate_python("posix/Paris")
    assert ADAPTER.validate_python("Asia/Tokyo") == "Asia/Tokyo"


def test_every_accepted_name_is_a_zone(system_zones):
    assert len(time_zone_names()) > 500
    for name in time_zone_names():
        assert zoneinfo.ZoneInfo.no_cache(name).key == name


@pytest.mark.parametrize("text", ["\ud800", "a\udfff", "\ud83d \ude00"])
@pytest.mark.parametrize(
    "place", [lambda t: {"a": t}, lambda t: {t: 1}, lambda t: {"a": [{"b": t}]}]
)
def test_half_pairs_are_found(text, place):
    assert has_half_pair(place(text))


@pytest.mark.parametrize("body", [{"a": "\U0001f600 é"}, {"a": [1, None, {"b": True}]}, {}])
def test_whole_texts_pass(body):
    assert not has_half_pair(body)
