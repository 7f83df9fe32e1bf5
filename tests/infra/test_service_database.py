import hashlib

import pulumi
import pytest
from herald_infra.postgres_connection import ExistingServer
from herald_infra.restricted_pod import Resources
from herald_infra.service_database import Authorities, ServiceDatabase, ServiceDatabaseArgs

from review.simulation.simulated_outputs import SUFFIX

SECRET = "kubernetes:core/v1:Secret"
JOB = "kubernetes:batch/v1:Job"
PASSWORD = "password-of-dev-reminder"  # what the mocks make up


def args(**changed):
    return ServiceDatabaseArgs(
        server=ExistingServer(
            host="db.example.com", port=6432, admin_user="root", admin_password="admin-password"
        ).connection,
        database="reminders",
        namespace="development",
        labels={"part": "x"},
        image="registry/reminder-service@sha256:1",
        migrate=["migrate"],
        resources=Resources(
            cpu_request="100m", cpu_limit="1", memory_request="128Mi", memory_limit="256Mi"
        ),
        **changed,
    )


@pytest.fixture
def deployment(deploy):
    def program():
        database = ServiceDatabase("dev-reminder", args())
        pulumi.export("connection", database.connection)
        pulumi.export("variables", database.environment.variables())

    return deploy(program)


def test_service_secret_has_the_connection(deployment):
    assert deployment.one(SECRET, "dev-reminder-db-secrets-version").inputs["stringData"] == {
        "host": "db.example.com",
        "name": "reminders",
        "user": "reminders",
        "password": PASSWORD,
    }


def test_administrator_password_has_its_own_secret(deployment):
    admin = deployment.one(SECRET, "dev-reminder-db-admin-secrets-version")
    assert admin.inputs["stringData"] == {"user": "root", "password": "admin-password"}
    assert "stringData" in admin.secrets


@pytest.mark.parametrize("rotation", ["2026-11", "2026-12"])
def test_another_rotation_makes_another_password(deploy, rotation):
    deployment = deploy(lambda: ServiceDatabase("dev-reminder", args(rotation=rotation)))
    password = deployment.one("random:index/randomPassword:RandomPassword", "dev-reminder")
    assert password.inputs["keepers"] == {"rotation": rotation}


def test_rotated_passwords_have_their_own_roles(deploy):
    def program():
        pulumi.export("told", ServiceDatabase("dev-reminder", args(rotation="1")).connection)

    deployment = deploy(program)
    user = f"reminders_{hashlib.sha256(PASSWORD.encode()).hexdigest()[:8]}"
    told = deployment.one(SECRET, "dev-reminder-db-secrets-version").inputs["stringData"]
    assert (told["name"], told["user"], told["password"]) == ("reminders", user, PASSWORD)
    assert deployment.exports["told"]["user"] == user


def test_the_password_is_generated_and_strong(deployment):
    password = deployment.one("random:index/randomPassword:RandomPassword", "dev-reminder")
    assert password.inputs == {"length": 32, "special": False}


def test_service_settings_omit_the_administrator(deployment):
    def key(name):
        reference = {"name": f"dev-reminder-db-secrets-version-{SUFFIX}", "key": name}
        return {"name": f"DATABASE_{name.upper()}", "valueFrom": {"secretKeyRef": reference}}

    assert deployment.exports["variables"] == [
        key("host"),
        key("name"),
        key("password"),
        {"name": "DATABASE_PORT", "value": "6432"},
        {"name": "DATABASE_SSLMODE", "value": "require"},
        key("user"),
    ]


def test_verified_server_has_authorities(deploy):
    def program():
        authorities = Authorities(file="/srv/authorities.pem", pem="certificates")
        checked = args(ssl_mode="verify-full", authorities=authorities)
        database = ServiceDatabase("dev-reminder", checked)
        pulumi.export("connection", database.connection)
        pulumi.export("variables", database.environment.variables())

    deployment = deploy(program)
    [container] = deployment.one(JOB).inputs["spec"]["template"]["spec"]["containers"]
    told = [
        {"name": "DATABASE_SSLMODE", "value": "verify-full"},
        {"name": "DATABASE_SSLROOTCERT", "value": "/srv/authorities.pem"},
    ]
    assert [each for each in container["env"] if each in told] == told
    assert [each for each in deployment.exports["variables"] if each in told] == told
    assert deployment.exports["connection"]["authorities"] == "certificates"


def test_the_migration_acts_for_both(deployment):
    [container] = deployment.one(JOB).inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry/reminder-service@sha256:1"
    assert container["args"] == ["migrate"]
    assert [variable["name"] for variable in container["env"]] == [
        "DATABASE_ADMIN_PASSWORD",
        "DATABASE_ADMIN_USER",
        "DATABASE_HOST",
        "DATABASE_NAME",
        "DATABASE_PASSWORD",
        "DATABASE_PORT",
        "DATABASE_SSLMODE",
        "DATABASE_USER",
    ]
    assert container["env"][0]["valueFrom"] == {
        "secretKeyRef": {
            "name": f"dev-reminder-db-admin-secrets-version-{SUFFIX}",
            "key": "password",
        }
    }


def test_the_connection_is_a_secret(deployment):
    assert deployment.exports["connection"] == {
        "host": "db.example.com",
        "port": 6432,
        "name": "reminders",
        "user": "reminders",
        "password": PASSWORD,
        "sslmode": "require",
        "authorities": "",
    }
    assert "connection" in deployment.secret_exports


def test_no_password_is_readable(deployment):
    for resource in deployment.resources:
        readable = {k: v for k, v in resource.inputs.items() if k not in resource.secrets}
        assert PASSWORD not in str(readable)
        assert "admin-password" not in str(readable)
