"""A topic in the clear, a queue that forgets, a role that may do anything."""

import json

from pulumi_aws import iam, sns, sqs

sns.Topic("open")
sqs.Queue("forgetful", sqs_managed_sse_enabled=False, tags={"owner": "nobody"})
everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
statements = {"Version": "2012-10-17", "Statement": [everything]}
iam.RolePolicy("mighty", role="mighty", policy=json.dumps(statements))
