"""The public host, before and after the first update."""

import socketserver
import threading

import dns.message
import dns.resolver
import dns.rrset
import pytest

from operations.checks import gateway
from stacks.config.project import PROJECT
from tests.operations.test_doctor import problem

HOST = "reminders.example.com"


class PublicDns(socketserver.UDPServer):
    """Answers from `records`, by name and type; other names do not exist."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.records = {}


class Answer(socketserver.DatagramRequestHandler):
    def handle(self):
        query = dns.message.from_wire(self.rfile.read())
        answer, [asked] = dns.message.make_response(query), query.question
        key = asked.name.to_text(True), asked.rdtype.name
        if values := self.server.records.get(key):
            answer.answer = [dns.rrset.from_text(asked.name, 60, "IN", asked.rdtype.name, *values)]
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.wfile.write(answer.to_wire())


@pytest.fixture
def public_dns(monkeypatch):
    with PublicDns() as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        yield server.records
        server.shutdown()


@pytest.fixture
def public(project, emulator):
    """The stack with a gateway, and an emulator."""
    project.settings[f"{PROJECT}:gateway"] = {"host": HOST}
    project.endpoints(emulator)
    return project


def create_zone(stack, name="example.com", **settings):
    client = stack.client("route53")
    answer = client.create_hosted_zone(Name=name, CallerReference="1", **settings)
    return answer["HostedZone"]["Id"].rpartition("/")[2], answer["DelegationSet"]["NameServers"]


def test_stack_without_a_gateway_needs_nothing(project):
    assert gateway.zone(project.stack) == "no gateway in the stack file"
    assert gateway.gateway(project.stack) == "no gateway in the stack file"


@pytest.mark.integration
def test_zone_must_be_of_the_account(public):
    assert problem(gateway.zone, public.stack) == (
        "no public zone of this account contains reminders.example.com",
        "create the zone in Route 53 and name it in the foundation's stack file",
    )
    create_zone(public.stack)
    public.settings[f"{PROJECT}:gateway"] = {
        "host": HOST, "zone": {"name": "example.com", "id": "Z0"},
    }  # fmt: skip
    public.write()
    assert problem(gateway.zone, public.stack) == (
        "this account has no public zone Z0",
        "correct the id in the stack file; `aws route53 list-hosted-zones` prints it",
    )


@pytest.mark.integration
def test_public_dns_must_delegate_to_zone(public, public_dns):
    _, servers = create_zone(public.stack)
    expected = ", ".join(sorted(servers))
    remedy = f"set {expected} as NS records of example.com in its parent zone, or at its registrar"
    problems = "the public DNS does not refer to zone example.com: its name servers are"
    assert problem(gateway.zone, public.stack) == (f"{problems} unknown", remedy)
    public_dns["example.com", "NS"] = ["ns.registrar.example."]
    assert problem(gateway.zone, public.stack) == (f"{problems} ns.registrar.example", remedy)
    public_dns["example.com", "NS"] = [f"{each}." for each in servers]
    assert gateway.zone(public.stack) == f"{HOST} is in the public zone example.com"


@pytest.mark.integration
def test_caa_records_must_admit_amazon(public, public_dns):
    _, servers = create_zone(public.stack)
    public_dns["example.com", "NS"] = [f"{each}." for each in servers]
    public_dns["example.com", "CAA"] = ['0 issue "letsencrypt.org; validationmethods=dns-01"']
    assert problem(gateway.zone, public.stack) == (
        f"CAA records of {HOST} admit letsencrypt.org, but not Amazon, so ACM issues no "
        "certificate",
        f'add the record `0 issue "amazon.com"` of type CAA for {HOST}',
    )
    public_dns[HOST, "CAA"] = ['0 issue "amazon.com"']
    assert gateway.zone(public.stack) == f"{HOST} is in the public zone example.com"
    public_dns[HOST, "CAA"] = ['0 issue ";"']
    assert problem(gateway.zone, public.stack)[0].startswith(
        f"CAA records of {HOST} admit no authority"
    )
    public_dns[HOST, "CAA"] = ['0 iodef "mailto:security@example.com"']
    assert gateway.zone(public.stack) == f"{HOST} is in the public zone example.com"


@pytest.mark.integration
def test_certificate_must_be_issued(public):
    create_zone(public.stack)
    assert problem(gateway.gateway, public.stack) == (
        "no certificate of reminders.example.com",
        "run `pulumi up --stack test`",
    )
    public.stack.client("acm").request_certificate(DomainName=HOST, ValidationMethod="DNS")
    text, remedy = problem(gateway.gateway, public.stack)
    assert text.startswith("the certificate of reminders.example.com waits for the DNS record _")
    assert remedy == (
        "see that the record is in zone example.com, and that its parent delegates the zone"
    )


def test_issued_certificate_is_not_enough(project, monkeypatch):
    project.settings[f"{PROJECT}:gateway"] = {"host": HOST}
    project.write()
    monkeypatch.setattr(gateway, "certificate_of", lambda stack, host: {"Status": "ISSUED"})
    monkeypatch.setattr(gateway, "answers_over_http", lambda url: False)
    assert problem(gateway.gateway, project.stack) == (
        "nothing answers at https://reminders.example.com",
        "see `kubectl describe ingress -n test`",
    )
    monkeypatch.setattr(gateway, "answers_over_http", lambda url: True)
    assert gateway.gateway(project.stack) == (
        "https://reminders.example.com answers with a valid certificate"
    )
