"""Kernel settings return to what they were before the first start."""

import pytest

from local.host import record


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "FILE", tmp_path / "run" / "machine.json")
    monkeypatch.setattr(record, "KERNEL", tmp_path / "kernel")
    monkeypatch.setattr("local.host.network.DEVICES", tmp_path / "devices")
    monkeypatch.setattr("local.host.firewall.chains", lambda: {("iptables", "nat", "CNI-OTHER")})
    monkeypatch.setattr("local.host.firewall.remove", lambda kept: None)
    monkeypatch.setattr("local.host.firewall.supported_kind", lambda: "nft")
    monkeypatch.setattr("local.host.firewall.FILTER_KIND", str(tmp_path / "run" / "iptables"))
    monkeypatch.setattr(
        "local.host.control_groups.enabled_controllers", lambda *_: frozenset({"memory"})
    )
    for name, value in (("net/ipv4/ip_forward", "0"), ("vm/overcommit_memory", "2")):
        (tmp_path / "kernel" / name).parent.mkdir(parents=True)
        record.write(name, value)
    return tmp_path


def values() -> dict[str, str | None]:
    return {name: record.read(name) for name in ("net/ipv4/ip_forward", "vm/overcommit_memory")}


def change() -> None:
    record.write("net/ipv4/ip_forward", "1")
    record.write("vm/overcommit_memory", "1")


def test_settings_are_restored(kernel):
    before = values()
    record.save()
    change()
    record.save()  # a second start keeps the first record
    record.restore()
    assert (values(), (kernel / "run").exists()) == (before, False)


def test_record_survives_reading(kernel):
    record.save()
    assert record.load() == record.Record(
        {"net/ipv4/ip_forward": "0", "vm/overcommit_memory": "2"},
        frozenset({("iptables", "nat", "CNI-OTHER")}),
        frozenset({"memory"}),
    )


def test_added_controllers_are_disabled(kernel, monkeypatch):
    disabled = list[frozenset[str]]()
    monkeypatch.setattr("local.host.control_groups.disable", disabled.append)
    record.save()
    monkeypatch.setattr(
        "local.host.control_groups.unused_controllers", lambda: frozenset({"cpu", "memory"})
    )
    record.restore()
    assert disabled == [frozenset({"cpu"})]


def test_other_bridges_keep_forwarding(kernel):
    record.save()
    change()
    (kernel / "devices" / "docker0" / "bridge").mkdir(parents=True)
    record.restore()
    assert values() == {"net/ipv4/ip_forward": "1", "vm/overcommit_memory": "2"}


def test_without_a_record_nothing_changes(kernel):
    change()
    record.restore()
    assert values() == {"net/ipv4/ip_forward": "1", "vm/overcommit_memory": "1"}
