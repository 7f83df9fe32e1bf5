"""The tests use the machine's browser, else Debian's, or report in one sentence what to install."""

import subprocess

import pytest

from local.environment import Environment
from local.errors import LocalError
from local.host import browser, packages


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without a browser, and with nothing in PATH but the folder `bin`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HERALD_CACHE", str(tmp_path / "cache"))
    return tmp_path


def put(path, text="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("name", ["chromium", "google-chrome", "google-chrome-stable"])
def test_installed_browser_is_used(machine, name):
    own = put(machine / "bin" / name)
    environment = Environment(machine / "state")
    browser.provide(environment)
    assert browser.find_browser(environment) == own
    assert not environment.state.exists()


def test_fetched_browser_has_libraries_and_fonts(machine, monkeypatch):
    root = machine / "root"
    put(root / "usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon-16.1.so")
    put(root / "etc/fonts/fonts.conf")
    put(root / "usr/lib/chromium/chromium-headless-shell", '#!/bin/sh\nenv; echo "$@"\n')
    monkeypatch.setattr(packages, "unpack", lambda names: root)
    environment = Environment(machine / "state")
    browser.provide(environment)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    shown = subprocess.check_output([browser.find_browser(environment), "--a b"], text=True)
    lines = shown.splitlines()
    assert lines[-1] == "--a b"
    assert {
        f"LD_LIBRARY_PATH={root}/usr/lib/x86_64-linux-gnu/pulseaudio",
        f"FONTCONFIG_PATH={root}/etc/fonts",
        f"XDG_DATA_HOME={root}/usr/share",
    } <= set(lines)


def test_missing_browser_is_one_sentence(machine):
    with pytest.raises(LocalError) as caught:
        browser.find_browser(Environment(machine / "state"))
    assert str(caught.value) == (
        "the tests of web pages need Chromium or Google Chrome, but neither was found;"
        " run `make browser`, or install the package `chromium` or `google-chrome-stable`"
    )


def test_failed_fetch_names_packages(machine):
    with pytest.raises(LocalError) as caught:
        browser.provide(Environment(machine / "state"))
    assert str(caught.value) == (
        "the tests of web pages need Chromium or Google Chrome;"
        " install the package `chromium` or `google-chrome-stable`"
        " (chromium-headless-shell must be downloaded with apt-get, but apt-get was not found;"
        " install the packages yourself or set HERALD_WAY=container)"
    )
