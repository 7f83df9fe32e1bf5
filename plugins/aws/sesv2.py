"""Manages settings of SES identities that only version 2 of its API has."""

from collections.abc import Collection

from plugins.aws.resource import AwsResource
from plugins.values import Properties


class EmailIdentityFeedbackAttributes(AwsResource):
    service = "sesv2"
    served = frozenset({"emailForwardingEnabled", "emailIdentity"})
    replaced_by = frozenset({"emailIdentity"})
    defaults = {"emailForwardingEnabled": False}
    missing = frozenset({"NotFoundException"})

    def create(self, inputs: Properties) -> str:
        self._put(inputs["emailIdentity"], inputs["emailForwardingEnabled"])
        return str(inputs["emailIdentity"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_email_identity", EmailIdentity=resource_id)
        if answer is None:
            return None
        forwarded = answer["FeedbackForwardingStatus"]
        return {"emailIdentity": resource_id, "emailForwardingEnabled": forwarded}

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self._put(resource_id, inputs["emailForwardingEnabled"])

    def delete(self, resource_id: str, state: Properties) -> None:
        """Turn forwarding off, as the official plugin does, unless the identity is gone."""
        self.find(
            "put_email_identity_feedback_attributes",
            EmailIdentity=resource_id,
            EmailForwardingEnabled=False,
        )

    def _put(self, identity: str, is_enabled: bool) -> None:
        self.call(
            "put_email_identity_feedback_attributes",
            EmailIdentity=identity,
            EmailForwardingEnabled=is_enabled,
        )
