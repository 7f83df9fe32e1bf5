"""Creates also the types that the stand-in plugin of AWS only plans: those of a foundation.

`python foundation_types.py aws FOLDER` serves the plugin.
Some exist in the emulator, because AWS has rules for their names or their removal. The others are
files in a folder.
"""

import json
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from plugins.aws.package import AwsPackage, Rehearsed, served_type
from plugins.aws.resource import AwsResource
from plugins.comparison import Form
from plugins.rehearsal import rehearsed_type
from plugins.sdk_messages import open_messages
from plugins.serving import serve
from plugins.values import Properties
from review.simulation.simulated_outputs import outputs_of


@dataclass(frozen=True)
class Emulated:
    """Names the operations of a type, and the parameters of its creation by their properties."""

    service: str
    create: str
    parameters: dict[str, str]
    created: str  # path of the id in the answer
    delete: str
    key: str  # parameter of the deletion


EMULATED = {
    "Vpc": Emulated(
        "ec2", "create_vpc", {"cidrBlock": "CidrBlock"}, "Vpc.VpcId", "delete_vpc", "VpcId"
    ),
    "Subnet": Emulated(
        "ec2",
        "create_subnet",
        {"vpcId": "VpcId", "cidrBlock": "CidrBlock", "availabilityZone": "AvailabilityZone"},
        "Subnet.SubnetId",
        "delete_subnet",
        "SubnetId",
    ),
    "Policy": Emulated(
        "iam",
        "create_policy",
        {"name": "PolicyName", "policy": "PolicyDocument"},
        "Policy.Arn",
        "delete_policy",
        "PolicyArn",
    ),
    "OpenIdConnectProvider": Emulated(
        "iam",
        "create_open_id_connect_provider",
        {"url": "Url", "clientIdLists": "ClientIDList"},
        "OpenIDConnectProviderArn",
        "delete_open_id_connect_provider",
        "OpenIDConnectProviderArn",
    ),
}


class Kept(Rehearsed):
    """Keeps the properties of a resource in a file, also of one in the emulator."""

    folder: ClassVar[Path]

    @classmethod
    def form(cls, name: str) -> Form:
        return "partial"  # AWS adds members

    @property
    def kind(self) -> str:
        return self.token.rpartition(":")[2]

    def file(self, resource_id: str) -> Path:
        return self.folder / f"{self.kind}.{resource_id.replace('/', '.')}.json"

    def create(self, inputs: Properties) -> str:
        unique = uuid.uuid4().hex[:8]
        inputs = {"name": f"made-{unique}", **inputs} if "name" in self.served else inputs
        resource_id = self.create_emulated(inputs) or f"{self.kind.lower()}-{unique}"
        self.file(resource_id).write_text(json.dumps(outputs_of(self.token, unique, inputs)))
        return resource_id

    def create_emulated(self, inputs: Properties) -> str | None:
        if self.kind not in EMULATED:
            return None
        type_ = EMULATED[self.kind]
        request = {type_.parameters[key]: inputs[key] for key in type_.parameters if key in inputs}
        answer: Any = self.call(type_.create, type_.service, **request)
        for name in type_.created.split("."):
            answer = answer[name]
        return str(answer)

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        found: Properties = json.loads(self.file(resource_id).read_text())
        return found

    def update(self, resource_id: str, state: Properties, inputs: Properties, changed: Any) -> None:
        found = self.find_outputs(resource_id, state) or {}
        self.file(resource_id).write_text(json.dumps({**found, **inputs}))

    def delete(self, resource_id: str, state: Properties) -> None:
        if type_ := EMULATED.get(self.kind):
            self.call(type_.delete, type_.service, **{type_.key: resource_id})
        self.file(resource_id).unlink()


class Bucket(Kept):
    """Keeps a bucket with versions in the emulator, which deletes empty buckets only."""

    def create_emulated(self, inputs: Properties) -> str:
        name = str(inputs.get("bucket") or f"state-{uuid.uuid4().hex[:8]}")
        place = {"LocationConstraint": self.region}
        self.call("create_bucket", "s3", Bucket=name, CreateBucketConfiguration=place)
        versions = {"Status": "Enabled"}
        self.call("put_bucket_versioning", "s3", Bucket=name, VersioningConfiguration=versions)
        return name

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        found = super().find_outputs(resource_id, state) or {}
        return {**found, "bucket": resource_id, "arn": f"arn:aws:s3:::{resource_id}"}

    def delete(self, resource_id: str, state: Properties) -> None:
        if state.get("forceDestroy"):
            for each in self.call("list_object_versions", "s3", Bucket=resource_id)["Versions"]:
                named = {"Key": each["Key"], "VersionId": each["VersionId"]}
                self.call("delete_object", "s3", Bucket=resource_id, **named)
        self.call("delete_bucket", "s3", Bucket=resource_id)
        self.file(resource_id).unlink()


class FoundationPackage(AwsPackage):
    def resource_type(self, token: str) -> type[AwsResource]:
        base = Bucket if token == "aws:s3/bucket:Bucket" else Kept
        return served_type(token) or rehearsed_type(self.sdk, token, base)


if __name__ == "__main__":
    open_messages()
    Kept.folder = Path(sys.argv[2])
    serve(FoundationPackage())
