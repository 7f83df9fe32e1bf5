"""Finds the browser for the tests of web pages, or downloads Debian's without installing it."""

import shutil
import sys
from pathlib import Path

from local.environment import Environment
from local.errors import LocalError
from local.host import packages

PACKAGE = "chromium-headless-shell"  # without windows: a third smaller than `chromium`
INSTALLED = (  # Chrome first: Ubuntu's AppArmor lets only its package have a sandbox
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
REMEDY = "install the package `chromium` or `google-chrome-stable`"


def installed_browser() -> str | None:
    return next(filter(None, map(shutil.which, INSTALLED)), None)


def find_browser(environment: Environment) -> str:
    """Return the browser of the machine, or the downloaded one."""
    browser = installed_browser() or shutil.which(environment.links / PACKAGE)
    if browser is None:
        raise LocalError(
            "the tests of web pages need Chromium or Google Chrome, but neither was found;"
            f" run `make browser`, or {REMEDY}"
        )
    return str(browser)


def provide(environment: Environment) -> None:
    """Download a browser if the machine has none."""
    if installed_browser():
        return
    try:
        root = packages.unpack([PACKAGE])
    except LocalError as error:
        raise LocalError(
            f"the tests of web pages need Chromium or Google Chrome; {REMEDY} ({error})"
        ) from None
    environment.links.mkdir(parents=True, exist_ok=True)
    write_start_script(environment.links / PACKAGE, root)


def write_start_script(path: Path, root: Path) -> None:
    """Write a script that runs the browser with the unpacked libraries and fonts."""
    variables = {"LD_LIBRARY_PATH": packages.libraries(root)}
    if (root / "etc/fonts").exists():  # else the machine has fonts
        variables |= {"FONTCONFIG_PATH": f"{root}/etc/fonts", "XDG_DATA_HOME": f"{root}/usr/share"}
    exports = " ".join(f"{name}={value}" for name, value in variables.items())
    path.write_text(f'#!/bin/sh\nexport {exports}\nexec {root}/usr/lib/chromium/{PACKAGE} "$@"\n')
    path.chmod(0o755)


if __name__ == "__main__":
    try:
        provide(Environment.from_variables())
    except (LocalError, OSError) as error:
        sys.exit(f"browser: {error}")
