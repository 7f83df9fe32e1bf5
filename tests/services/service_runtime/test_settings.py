from pathlib import Path

import pytest
from service_runtime.settings import (
    DatabaseSettings,
    MigrationSettings,
    ServiceSettings,
    read_settings,
)

COMPLETE = {
    "DATABASE_HOST": "db.internal",
    "DATABASE_NAME": "reminders",
    "DATABASE_USER": "reminders",
    "DATABASE_PASSWORD": "hunter2-secret",
}
VARIABLES = [name.upper() for name in MigrationSettings.model_fields]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def set_all(environment: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)


def test_unset_values_have_safe_defaults(environment: pytest.MonkeyPatch) -> None:
    set_all(environment, **COMPLETE)
    settings = read_settings(DatabaseSettings)
    assert settings.database_password.get_secret_value() == "hunter2-secret"
    assert settings.model_dump(exclude={"database_password"}) == {
        "log_level": "INFO",
        "http_port": 8080,
        "metrics_port": 9090,
        "listen_address": "0.0.0.0",
        "database_host": "db.internal",
        "database_port": 5432,
        "database_name": "reminders",
        "database_user": "reminders",
        "database_sslmode": "require",
        "database_sslrootcert": None,
        "database_pool_size": 5,
    }
    assert "hunter2-secret" not in repr(settings)


def ending(kind: type[ServiceSettings], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        read_settings(kind)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_missing_settings_share_one_sentence(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_all(environment, **{**COMPLETE, "DATABASE_HOST": ""})
    assert ending(MigrationSettings, capsys) == (
        "These environment variables are missing: "
        "DATABASE_HOST, DATABASE_ADMIN_USER, DATABASE_ADMIN_PASSWORD.\n"
    )


def test_wrong_value_is_named_but_hidden(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_all(environment, LOG_LEVEL="secret-looking", HTTP_PORT="70000")
    assert ending(ServiceSettings, capsys) == (
        "These have a wrong value: "
        "LOG_LEVEL (Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'), "
        "HTTP_PORT (Input should be less than or equal to 65535).\n"
    )


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_server_without_authorities_is_unverified(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str, tmp_path: Path
) -> None:
    wanted = (
        "These have a wrong value: DATABASE_SSLROOTCERT (expected a readable file with the "
        "certificates of the database server's authorities; got {}).\n"
    )
    set_all(environment, **COMPLETE, DATABASE_SSLMODE=mode)
    assert ending(DatabaseSettings, capsys) == wanted.format(None)
    for path in (tmp_path / "missing.pem", tmp_path):
        set_all(environment, DATABASE_SSLROOTCERT=str(path))
        assert ending(DatabaseSettings, capsys) == wanted.format(path)


def test_authorities_reach_verifying_modes(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "authorities.pem"
    file.write_text("certificates")
    set_all(environment, **COMPLETE, DATABASE_SSLROOTCERT=str(file))
    assert read_settings(DatabaseSettings).tls_options() == {"sslmode": "require"}
    set_all(environment, DATABASE_SSLMODE="verify-full")
    assert read_settings(DatabaseSettings).tls_options() == {
        "sslmode": "verify-full",
        "sslrootcert": str(file),
    }
