"""An issuer that the stack's file may name is one that the services accept, and no other."""

import pytest
import service_runtime.issuer_address
from service_runtime.identity_settings import IdentitySettings

import stacks.config.issuer_address
from stacks.config.identity import IdentityConfig
from stacks.config.project import ROOT

ACCEPTED = (
    "https://login.example.com",
    "https://login.example.com/realms/a/",
    "https://login.example.com:8443",
    "https://8.8.8.8",
    "https://10.0.0.1",
    "https://[2001:db8::1]",
    "https://localhost",
    "https://1and1.example",
    "http://10.244.0.1:8025/identity",
    "http://127.0.0.1:1",
    "http://172.31.255.255",
    "http://192.168.0.1:65535",
    "http://[::1]:1",
    "http://[fd12:3456::1]",
)
SUCH_AS = "expected an address such as https://login.example.com"
BEGINS = "expected an address that starts with https://"
PORT = "expected a port from 1 to 65535"
HTTPS = "expected https; http requires a private IP address"
NONE = "is reserved for other uses"
NEITHER = "expected a host name or an IP address"
REFUSED = {
    "": SUCH_AS,
    "login.example.com": SUCH_AS,
    "https://": SUCH_AS,
    "https://user@login.example.com": SUCH_AS,
    "https://login.example.com?a=b": SUCH_AS,
    "https://login.example.com#a": SUCH_AS,
    "ftp://login.example.com": BEGINS,
    "https://login.example.com:0": PORT,
    "https://login.example.com:99999": PORT,
    "https://login.example.com:port": PORT,
    "http://login.example.com": HTTPS,
    "http://localhost": HTTPS,
    "http://8.8.8.8": HTTPS,
    "http://172.32.0.1": HTTPS,
    "http://192.0.2.1": HTTPS,
    "http://240.0.0.1": HTTPS,
    "http://[2001:db8::1]": HTTPS,
    "http://0.0.0.0": NONE,
    "https://0.0.0.0": NONE,
    "https://0.1.2.3": NONE,
    "https://[::]": NONE,
    "http://169.254.169.254": NONE,
    "https://169.254.169.254/latest": NONE,
    "https://169.254.170.2": NONE,
    "https://[fe80::1]": NONE,
    "https://[fd00:ec2::254]": NONE,
    "https://[::ffff:169.254.169.254]": NONE,
    "https://[::ffff:0.0.0.0]": NONE,
    "https://224.0.0.1": NONE,
    "https://169.254.169.254.": NEITHER,
    "https://2852039166": NEITHER,
    "https://0xa9fea9fe": NEITHER,
    "https://169.254.43518": NEITHER,
    "https://0251.0376.0251.0376": NEITHER,
}
CHECKS = pytest.mark.parametrize(
    "accept",
    [
        lambda url: IdentityConfig(issuer=url, audience="a").issuer,
        lambda url: IdentityConfig(issuer="https://a.example", audience="a", jwks_url=url).jwks_url,
        lambda url: IdentitySettings(identity_issuer=url, identity_audience="a").identity_issuer,
        lambda url: (
            IdentitySettings(
                identity_issuer="https://a.example", identity_audience="a", identity_jwks_url=url
            ).identity_jwks_url
        ),
        stacks.config.issuer_address.check_address,
        service_runtime.issuer_address.check_address,
    ],
    ids=["stack", "stack's keys", "service", "service's keys", "stack's file", "service's file"],
)


@CHECKS
@pytest.mark.parametrize("url", ACCEPTED)
def test_trustworthy_address_is_kept(accept, url):
    assert accept(url) == url


@CHECKS
@pytest.mark.parametrize("url", REFUSED)
def test_untrustworthy_address_is_refused_with_expectation(accept, url):
    with pytest.raises(ValueError, match=REFUSED[url]):
        accept(url)


def test_both_files_say_the_same():
    """Neither may import the other."""
    of_the_stack = (ROOT / "stacks" / "config" / "issuer_address.py").read_text()
    of_the_services = (
        ROOT / "services" / "service-runtime" / "service_runtime" / "issuer_address.py"
    )
    assert of_the_stack.split("\n")[1:] == of_the_services.read_text().split("\n")[1:]


ISSUERS = pytest.mark.parametrize(
    "accept",
    [
        lambda url: IdentityConfig(issuer=url, audience="a").issuer,
        lambda url: IdentitySettings(identity_issuer=url, identity_audience="a").identity_issuer,
    ],
    ids=["stack", "service"],
)
ENTRA = "https://login.microsoftonline.com"


@ISSUERS
def test_issuer_of_many_tenants_is_refused(accept):
    for tenant in ("common", "organizations", "consumers"):
        with pytest.raises(ValueError, match="expected the issuer of one tenant"):
            accept(f"{ENTRA}/{tenant}/v2.0")
    one = f"{ENTRA}/00000000-0000-4000-8000-000000000000/v2.0"
    assert accept(one) == one
