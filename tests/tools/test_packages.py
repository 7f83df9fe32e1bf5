"""`make packages` on machines that have all, some or none of what it installs."""

import os
import re
import subprocess

import pytest

from local.environment import PROJECT

[LINE] = re.findall(r"^DEBIAN_PACKAGES := (.*)$", (PROJECT / "Makefile").read_text(), re.M)
WANTED = sorted(LINE.split())


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Runs it where so many packages are installed; apt-get writes down what it is asked."""

    def run(installed, user="0"):
        known = "".join(f"installed {package}\\n" for package in installed)
        ends = 0 if installed == WANTED else 1
        programs = {
            "dpkg-query": f"printf '{known}'; exit {ends}",
            "apt-get": f'echo "$@" >> {tmp_path}/asked',
            "id": f"echo {user}",
        }
        for name, script in programs.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        command = ["make", "--silent", "--directory", str(PROJECT), "packages"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        asked = tmp_path / "asked"
        return done, asked.read_text().splitlines() if asked.exists() else []

    return run


INSTALL = "install -qq -y --no-install-recommends"


@pytest.mark.parametrize("installed", [[], WANTED[:3]], ids=["none", "some"])
def test_what_is_missing_is_installed(packages, installed):
    done, asked = packages(installed)
    missing = " ".join(WANTED[len(installed) :])
    assert (done.returncode, done.stdout) == (0, f"Installing {missing}\n")
    assert asked == ["update -qq", f"{INSTALL} {missing}"]


def test_nothing_is_asked_of_a_machine_that_has_all(packages):
    done, asked = packages(WANTED)
    assert (done.returncode, done.stdout, done.stderr, asked) == (0, "", "", [])


def test_without_root_the_missing_ones_are_named(packages):
    done, asked = packages(WANTED[1:], user="1000")
    assert (done.returncode, asked) == (2, [])
    assert f"make: root is needed to install {WANTED[0]}; run it as root" in done.stderr
