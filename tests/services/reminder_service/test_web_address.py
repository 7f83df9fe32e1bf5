import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reminder_service.web_address import check_web_address


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com",
        "https://example.com:8443/a/b?c=d&e=%20#f",
        "HTTPS://Example.COM./",
        "http://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://xn--bcher-kva.example.org/",
    ],
)
def test_public_addresses_stay_unchanged(address):
    assert check_web_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.com",
        "//example.com",
        "http:example.com",
        "http:///example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.com",
        "http://user@example.com",
        "http://user:secret@example.com",
        "http://localhost",
        "http://localhost.",
        "http://printer.local",
        "http://service.cluster.internal",
        "http://intranet",
        "http://127.1",
        "http://0x7f.1",
        "http://2130706433",
        "http://0177.0.0.1",
        "http://[::ffff:127.0.0.1]",
        "http://[64:ff9b::7f00:1]",
        "http://[2002:7f00:1::]",
        "http://[::127.0.0.1]",
        "http://[64:ff9b:1::7f00:1]",
        "http://[fe80::1%25eth0]",
        "http://[::ffff:0:127.0.0.1]",
        "http://[fec0::1]",
        "http://[3fff::1]",
        "http://[5f00::1]",
        "http://[v1.example.com]",
        "http://[V1.example.com]:80/",
        "http://kubernetes.default.svc",
        "http://printer.private",
        "http://224.0.0.1",
        "http://example.com:99999",
        "http://example.com:port",
        "http://exa mple.com",
        "http://example.com\\@localhost",
        "http://example.com/\r\nSet-Cookie: a=b",
        "http://bücher.example",
        "http://-example.com",
        "http://example..com",
        "http://[::1",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_other_addresses_are_refused(address):
    with pytest.raises(ValueError, match="URL"):
        check_web_address(address)


@given(st.ip_addresses().filter(lambda address: not address.is_global))
def test_no_private_address_passes(address):
    host = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)
    with pytest.raises(ValueError, match="URL"):
        check_web_address(f"http://{host}/")


@given(st.text())
def test_any_text_is_taken_or_refused(text):
    with suppress(ValueError):
        assert check_web_address(text).lower().startswith(("http://", "https://"))
