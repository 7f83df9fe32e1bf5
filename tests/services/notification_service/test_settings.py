import pytest
from notification_service.failover import Failover
from notification_service.protected_provider import ProtectedProvider
from notification_service.serving import email_provider, fcm_push, serve, unsubscription_of
from notification_service.settings import Settings
from service_runtime.settings import read_settings
from sqlalchemy import create_engine

NO_DATABASE = create_engine("postgresql+psycopg://")  # never connected to
ENVIRONMENT = {
    "DATABASE_HOST": "db",
    "DATABASE_NAME": "devices",
    "DATABASE_USER": "devices",
    "DATABASE_PASSWORD": "secret-text",
    "NOTIFICATION_QUEUE_URL": "https://sqs.test/queue",
    "NOTIFICATION_DEAD_LETTERS_URL": "https://sqs.test/dead-letters",
    "EVENT_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:event",
    "FCM_CREDENTIALS": "secret-text",
    "SES_TEMPLATE": "reminder",
    "SES_CONFIGURATION_SET": "email",
    "EMAIL_SENDER": "reminders@example.org",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_every_setting_comes_from_the_environment(environment):
    settings = read_settings(Settings)
    assert settings.notification_queue_url == "https://sqs.test/queue"
    assert str(settings.fcm_url) == "https://fcm.googleapis.com/"
    assert "secret-text" not in repr(settings)


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_missing_setting_ends_process_with_name(environment, capsys, name):
    environment.delenv(name)
    with pytest.raises(SystemExit) as end:
        serve()
    assert end.value.code == 2
    assert capsys.readouterr().err == f"These environment variables are missing: {name}.\n"


def test_bad_fcm_credentials_stay_secret(environment, capsys):
    with pytest.raises(SystemExit) as end:
        fcm_push(read_settings(Settings))
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("FCM_CREDENTIALS is not a Google service account's JSON key")
    assert "secret-text" not in message


@pytest.fixture
def aws_region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.mark.usefixtures("aws_region")
def test_configured_mail_server_is_used(environment):
    assert isinstance(email_provider(read_settings(Settings)), ProtectedProvider)
    environment.setenv("SMTP_URL", "smtps://mail.test")
    assert isinstance(email_provider(read_settings(Settings)), Failover)


@pytest.mark.usefixtures("aws_region")
def test_bad_mail_server_stays_secret(environment, capsys):
    environment.setenv("SMTP_URL", "http://ada:secret-text@mail.test")
    with pytest.raises(SystemExit) as end:
        email_provider(read_settings(Settings))
    assert end.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("SMTP_URL must be the address of a mail server: smtps")
    assert "secret-text" not in message


def test_link_address_requires_a_key(environment, capsys):
    assert unsubscription_of(read_settings(Settings), NO_DATABASE) is None
    environment.setenv("UNSUBSCRIBE_URL", "https://herald.test/unsubscribe")
    with pytest.raises(SystemExit) as end:
        unsubscription_of(read_settings(Settings), NO_DATABASE)
    assert end.value.code == 2
    sentence = "UNSUBSCRIBE_URL requires UNSUBSCRIBE_KEY.\n"
    assert capsys.readouterr().err == sentence
    environment.setenv("UNSUBSCRIBE_KEY", "secret-text" * 3)
    made = unsubscription_of(read_settings(Settings), NO_DATABASE)
    assert made is not None
    assert str(made.link("ada")).startswith("https://herald.test/unsubscribe?token=YWRh.")
    assert "secret-text" not in repr(read_settings(Settings))


def test_short_link_key_stays_secret(environment, capsys):
    environment.setenv("UNSUBSCRIBE_KEY", "secret-text")
    with pytest.raises(SystemExit):
        read_settings(Settings)
    message = capsys.readouterr().err
    assert message.startswith("These have a wrong value: UNSUBSCRIBE_KEY")
    assert "secret-text" not in message
