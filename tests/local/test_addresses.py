import argparse
import re

import pytest

from local.addresses import Address, listening_socket


def test_an_address_is_host_and_port():
    assert Address.parse("10.244.0.1:8025") == Address("10.244.0.1", 8025)


@pytest.mark.parametrize("text", ["8025", ":8025", "127.0.0.1:", "127.0.0.1:http", ""])
def test_another_text_is_refused(text):
    expected = re.escape(f"expected HOST:PORT, for example 127.0.0.1:8025; got {text!r}")
    with pytest.raises(argparse.ArgumentTypeError, match=expected):
        Address.parse(text)


def test_an_address_in_use_is_named():
    with listening_socket(Address("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        expected = rf"^cannot listen on 127\.0\.0\.1:{port}: Address already in use\.$"
        with pytest.raises(OSError, match=expected):
            listening_socket(Address("127.0.0.1", port))
