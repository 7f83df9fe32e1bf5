import pulumi
import pytest
from herald_infra.email_sender import EmailSender, EmailSenderArgs
from herald_infra.topic import Topic, TopicArgs

ADDRESS = "reminders@example.org"
FEEDBACK = "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes"


def sending(args: EmailSenderArgs):
    def program() -> None:
        sender = EmailSender("mail", args)
        pulumi.export("statement", sender.send_statement("arn:template"))
        pulumi.export("account", sender.account_statement())

    return program


@pytest.fixture
def by_address(deploy):
    return deploy(sending(EmailSenderArgs(address=ADDRESS, event_topic_arn="arn:notifications")))


@pytest.fixture
def by_domain(deploy):
    args = EmailSenderArgs(
        address=ADDRESS, domain="example.org", event_topic_arn="arn:notifications"
    )
    return deploy(sending(args))


def test_an_address_is_verified(by_address):
    assert sorted((r.type, r.name) for r in by_address.resources) == [
        ("aws:ses/configurationSet:ConfigurationSet", "mail"),
        ("aws:ses/emailIdentity:EmailIdentity", "mail"),
        ("aws:ses/eventDestination:EventDestination", "mail"),
        (FEEDBACK, "mail"),
        ("herald:infra:EmailSender", "mail"),
    ]
    identity = by_address.one("aws:ses/emailIdentity:EmailIdentity")
    assert identity.inputs == {"email": ADDRESS}
    assert identity.parent == ("herald:infra:EmailSender", "mail")
    assert by_address.one("herald:infra:EmailSender").outputs == {
        "address": ADDRESS,
        "identity_arn": f"arn:aws:ses:eu-central-1:123456789012:identity/{ADDRESS}",
        "configuration_set": "mail-1a2b3c4",
        "dns_records": [],
    }


def test_a_domain_is_verified_with_signatures(by_domain):
    assert sorted((r.type, r.name) for r in by_domain.resources) == [
        ("aws:ses/configurationSet:ConfigurationSet", "mail"),
        ("aws:ses/domainDkim:DomainDkim", "mail"),
        ("aws:ses/domainIdentity:DomainIdentity", "mail"),
        ("aws:ses/eventDestination:EventDestination", "mail"),
        ("aws:ses/mailFrom:MailFrom", "mail"),
        (FEEDBACK, "mail"),
        ("herald:infra:EmailSender", "mail"),
    ]
    assert by_domain.one("aws:ses/domainIdentity:DomainIdentity").inputs == {
        "domain": "example.org"
    }
    assert by_domain.one("aws:ses/domainDkim:DomainDkim").inputs == {"domain": "example.org"}
    assert by_domain.one("aws:ses/mailFrom:MailFrom").inputs == {
        "domain": "example.org",
        "mailFromDomain": "bounces.example.org",
    }
    keys = [
        {
            "name": f"token-{n}._domainkey.example.org",
            "type": "CNAME",
            "value": f"token-{n}.dkim.amazonses.com",
        }
        for n in (1, 2, 3)
    ]
    assert by_domain.one("herald:infra:EmailSender").outputs["dns_records"] == [
        *keys,
        {
            "name": "bounces.example.org",
            "type": "MX",
            "value": "10 feedback-smtp.eu-central-1.amazonses.com",
        },
        {
            "name": "bounces.example.org",
            "type": "TXT",
            "value": '"v=spf1 include:amazonses.com ~all"',
        },
    ]


def test_ses_emails_no_feedback(by_address, by_domain):
    for deployment, identity in ((by_address, ADDRESS), (by_domain, "example.org")):
        assert deployment.one(FEEDBACK).inputs == {
            "emailForwardingEnabled": False,
            "emailIdentity": identity,
        }


def test_emails_use_tls_and_report_outcomes(by_address):
    assert by_address.one("aws:ses/configurationSet:ConfigurationSet").inputs == {
        "deliveryOptions": {"tlsPolicy": "Require"},
        "reputationMetricsEnabled": True,
    }
    assert by_address.one("aws:ses/eventDestination:EventDestination").inputs == {
        "configurationSetName": "mail-1a2b3c4",
        "enabled": True,
        "matchingTypes": [
            "send",
            "bounce",
            "complaint",
            "delivery",
            "reject",
            "renderingFailure",
        ],
        "snsDestination": {"topicArn": "arn:notifications"},
    }


@pytest.mark.parametrize("sender", ["by_address", "by_domain"])
def test_sending_is_granted_from_one_address(request, sender):
    """In its sandbox SES asks for the recipient's identity, too."""
    assert request.getfixturevalue(sender).exports["statement"] == {
        "Effect": "Allow",
        "Action": ["ses:SendEmail", "ses:SendTemplatedEmail"],
        "Resource": [
            "arn:aws:ses:eu-central-1:123456789012:identity/*",
            "arn:aws:ses:eu-central-1:123456789012:configuration-set/mail-1a2b3c4",
            "arn:template",
        ],
        "Condition": {"StringEquals": {"ses:FromAddress": ADDRESS}},
    }


def test_account_is_read_without_narrower_resource(by_address):
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html"""
    assert by_address.exports["account"] == {
        "Effect": "Allow",
        "Action": ["ses:GetAccount"],
        "Resource": ["*"],
    }


def test_address_of_another_domain_is_refused():
    with pytest.raises(ValueError, match=r"must end in @example.com, .* 'reminders@example.org'"):
        EmailSenderArgs(address=ADDRESS, domain="example.com", event_topic_arn="arn:topic")


def test_notices_start_after_the_topic_policy(deploy):
    """SES tries the topic, and refuses one that it may not publish to."""

    def program() -> None:
        topic = Topic("told", TopicArgs(kms_key_arn="arn:key", publishers=["ses.amazonaws.com"]))
        EmailSender("mail", EmailSenderArgs(address=ADDRESS, event_topic_arn=topic.arn))

    destination = deploy(program).one("aws:ses/eventDestination:EventDestination")
    assert ("aws:sns/topicPolicy:TopicPolicy", "told") in destination.depends_on
