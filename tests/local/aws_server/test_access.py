"""Roles of the emulator, as pods assume and use them."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import jwt
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.emulator import aws_emulator
from tests.local.aws_server.conftest import REGION

pytestmark = pytest.mark.integration

ACCOUNT = "123456789012"
ISSUER = "kubernetes.default.svc.cluster.local"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
ACCOUNT_NAME = "system:serviceaccount:shop:orders"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/orders/pod"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = tmp_path_factory.mktemp("cluster") / "issuer.json"
    keys = [{**json.loads(RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "1", "alg": "RS256"}]
    file.write_text(json.dumps({"issuer": f"https://{ISSUER}", "keys": keys}))
    with aws_emulator("--issuer", str(file)) as url:
        yield url


def token(key: rsa.RSAPrivateKey = KEY, kid: str = "1", **claims: Any) -> str:
    valid = {
        "iss": f"https://{ISSUER}",
        "aud": ["sts.amazonaws.com"],
        "sub": ACCOUNT_NAME,
        "exp": time.time() + 60,
    }
    return jwt.encode({**valid, **claims}, key, "RS256", {"kid": kid})


@pytest.fixture
def orders(aws: Callable[[str], Any]) -> Any:
    """A role for the service account of `orders`, without permissions."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": "sts.amazonaws.com",
                f"{ISSUER}:sub": ACCOUNT_NAME,
            }
        },
    }
    iam = aws("iam")
    iam.create_role(RoleName="orders", AssumeRolePolicyDocument=document(trust))
    return iam


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(iam: Any, actions: list[str], resources: list[str], **more: Any) -> None:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources, **more}
    iam.put_role_policy(RoleName="orders", PolicyName="orders", PolicyDocument=document(statement))


def assume(aws: Callable[[str], Any], web_identity_token: str, role: str = "orders") -> Any:
    answer = aws("sts").assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
        RoleSessionName="pod",
        WebIdentityToken=web_identity_token,
    )
    return answer["Credentials"]


@pytest.fixture
def pod(aws: Callable[[str], Any], orders: Any, endpoint: str) -> Callable[[str], Any]:
    """Clients with the credentials of a pod of `orders`."""
    credentials = assume(aws, token())

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


def error_of(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    error: dict[str, Any] = raised.value.response["Error"]
    return error["Code"], error["Message"]


def refused(action: str, resource: str) -> str:
    return (
        f"User: {SESSION} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )


def test_service_account_assumes_its_role(pod):
    assert pod("sts").get_caller_identity()["Arn"] == SESSION


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        (
            {"sub": "system:serviceaccount:shop:invoices"},
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        ({"aud": "herald"}, "InvalidIdentityToken", "Incorrect token audience"),
        ({"exp": 1}, "ExpiredTokenException", "Token expired"),
        (
            {"iss": "https://elsewhere"},
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://elsewhere",
        ),
        (
            {"kid": "2"},
            "InvalidIdentityToken",
            "Couldn't retrieve verification key from your identity provider",
        ),
        (
            {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
            "InvalidIdentityToken",
            "The ID Token cannot be verified: Signature verification failed",
        ),
    ],
)
def test_other_tokens_assume_no_role(aws, orders, changes, code, message):
    assert error_of(assume, aws=aws, web_identity_token=token(**changes)) == (code, message)


def test_nonsense_assumes_no_role(aws, orders):
    assert error_of(assume, aws=aws, web_identity_token="nonsense") == (
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT.",
    )


def test_missing_role_is_not_assumed(aws, orders):
    code, _ = error_of(assume, aws=aws, web_identity_token=token(), role="invoices")
    assert code == "AccessDenied"


def test_role_without_policy_does_nothing(aws, pod):
    queue = aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    topic = aws("sns").create_topic(Name="orders")["TopicArn"]
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
    key = {"id": {"S": "1"}}
    assert {
        "sqs": error_of(pod("sqs").receive_message, QueueUrl=queue),
        "sns": error_of(pod("sns").publish, TopicArn=topic, Message="one"),
        "dynamodb": error_of(pod("dynamodb").get_item, TableName="orders", Key=key),
        "ses": error_of(pod("sesv2").get_account),
        "iam": error_of(pod("iam").get_role, RoleName="orders"),
    } == {
        "sqs": ("AccessDenied", refused("sqs:ReceiveMessage", QUEUE)),
        "sns": ("AuthorizationError", refused("sns:Publish", topic)),
        "dynamodb": ("AccessDeniedException", refused("dynamodb:GetItem", table)),
        "ses": ("AccessDeniedException", refused("ses:GetAccount", "*")),
        "iam": ("AccessDenied", refused("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/orders")),
    }


def test_batches_need_permission_of_one(aws, orders, pod):
    queue = aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    entries = [{"Id": "1", "MessageBody": "one"}]
    allow(orders, ["sqs:SendMessage"], [QUEUE])
    assert len(pod("sqs").send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 1


def test_customer_keys_need_permissions(aws, orders, pod):
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    queue = aws("sqs").create_queue(QueueName="orders", Attributes={"KmsMasterKeyId": key})
    send = {"QueueUrl": queue["QueueUrl"], "MessageBody": "one"}
    allow(orders, ["sqs:SendMessage"], [QUEUE])
    assert error_of(pod("sqs").send_message, **send) == (
        "KMS.AccessDeniedException",
        refused("kms:GenerateDataKey", key),
    )
    allow(orders, ["sqs:SendMessage", "kms:GenerateDataKey", "kms:Decrypt"], [QUEUE, key])
    pod("sqs").send_message(**send)


def test_index_is_a_resource(aws, orders, pod):
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
    allow(orders, ["dynamodb:Query"], [table])
    query = {
        "TableName": "orders",
        "IndexName": "by-day",
        "KeyConditionExpression": "d = :d",
        "ExpressionAttributeValues": {":d": {"S": "1"}},
    }
    assert error_of(pod("dynamodb").query, **query) == (
        "AccessDeniedException",
        refused("dynamodb:Query", f"{table}/index/by-day"),
    )


def test_sender_address_limits_emails(aws, orders, pod):
    ses = f"arn:aws:ses:{REGION}:{ACCOUNT}"
    aws("sesv2").create_email_identity(EmailIdentity="example.com")
    email = {
        "Destination": {"ToAddresses": ["ada@example.org"]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    }
    condition = {"StringEquals": {"ses:FromAddress": "shop@example.com"}}
    allow(orders, ["ses:SendEmail"], [f"{ses}:identity/*"], Condition=condition)
    assert error_of(pod("sesv2").send_email, FromEmailAddress="boss@example.com", **email) == (
        "AccessDeniedException",
        refused("ses:SendEmail", f"{ses}:identity/example.com"),
    )


def test_sandbox_asks_for_identity_of_recipient(aws, orders, pod):
    ses = f"arn:aws:ses:{REGION}:{ACCOUNT}"
    for identity in ("shop.example.com", "ada@example.org"):
        aws("sesv2").create_email_identity(EmailIdentity=identity)
    email = {
        "FromEmailAddress": "orders@shop.example.com",
        "Destination": {"ToAddresses": ["ada@example.org"]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    }
    aws("sesv2").put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://example.com", ProductionAccessEnabled=False
    )
    allow(orders, ["ses:SendEmail"], [f"{ses}:identity/shop.example.com"])
    assert error_of(pod("sesv2").send_email, **email) == (
        "AccessDeniedException",
        refused("ses:SendEmail", f"{ses}:identity/ada@example.org"),
    )


def test_policy_of_queue_denies_role(aws, orders, pod):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": QUEUE}
    attributes = {"Policy": document(deny)}
    queue = aws("sqs").create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]
    allow(orders, ["sqs:ReceiveMessage"], [QUEUE])
    assert error_of(pod("sqs").receive_message, QueueUrl=queue) == (
        "AccessDenied",
        f"User: {SESSION} is not authorized to perform: sqs:ReceiveMessage on resource: {QUEUE} "
        "with an explicit deny in a resource-based policy",
    )


@pytest.mark.parametrize("principal", [f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::9:root"])
def test_policy_of_key_admits_account(aws, orders, pod, principal):
    admit = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*"}
    own = document({**admit, "Resource": "*"})
    key = aws("kms").create_key(Policy=own)["KeyMetadata"]["Arn"]
    attributes = {"KmsMasterKeyId": key}
    queue = aws("sqs").create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]
    allow(orders, ["sqs:ReceiveMessage", "kms:Decrypt"], [QUEUE, key])
    if ACCOUNT in principal:
        assert "Messages" not in pod("sqs").receive_message(QueueUrl=queue)
        return
    assert error_of(pod("sqs").receive_message, QueueUrl=queue) == (
        "KMS.AccessDeniedException",
        f"User: {SESSION} is not authorized to perform: kms:Decrypt on resource: {key} "
        "because no resource-based policy allows the kms:Decrypt action",
    )


def test_boundary_limits_role(aws, orders, pod):
    queue = aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    boundary = document({"Effect": "Allow", "Action": "sns:*", "Resource": "*"})
    policy = orders.create_policy(PolicyName="bound", PolicyDocument=boundary)
    orders.put_role_permissions_boundary(
        RoleName="orders", PermissionsBoundary=policy["Policy"]["Arn"]
    )
    allow(orders, ["sqs:ReceiveMessage"], [QUEUE])
    assert error_of(pod("sqs").receive_message, QueueUrl=queue) == (
        "AccessDenied",
        refused("sqs:ReceiveMessage", QUEUE),
    )


def test_unknown_session_tokens_are_refused(aws, orders, endpoint):
    forged = boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="ASIA",
        aws_secret_access_key="none",
        aws_session_token="none",
    )
    assert error_of(forged.list_queues)[0] == "InvalidClientTokenId"


def test_report_names_unused_permissions(aws, orders, pod, endpoint):
    queue = aws("sqs").create_queue(QueueName="orders")["QueueUrl"]
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    allow(orders, ["sqs:ReceiveMessage", "sqs:DeleteMessage", "kms:Decrypt"], [QUEUE, key])
    pod("sqs").receive_message(QueueUrl=queue)
    report = httpx.get(f"{endpoint}/permissions").json()["permissions"]
    assert report == [
        {"principal": "orders", "action": "sqs:ReceiveMessage", "resource": QUEUE, "used": True},
        {"principal": "orders", "action": "sqs:DeleteMessage", "resource": QUEUE, "used": False},
        {"principal": "orders", "action": "kms:Decrypt", "resource": key, "used": False},
    ]


STATE = "arn:aws:s3:::state"


@pytest.fixture
def bucket(aws: Callable[[str], Any]) -> Any:
    place = {"LocationConstraint": REGION}
    aws("s3").create_bucket(Bucket="state", CreateBucketConfiguration=place)
    return aws("s3")


def test_role_writes_its_own_objects(orders: Any, pod: Callable[[str], Any], bucket: Any):
    allow(orders, ["s3:PutObject"], [f"{STATE}/herald/*"])
    s3 = pod("s3")
    s3.put_object(Bucket="state", Key="herald/dev.json", Body=b"{}")
    code, message = error_of(s3.put_object, Bucket="state", Key="foundation/dev.json", Body=b"{}")
    assert (code, message) == (
        "AccessDenied",
        f"User: {SESSION} is not authorized to perform: s3:PutObject on resource: "
        f"{STATE}/foundation/dev.json because no identity-based policy allows the s3:PutObject "
        "action",
    )
    assert error_of(s3.get_object, Bucket="state", Key="herald/dev.json")[0] == "AccessDenied"
    assert error_of(s3.list_objects_v2, Bucket="state")[0] == "AccessDenied"
    assert error_of(s3.list_buckets)[0] == "AccessDenied"
    assert error_of(s3.head_object, Bucket="state", Key="herald/dev.json")[0] == "403"


def test_bucket_policy_can_deny(orders: Any, pod: Callable[[str], Any], bucket: Any):
    allow(orders, ["s3:GetObject", "s3:ListBucket"], [STATE, f"{STATE}/*"])
    bucket.put_object(Bucket="state", Key="dev.json", Body=b"{}")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{STATE}/*"}
    plain = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    bucket.put_bucket_policy(Bucket="state", Policy=document(plain))
    s3 = pod("s3")
    assert s3.get_object(Bucket="state", Key="dev.json")["Body"].read() == b"{}"
    bucket.put_bucket_policy(Bucket="state", Policy=document(deny))
    code, message = error_of(s3.get_object, Bucket="state", Key="dev.json")
    assert code == "AccessDenied"
    assert message.endswith("with an explicit deny in a resource-based policy")
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="state")["Contents"]] == ["dev.json"]
