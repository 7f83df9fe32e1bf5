from herald_infra.email_template import EmailTemplate, EmailTemplateArgs


def test_the_template(deploy):
    texts = EmailTemplateArgs(subject="{{message}}", html="<p>{{message}}</p>", text="{{message}}")
    deployment = deploy(lambda: EmailTemplate("reminder", texts))
    template = deployment.one("aws:ses/template:Template")
    assert template.inputs == {
        "subject": "{{message}}",
        "html": "<p>{{message}}</p>",
        "text": "{{message}}",
    }
    assert template.parent == ("herald:infra:EmailTemplate", "reminder")
    assert deployment.one("herald:infra:EmailTemplate").outputs == {
        "name": "reminder-1a2b3c4",
        "arn": "arn:aws:ses:eu-central-1:123456789012:template/reminder-1a2b3c4",
    }
