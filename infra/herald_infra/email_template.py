"""Creates e-mail templates that services fill in."""

from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ses


@dataclass(frozen=True, kw_only=True)
class EmailTemplateArgs:
    """Describes texts in the template language of SES, for example `{{message}}`."""

    subject: Input[str]
    html: Input[str]
    text: Input[str]  # for mail programs without HTML


class EmailTemplate(pulumi.ComponentResource):
    """Creates an SES template; services use its output `name`."""

    name: Output[str]
    arn: Output[str]

    def __init__(
        self, name: str, args: EmailTemplateArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:EmailTemplate", name, {}, opts)
        self.template = ses.Template(
            name,
            subject=args.subject,
            html=args.html,
            text=args.text,
            opts=ResourceOptions(parent=self),
        )
        self.name, self.arn = self.template.name, self.template.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
