"""The estimate of a build."""

import json
import re
import time
from pathlib import Path

import pytest

import local.programs.progress as progress_module
from local.programs.progress import Package, Progress, minutes

PACKAGES = {
    "std": Package(100),
    "library": Package(500, ("std", "unsafe")),
    "program": Package(100, ("library",)),
    "names": Package(100),
    "other": Package(200, ("std", "names")),
}


@pytest.fixture
def linked():
    return list[str]()


@pytest.fixture
def progress(monkeypatch, linked):
    """1,000 bytes are compiled, and linked with a tenth of 700 and of 400 bytes."""
    monkeypatch.setattr(progress_module, "START", 0)
    monkeypatch.setattr(progress_module, "LINKING", 0.1)
    shown = Progress()
    shown.expect(PACKAGES, ["program", "other"], lambda: linked)
    shown.began = 1000.0
    return shown


def test_downloads_are_counted():
    progress = Progress()
    assert progress.read("go: downloading example.org/a v1.0.0\n")
    assert progress.text(0) == "  programs: 1 modules downloaded"


@pytest.mark.parametrize(
    ("named", "text"),
    [
        (["std", "names"], "0% built"),
        (["std", "names", "library"], "9% built, about 20 min remain"),
        (["std", "names", "library", "program"], "54% built, about 2 min remain"),
        (["std", "names", "library", "program", "other"], "63% built, about 70 s remain"),
    ],
)
def test_started_package_proves_its_imports(progress, named, text):
    assert all(progress.read(f"{package}\n") for package in named)
    assert progress.text(1120.0) == f"  programs: {text}"


def test_early_leaf_of_program_counts_little(progress):
    """Go starts whatever is ready, also what comes last in the order of compilation."""
    for package in ("std", "names", "other"):
        progress.read(package)
    assert progress.text(1120.0) == "  programs: 18% built, about 9 min remain"


def test_linked_programs_count(progress, linked):
    for package in PACKAGES:
        progress.read(package)
    linked.append("other")
    assert progress.text(1120.0) == "  programs: 85% built, about 20 s remain"
    linked.append("program")
    assert progress.text(1120.0) == "  programs: 100% built, about 10 s remain"


def test_cached_packages_tell_no_speed(progress):
    """A build that continues names only the packages that are missing."""
    progress.read("program")
    assert progress.text(1120.0) == "  programs: 54% built"
    progress.read("other")
    assert (progress.made, progress.cached) == (0, 700)


def test_other_lines_are_no_progress(progress):
    assert not progress.read("main.go:3: undefined: missing\n")
    assert progress.text(2000.0) == "  programs: 0% built"


def test_lines_are_printed_once(capsys):
    progress = Progress(heartbeat=0.01)
    progress.expect({"std": Package(1)}, ["std"])
    with progress:
        time.sleep(0.1)
    assert capsys.readouterr().out == "  programs: 0% built\n"


def test_recorded_build_advances_steadily():
    """Of 1,947 packages, Go started some of the last within the first seconds."""
    recorded = json.loads((Path(__file__).parent / "recorded_build.json").read_text())
    packages = {
        str(number): Package(size, tuple(map(str, imports)))
        for number, (size, imports) in enumerate(recorded["packages"])
    }
    program, linked, shares = str(recorded["program"]), list[str](), list[int]()
    progress = Progress()
    progress.expect(packages, [program], lambda: linked)
    for position, package in enumerate(recorded["named"]):
        progress.read(str(package))
        if position % 400 == 200:
            shares.append(share(progress))
    shares.append(share(progress))
    linked.append(program)
    assert [*shares, share(progress)] == [1, 22, 47, 64, 81, 89, 98]


def share(progress: Progress) -> int:
    return int(re.findall(r"(\d+)% built", progress.text(time.monotonic()))[0])


@pytest.mark.parametrize(
    ("seconds", "text"), [(3, "10 s"), (44, "40 s"), (89, "90 s"), (90, "2 min"), (400, "7 min")]
)
def test_times_are_rounded(seconds, text):
    assert minutes(seconds) == text
