"""Creates keys, certificates and tokens of a local environment once, in its state folder."""

import datetime
import ipaddress
import json
import os
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from local.environment import BRIDGE_ADDRESS, Environment

LIFETIME = datetime.timedelta(days=3650)
COMPONENTS = {  # user and groups by kubeconfig (Kubernetes: "Using RBAC", default roles)
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
    "kubelet": ("system:node:local", "system:nodes"),
}
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def named(common_name: str, organization: str = "herald") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
        ]
    )


def alternative(address: str) -> x509.GeneralName:
    """Return a name or address of this machine for a certificate."""
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)


class Authority:
    """Represents a certificate authority for the API server, the kubelet and PostgreSQL."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder, self.key, self.name = (
            folder,
            ec.generate_private_key(ec.SECP256R1()),
            named(name),
        )
        certificate = self._certificate(self.name, self.key, [], is_authority=True)
        self._write("ca", self.key, certificate)

    def issue(self, file: str, subject: x509.Name, addresses: list[str]) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        names = ["localhost", "kubernetes.default.svc", "local"] if addresses else []
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        alternatives += [alternative(address) for address in addresses]
        self._write(file, key, self._certificate(subject, key, alternatives))

    def _certificate(
        self,
        subject: x509.Name,
        key: PrivateKey,
        alternatives: list[x509.GeneralName],
        *,
        is_authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, file: str, key: PrivateKey, certificate: x509.Certificate) -> None:
        write_private(self.folder / f"{file}.key", pem(key))
        shown = certificate.public_bytes(serialization.Encoding.PEM)
        (self.folder / f"{file}.crt").write_bytes(shown)


def kubeconfig(server: str, authority: Path, token: str) -> str:
    """Return a kubeconfig for one identity, as JSON, which is valid YAML."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "local",
                "cluster": {"server": server, "certificate-authority": str(authority)},
            }
        ],
        "users": [{"name": "local", "user": {"token": token}}],
        "contexts": [{"name": "local", "context": {"cluster": "local", "user": "local"}}],
        "current-context": "local",
    }
    return json.dumps(document, indent=2) + "\n"


def fcm_credentials(token_uri: str) -> str:
    """Return a service account in Google's format, for which the inbox issues tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    document = {
        "type": "service_account",
        "project_id": "herald-local",
        "private_key_id": secrets.token_hex(20),
        "private_key": pem(key).decode(),
        "client_email": "notifications@herald-local.iam.gserviceaccount.com",
        "client_id": "100000000000000000000",
        "token_uri": token_uri,
    }
    return json.dumps(document)


def make_cluster_identities(environment: Environment) -> None:
    folder = environment.state / "pki"
    folder.mkdir(parents=True, exist_ok=True)
    authority = Authority(folder)
    addresses = ["127.0.0.1", BRIDGE_ADDRESS, "10.96.0.1"]
    authority.issue("apiserver", named("apiserver"), addresses)
    authority.issue("kubelet", named("system:node:local", "system:nodes"), addresses)
    authority.issue("kubelet-client", named("apiserver", "system:masters"), [])
    reached = dict.fromkeys([*addresses, environment.host_address])
    authority.issue("postgres", named("postgres"), list(reached))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(folder / "service-accounts.key", pem(key))
    server, lines = f"https://127.0.0.1:{environment.ports['APISERVER_PORT']}", []
    for name, (user, groups) in COMPONENTS.items():
        token = secrets.token_hex(24)
        lines.append(f'{token},{user},{name},"{groups}"\n')
        write_private(folder / f"{name}.kubeconfig", kubeconfig(server, folder / "ca.crt", token))
    write_private(folder / "tokens.csv", "".join(lines))


def make_secrets(environment: Environment) -> None:
    token_uri = f"http://{BRIDGE_ADDRESS}:{environment.ports['INBOX_PORT']}/token"
    write_private(environment.secret("fcm-credentials.json"), fcm_credentials(token_uri))
    write_private(environment.secret("database-admin-password"), secrets.token_urlsafe(24))


def make_issuer_key(environment: Environment) -> None:
    write_private(
        environment.secret("issuer-key.pem"), pem(ec.generate_private_key(ec.SECP256R1()))
    )
