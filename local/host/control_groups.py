"""Creates and removes the control groups of pods and image builds, on cgroup v1 and v2."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from local.environment import CONTROL_GROUP
from local.errors import LocalError

ROOT = Path("/sys/fs/cgroup")
NEEDED = ("cpu", "cpuset", "memory", "pids", "hugetlb")  # the controllers that the kubelet uses
OPTIONAL = {"cpuset", "hugetlb"}
SUBTREE = "cgroup.subtree_control"
# Four times the kernel's defaults, on v1 and v2. On a machine without systemd, each session has a
# share of the processor, so ten busy terminals would leave all pods together one eleventh.
WEIGHTS = {"cpu.shares": "4096", "cpu.weight": "400"}


def is_unified(root: Path = ROOT) -> bool:
    """Return True if the machine uses cgroup v2 alone."""
    return (root / "cgroup.controllers").exists()


def groups(root: Path = ROOT) -> list[Path]:
    """Return our group in every hierarchy, even if it does not exist yet."""
    if is_unified(root):
        return [root / CONTROL_GROUP]
    hierarchies = (h for h in root.iterdir() if not h.is_symlink()) if root.exists() else ()
    return sorted(h / CONTROL_GROUP for h in hierarchies if (h / "cgroup.procs").exists())


def existing(root: Path = ROOT) -> list[Path]:
    return [group for group in groups(root) if group.exists()]


def make(root: Path = ROOT) -> None:
    """Create our group in every hierarchy."""
    try:
        if is_unified(root):
            _enable_controllers(root)
        for group in groups(root):
            group.mkdir(exist_ok=True)
            _fill_cpuset(group)
            _set_weight(group)
    except OSError as error:
        raise LocalError(
            f"containers need control groups, but {error.filename or root} is not writable"
            f" ({error.strerror}); enable cgroup delegation or use another machine"
        ) from error


def _enable_controllers(root: Path) -> None:
    """Enable the controllers that the kubelet needs for the children of the root group."""
    available = set((root / "cgroup.controllers").read_text().split())
    if lacking := set(NEEDED) - OPTIONAL - available:
        raise LocalError(
            f"containers need the control group controllers {', '.join(NEEDED)}, but"
            f" {root}/cgroup.controllers lacks {', '.join(sorted(lacking))}; enable them in the"
            " kernel or use another machine"
        )
    missing = available - enabled_controllers(root)
    for controller in NEEDED:
        if controller in missing:
            (root / SUBTREE).write_text(f"+{controller}")


def enabled_controllers(root: Path = ROOT) -> frozenset[str]:
    """Return the controllers that the children of a group have; none on v1."""
    try:
        return frozenset((root / SUBTREE).read_text().split())
    except FileNotFoundError:
        return frozenset()


def unused_controllers(root: Path = ROOT) -> frozenset[str]:
    """Return the controllers of the root's children that none of them enables for its own."""
    children = (group.parent for group in root.glob(f"*/{SUBTREE}"))
    return enabled_controllers(root).difference(*map(enabled_controllers, children))


def disable(controllers: Iterable[str], root: Path = ROOT) -> None:
    """Disable controllers for the root's children; the kernel keeps those that are in use."""
    for controller in sorted(controllers):
        with contextlib.suppress(OSError):
            (root / SUBTREE).write_text(f"-{controller}")


def _fill_cpuset(group: Path) -> None:
    """Copy the parent's processors and memory nodes; on v1, an empty cpuset admits no process."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        setting, parent = group / name, group.parent / name
        if parent.exists() and setting.exists() and not setting.read_text().strip():
            setting.write_text(parent.read_text())


def _set_weight(group: Path) -> None:
    for name, weight in WEIGHTS.items():
        if (group / name).exists():
            (group / name).write_text(weight)


def processes(root: Path = ROOT) -> Iterator[int]:
    """Return the processes of containers: pods and image builds."""
    seen = set[int]()
    for group in existing(root):
        for tasks in group.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):  # the group has just been removed
                seen.update(map(int, tasks.read_text().split()))
    yield from sorted(seen)


def remove(root: Path = ROOT) -> None:
    """Remove our groups, except those that still contain a process."""
    for group in existing(root):
        folders = [folder for folder in group.rglob("*") if folder.is_dir()]
        for folder in [*sorted(folders, reverse=True), group]:
            with contextlib.suppress(OSError):
                folder.rmdir()
