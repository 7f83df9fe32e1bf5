"""Control groups on machines with cgroup v2 and v1, laid out as files."""

import pytest

from local.errors import LocalError
from local.host import control_groups


@pytest.fixture
def unified(tmp_path):
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma\n")
    (tmp_path / "cgroup.subtree_control").write_text("memory pids\n")
    (tmp_path / "cgroup.procs").touch()
    for child in ("init.scope", "system.slice", "user.slice"):
        (tmp_path / child).mkdir()
        (tmp_path / child / "cgroup.procs").touch()
    return tmp_path


@pytest.fixture
def split(tmp_path):
    """Hierarchies of v1: one a controller, with a link from each name of a joint one."""
    for controller in ("cpu,cpuacct", "cpuset", "pids", "unified"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "cgroup.procs").touch()
    (tmp_path / "cpu").symlink_to("cpu,cpuacct")
    return tmp_path


def test_unified_hierarchy_has_one_group(unified):
    control_groups.make(unified)
    assert control_groups.existing(unified) == [unified / "herald"]
    assert list(unified.glob("*/herald")) == []


def test_missing_controllers_are_enabled(unified):
    # A kernel adds to the file what is written; a plain file keeps the last line alone.
    control_groups.make(unified)
    assert (unified / "cgroup.subtree_control").read_text() == "+hugetlb"


def test_controllers_in_use_stay(unified):
    """Such as `memory`, which systemd gives to the children of a slice."""
    (unified / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (unified / "system.slice" / "cgroup.subtree_control").write_text("memory\n")
    (unified / "user.slice" / "cgroup.subtree_control").write_text("\n")
    assert control_groups.enabled_controllers(unified) == {"cpu", "memory", "pids"}
    assert control_groups.unused_controllers(unified) == {"cpu", "pids"}
    control_groups.disable({"cpu"}, unified)
    assert (unified / "cgroup.subtree_control").read_text() == "-cpu"


def test_split_hierarchies_enable_nothing(split):
    control_groups.make(split)
    assert (
        control_groups.enabled_controllers(split),
        control_groups.unused_controllers(split),
    ) == (set(), set())


def test_kernel_without_controller_is_refused(unified):
    (unified / "cgroup.controllers").write_text("cpu memory\n")
    with pytest.raises(LocalError, match="cgroup.controllers lacks pids; "):
        control_groups.make(unified)
    assert control_groups.existing(unified) == []


def test_forbidden_delegation_is_one_sentence(unified, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    with pytest.raises(LocalError) as caught:
        control_groups.make(unified)
    assert str(caught.value) == (
        f"containers need control groups, but {unified}/cgroup.subtree_control is not writable"
        " (Permission denied); enable cgroup delegation or use another machine"
    )


def test_split_hierarchies_have_one_each(split):
    (split / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    control_groups.make(split)
    assert [group.parent.name for group in control_groups.existing(split)] == [
        "cpu,cpuacct", "cpuset", "pids", "unified",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "setting", "weight"),
    [("unified", "herald/cpu.weight", "400"), ("split", "cpu,cpuacct/herald/cpu.shares", "4096")],
)
def test_pods_weigh_more_than_sessions(layout, setting, weight, request):
    root = request.getfixturevalue(layout)
    (root / setting).parent.mkdir()
    (root / setting).write_text("the kernel's default")
    control_groups.make(root)
    assert {path.name: path.read_text() for path in root.glob("**/herald/cpu.*")} == {
        (root / setting).name: weight
    }


@pytest.mark.parametrize("layout", ["unified", "split"])
def test_processes_are_those_of_containers(layout, request):
    root = request.getfixturevalue(layout)
    control_groups.make(root)
    for group in control_groups.existing(root):
        pod = group / "kubepods" / "pod1"
        pod.mkdir(parents=True)
        (pod / "cgroup.procs").write_text("12\n7\n")
    (root / "cgroup.procs").write_text("1\n")
    assert list(control_groups.processes(root)) == [7, 12]


@pytest.mark.parametrize("layout", ["unified", "split"])
def test_nested_groups_are_removed(layout, request):
    root = request.getfixturevalue(layout)
    control_groups.make(root)
    for group in control_groups.existing(root):
        (group / "kubepods" / "pod1" / "container").mkdir(parents=True)
    control_groups.remove(root)
    assert control_groups.existing(root) == []


def test_machine_without_control_groups_has_none(tmp_path):
    assert control_groups.existing(tmp_path / "missing") == []
