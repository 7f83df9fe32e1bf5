"""An e-mail template that a service fills in when it sends."""

from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ses


@dataclass(frozen=True, kw_only=True)
class EmailTemplateArgs:
    """Texts in SES's template language: `{{message}}` stands for the value of `message`."""

    subject: Input[str]
    html: Input[str]
    text: Input[str]  # for readers that show no HTML


class EmailTemplate(pulumi.ComponentResource):
    """An SES template; services name it by the output `name`."""

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
