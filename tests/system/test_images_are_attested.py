"""The operators' command for what images hold, on the images that run here."""

import os
import subprocess
import sys

import pytest

from local.environment import PROJECT

SERVICES = ["event-service", "notification-scheduler", "notification-service", "reminder-service"]


def attested(platform, *options):
    command = [sys.executable, "-m", "herald", "attest", "--stack", "local", *options]
    variables = {**os.environ, **platform.shell}
    done = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.system
@pytest.mark.timeout(300)
def test_every_image_says_truly_what_is_in_it(platform):
    attached = attested(platform)
    verified = attested(platform, "--verify")
    assert [words[0] for words in attached] == [words[0] for words in verified] == SERVICES
    for service, _, count, *rest in verified:
        assert int(count) > 100, service
        assert rest[:3] == ["packages", "as", "stated,"]
