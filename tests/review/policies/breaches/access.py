"""Roles and what they allow."""

from tests.review.policies.breaches.breach import Breach
from tests.review.policies.sound_resources import READ, admit, document

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"


ACCESS = [
    Breach(
        "access-names-actions",
        ROLE_POLICY,
        {"policy": document({**READ, "Action": "sqs:*"})},
        "statement Read allows sqs:*; name the actions",
    ),
    Breach(
        "access-names-actions",
        ROLE,
        {"inlinePolicies": [{"policy": document({**READ, "NotAction": "iam:*"})}]},
        "statement Read allows all actions but some; name the actions",
    ),
    Breach(
        "access-names-resources",
        ROLE_POLICY,
        {"policy": document({**READ, "Resource": ["*"]})},
        "statement Read allows sqs:ReceiveMessage on *; name the resources",
    ),
    Breach(
        "access-names-resources",
        ROLE_POLICY,
        {
            "policy": document(
                {
                    **READ,
                    "Action": ["kms:CreateKey", "kms:Decrypt"],
                    "Resource": "*",
                    "Condition": {"StringEquals": {"aws:ResourceTag/system": "herald"}},
                }
            )
        },
        "statement Read allows kms:Decrypt on *; name the resources",
    ),
    Breach(
        "role-taken-by-someone",
        ROLE,
        {"assumeRolePolicy": document(admit({"AWS": "*"}))},
        "statement Admit lets everyone assume the role; name the principals",
    ),
    Breach(
        "role-taken-by-someone",
        ROLE,
        {"assumeRolePolicy": document(admit({"Federated": "arn:issuer"}))},
        "statement Admit lets every identity of arn:issuer assume the role",
    ),
    Breach(
        "access-not-broad",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"},
        "policyArn is arn:aws:iam::aws:policy/AmazonSQSFullAccess; write a narrower policy",
    ),
    Breach(
        "role-not-broad",
        ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        "policyArn is arn:aws:iam::aws:policy/AdministratorAccess; write a narrower policy",
    ),
    Breach(
        "no-lasting-keys",
        "aws:iam/accessKey:AccessKey",
        {},
        "aws:iam/accessKey:AccessKey is not allowed; use a role",
    ),
]
