"""Manages SES identities, templates and configuration sets."""

from collections.abc import Collection
from typing import Any

from plugins.aws.resource import AwsResource
from plugins.resource import AutoName
from plugins.values import Properties


class SesResource(AwsResource):
    service = "ses"
    served = frozenset[str]()
    missing = frozenset(
        {"ConfigurationSetDoesNotExist", "EventDestinationDoesNotExist", "NotFoundException"}
        | {"TemplateDoesNotExist"}
    )

    def verification(self, identity: str) -> dict[str, str] | None:
        answer = self.call("get_identity_verification_attributes", Identities=[identity])
        found: dict[str, str] | None = answer["VerificationAttributes"].get(identity)
        return found

    def delete_identity(self, identity: str) -> None:
        self.find("delete_identity", Identity=identity)


class Template(SesResource):
    named_by = "name"
    parts = {"html": "HtmlPart", "subject": "SubjectPart", "text": "TextPart"}
    served = frozenset({*parts, "name"})
    replaced_by = frozenset({"name"})
    auto_name = AutoName(maximum=64)

    def create(self, inputs: Properties) -> str:
        self.call("create_template", Template=self._template(inputs["name"], inputs))
        return str(inputs["name"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_template", TemplateName=resource_id)
        if answer is None:
            return None
        parts = {name: answer["Template"].get(part) for name, part in self.parts.items()}
        return {
            "name": resource_id,
            "arn": self.arn("ses", f"template/{resource_id}"),
            **{name: text for name, text in parts.items() if text},
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self.call("update_template", Template=self._template(resource_id, inputs))

    def delete(self, resource_id: str, state: Properties) -> None:
        # For a missing template, the emulator fails; SES does not.
        if self.find("get_template", TemplateName=resource_id) is not None:
            self.call("delete_template", TemplateName=resource_id)

    def _template(self, name: str, inputs: Properties) -> dict[str, Any]:
        request = {part: inputs[each] for each, part in self.parts.items() if inputs.get(each)}
        return {"TemplateName": name, **request}


class EmailIdentity(SesResource):
    named_by = "email"
    served = frozenset({"email"})
    replaced_by = frozenset({"email"})

    def create(self, inputs: Properties) -> str:
        self.call("verify_email_identity", EmailAddress=inputs["email"])
        return str(inputs["email"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        if self.verification(resource_id) is None:
            return None
        return {"email": resource_id, "arn": self.arn("ses", f"identity/{resource_id}")}

    def delete(self, resource_id: str, state: Properties) -> None:
        self.delete_identity(resource_id)


class DomainIdentity(SesResource):
    served = frozenset({"domain"})
    replaced_by = frozenset({"domain"})

    def create(self, inputs: Properties) -> str:
        self.call("verify_domain_identity", Domain=inputs["domain"])
        return str(inputs["domain"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.verification(resource_id)
        if answer is None:
            return None
        return {
            "domain": resource_id,
            "arn": self.arn("ses", f"identity/{resource_id}"),
            "verificationToken": answer["VerificationToken"],
        }

    def delete(self, resource_id: str, state: Properties) -> None:
        self.delete_identity(resource_id)


class DomainDkim(SesResource):
    served = frozenset({"domain"})
    replaced_by = frozenset({"domain"})

    def create(self, inputs: Properties) -> str:
        self.call("verify_domain_dkim", Domain=inputs["domain"])
        return str(inputs["domain"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        if self.verification(resource_id) is None:
            return None
        answer = self.call("get_identity_dkim_attributes", Identities=[resource_id])
        tokens = answer["DkimAttributes"].get(resource_id, {}).get("DkimTokens", [])
        return {"domain": resource_id, "dkimTokens": tokens}

    def delete(self, resource_id: str, state: Properties) -> None:
        """Do nothing: AWS removes DKIM with the identity."""


class MailFrom(SesResource):
    served = frozenset({"behaviorOnMxFailure", "domain", "mailFromDomain"})
    replaced_by = frozenset({"domain"})
    defaults = {"behaviorOnMxFailure": "UseDefaultValue"}

    def create(self, inputs: Properties) -> str:
        self._set(inputs)
        return str(inputs["domain"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.call("get_identity_mail_from_domain_attributes", Identities=[resource_id])
        found = answer["MailFromDomainAttributes"].get(resource_id, {})
        if not found.get("MailFromDomain"):
            return None
        return {
            "behaviorOnMxFailure": found["BehaviorOnMXFailure"],
            "domain": resource_id,
            "mailFromDomain": found["MailFromDomain"],
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self._set(inputs)

    def delete(self, resource_id: str, state: Properties) -> None:
        """Send from AWS's own domain again, unless the identity is gone."""
        if self.find_outputs(resource_id, state):
            self.call("set_identity_mail_from_domain", Identity=resource_id)

    def _set(self, inputs: Properties) -> None:
        self.call(
            "set_identity_mail_from_domain",
            Identity=inputs["domain"],
            MailFromDomain=inputs["mailFromDomain"],
            BehaviorOnMXFailure=inputs["behaviorOnMxFailure"],
        )


class ConfigurationSet(SesResource):
    """Manages configuration sets with version 2 of the API, which reports more than version 1."""

    named_by = "name"
    service = "sesv2"
    served = frozenset({"deliveryOptions", "name", "reputationMetricsEnabled", "sendingEnabled"})
    replaced_by = frozenset({"name"})
    defaults = {"reputationMetricsEnabled": False, "sendingEnabled": True}
    unreadable = frozenset({"sendingEnabled"})  # moto reports it incorrectly
    auto_name = AutoName(maximum=64)

    def create(self, inputs: Properties) -> str:
        self.call(
            "create_configuration_set",
            ConfigurationSetName=inputs["name"],
            ReputationOptions={"ReputationMetricsEnabled": inputs["reputationMetricsEnabled"]},
            SendingOptions={"SendingEnabled": inputs["sendingEnabled"]},
            DeliveryOptions=_delivery(inputs),
        )
        return str(inputs["name"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_configuration_set", ConfigurationSetName=resource_id)
        if answer is None:
            return None
        policy = answer.get("DeliveryOptions", {}).get("TlsPolicy")
        reputation = answer.get("ReputationOptions", {})
        return {
            "name": resource_id,
            "arn": self.arn("ses", f"configuration-set/{resource_id}"),
            "lastFreshStart": "",
            "reputationMetricsEnabled": reputation.get("ReputationMetricsEnabled", False),
            "deliveryOptions": {"tlsPolicy": policy.capitalize()} if policy else None,
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        name = resource_id
        if "reputationMetricsEnabled" in changed:
            self.call(
                "update_configuration_set_reputation_metrics_enabled",
                service="ses",
                ConfigurationSetName=name,
                Enabled=inputs["reputationMetricsEnabled"],
            )
        if "sendingEnabled" in changed:
            self.call(
                "put_configuration_set_sending_options",
                ConfigurationSetName=name,
                SendingEnabled=inputs["sendingEnabled"],
            )
        if "deliveryOptions" in changed:
            self.call(
                "put_configuration_set_delivery_options",
                ConfigurationSetName=name,
                **(_delivery(inputs) or {"TlsPolicy": "OPTIONAL"}),
            )

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_configuration_set", service="ses", ConfigurationSetName=resource_id)


def _delivery(inputs: Properties) -> dict[str, str]:
    policy = inputs.get("deliveryOptions", {}).get("tlsPolicy")
    return {"TlsPolicy": policy.upper()} if policy else {}


class EventDestination(SesResource):
    """Manages event destinations of configuration sets; only SNS topics are supported."""

    named_by = "name"
    served = frozenset(
        {"configurationSetName", "enabled", "matchingTypes", "name", "snsDestination"}
    )
    replaced_by = served
    defaults = {"enabled": False}
    forms = {"matchingTypes": "unordered"}
    auto_name = AutoName(maximum=64)

    def create(self, inputs: Properties) -> str:
        destination: dict[str, Any] = {
            "Name": inputs["name"],
            "Enabled": inputs["enabled"],
            "MatchingEventTypes": inputs["matchingTypes"],
        }
        if inputs.get("snsDestination"):
            destination["SNSDestination"] = {"TopicARN": inputs["snsDestination"]["topicArn"]}
        self.call(
            "create_configuration_set_event_destination",
            ConfigurationSetName=inputs["configurationSetName"],
            EventDestination=destination,
        )
        return str(inputs["name"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        configuration_set, _, name = resource_id.rpartition("/")  # the id of an import has both
        configuration_set = configuration_set or state.get("configurationSetName", "")
        answer = self.find(
            "describe_configuration_set",
            ConfigurationSetName=configuration_set,
            ConfigurationSetAttributeNames=["eventDestinations"],
        )
        destinations = (answer or {}).get("EventDestinations", [])
        found = [each for each in destinations if each["Name"] == name]
        return self._outputs(configuration_set, found[0]) if found else None

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find(
            "delete_configuration_set_event_destination",
            ConfigurationSetName=state["configurationSetName"],
            EventDestinationName=state["name"],
        )

    def _outputs(self, configuration_set: str, destination: dict[str, Any]) -> Properties:
        name, topic = destination["Name"], destination.get("SNSDestination", {}).get("TopicARN")
        path = f"configuration-set/{configuration_set}:event-destination/{name}"
        return {
            "arn": self.arn("ses", path),
            "configurationSetName": configuration_set,
            "enabled": destination.get("Enabled", False),
            "matchingTypes": destination["MatchingEventTypes"],
            "name": name,
            "snsDestination": {"topicArn": topic} if topic else None,
        }
