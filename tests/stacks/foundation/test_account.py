"""What a new account gets, and what the role that deploys may do in it."""

import json
import re
from collections import Counter

import pytest
import yaml

from stacks.config.services import MAX_NAME, find_services
from stacks.foundation.deploy_actions import KEYS as KEY_ACTIONS
from stacks.foundation.deployment import ATTACHED, SYSTEM, TAKERS
from stacks.foundation.observation import is_read
from stacks.outputs.foundation import FoundationOutputs
from stacks.platform.alerting import scrape_configuration
from tests.stacks import stack_files as platform_files
from tests.stacks.foundation.conftest import deployed
from tests.stacks.foundation.stack_files import CLOUD, config_of

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
# What makes a resource of each type of the platform.
CREATES = {
    "aws:acm/certificate:Certificate": "acm:RequestCertificate",
    "aws:acm/certificateValidation:CertificateValidation": "acm:DescribeCertificate",
    "aws:amp/alertManagerDefinition:AlertManagerDefinition": "aps:CreateAlertManagerDefinition",
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace": "aps:CreateRuleGroupsNamespace",
    "aws:cloudwatch/dashboard:Dashboard": "cloudwatch:PutDashboard",
    "aws:cloudwatch/logGroup:LogGroup": "logs:CreateLogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:PutMetricAlarm",
    "aws:dynamodb/table:Table": "dynamodb:CreateTable",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "ecr:PutLifecyclePolicy",
    "aws:ecr/repository:Repository": "ecr:CreateRepository",
    "aws:iam/role:Role": "iam:CreateRole",
    "aws:iam/rolePolicy:RolePolicy": "iam:PutRolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "iam:AttachRolePolicy",
    "aws:kms/alias:Alias": "kms:CreateAlias",
    "aws:kms/key:Key": "kms:CreateKey",
    "aws:lambda/function:Function": "lambda:CreateFunction",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        "lambda:PutFunctionEventInvokeConfig"
    ),
    "aws:rds/instance:Instance": "rds:CreateDBInstance",
    "aws:rds/parameterGroup:ParameterGroup": "rds:CreateDBParameterGroup",
    "aws:rds/subnetGroup:SubnetGroup": "rds:CreateDBSubnetGroup",
    "aws:route53/record:Record": "route53:ChangeResourceRecordSets",
    "aws:scheduler/schedule:Schedule": "scheduler:CreateSchedule",
    "aws:ses/configurationSet:ConfigurationSet": "ses:CreateConfigurationSet",
    "aws:ses/domainDkim:DomainDkim": "ses:VerifyDomainDkim",
    "aws:ses/domainIdentity:DomainIdentity": "ses:VerifyDomainIdentity",
    "aws:ses/eventDestination:EventDestination": "ses:CreateConfigurationSetEventDestination",
    "aws:ses/mailFrom:MailFrom": "ses:SetIdentityMailFromDomain",
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": (
        "ses:PutEmailIdentityFeedbackAttributes"
    ),
    "aws:ses/template:Template": "ses:CreateTemplate",
    "aws:sns/topic:Topic": "sns:CreateTopic",
    "aws:sns/topicPolicy:TopicPolicy": "sns:SetTopicAttributes",
    "aws:sns/topicSubscription:TopicSubscription": "sns:Subscribe",
    "aws:sqs/queue:Queue": "sqs:CreateQueue",
    "aws:sqs/queuePolicy:QueuePolicy": "sqs:SetQueueAttributes",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": "sqs:SetQueueAttributes",
}


# What the provider and AWS ask for on the way, and on which resource.
ASKED = {
    "cloudwatch:DescribeAlarms": "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:*",
    "ec2:DescribeAvailabilityZones": "*",
    "ec2:DescribeVpcAttribute": "arn:aws:ec2:eu-central-1:111122223333:vpc/*",
    "kms:Encrypt": "arn:aws:kms:eu-central-1:111122223333:key/*",
    "kms:ReEncryptFrom": "arn:aws:kms:eu-central-1:111122223333:key/*",
    "kms:ReEncryptTo": "arn:aws:kms:eu-central-1:111122223333:key/*",
    "lambda:GetFunctionConfiguration": "arn:aws:lambda:eu-central-1:111122223333:function:dev-*",
    "rds:DescribeDBInstances": "arn:aws:rds:eu-central-1:111122223333:db:*",
}


def statements(text):
    return json.loads(text)["Statement"]


def actions(given):
    return {action for each in given for action in each["Action"]}


def granted(deployment, stack, purpose):
    """Return the statements of all policies of one role, in the order of the policies' names."""
    policies = {each.name: each.inputs["policy"] for each in deployment.all(POLICY)}
    own = sorted(name for name in policies if name.startswith(f"herald-{stack}-{purpose}-"))
    return [statement for name in own for statement in statements(policies[name])]


@pytest.fixture
def deploying(foundation):
    return granted(foundation("dev"), "dev", "deploy")


@pytest.fixture
def comparing(foundation):
    return granted(foundation("dev"), "dev", "drift")


@pytest.fixture
def bounds(foundation):
    return statements(foundation("dev").one(POLICY, "herald-dev-services").inputs["policy"])


@pytest.mark.parametrize("stack", CLOUD)
def test_outputs_match_those_the_platform_reads(foundation, stack):
    outputs = FoundationOutputs.model_validate(foundation(stack).exports)
    config = config_of(stack)
    assert (outputs.account, outputs.region) == (config.account, "eu-central-1")
    assert outputs.cluster_name == f"herald-{stack}"
    assert len(outputs.database_subnet_ids) == len(config.network.zones)
    assert outputs.database_security_group_id != outputs.function_security_group_id
    assert foundation(stack).secret_exports == frozenset()


def test_only_nodes_and_functions_reach_database(foundation):
    deployment = foundation("dev")
    rules = {each.name: each.inputs for each in deployment.all(INGRESS)}
    shared = {
        "securityGroupId": deployment.exports["database_security_group_id"],
        "ipProtocol": "tcp",
        "fromPort": 5432,
        "toPort": 5432,
    }
    assert rules == {
        "herald-dev-database-nodes": {
            **shared,
            "referencedSecurityGroupId": "sg-herald-dev",
            "description": "PostgreSQL from nodes",
        },
        "herald-dev-database-functions": {
            **shared,
            "referencedSecurityGroupId": deployment.exports["function_security_group_id"],
            "description": "PostgreSQL from functions",
        },
    }
    out = {
        (each.inputs["securityGroupId"], each.inputs["fromPort"]) for each in deployment.all(EGRESS)
    }
    function = deployment.exports["function_security_group_id"]
    assert out == {(function, 5432), (function, 443)}


def test_cluster_admits_engineers_and_deploy_role(foundation):
    made = foundation("dev").all("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    assert {
        each.inputs["principalArn"]: each.inputs["policyArn"].rpartition("/")[2] for each in made
    } == {
        "arn:aws:iam::111122223333:role/engineers": "AmazonEKSClusterAdminPolicy",
        foundation("dev").exports["deploy_role_arn"]: "AmazonEKSClusterAdminPolicy",
        foundation("dev").exports["drift_role_arn"]: "AmazonEKSAdminViewPolicy",
    }


@pytest.mark.parametrize(("purpose", "ending"), [("deploy", ""), ("drift", "-drift")])
@pytest.mark.parametrize("stack", CLOUD)
def test_workflows_take_roles_in_their_environments(foundation, stack, purpose, ending):
    role = foundation(stack).one("aws:iam/role:Role", f"herald-{stack}-{purpose}").inputs
    [trust] = statements(role["assumeRolePolicy"])
    branch = {"dev": "development", "staging": "master", "prod": "production"}[stack]
    subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == f"repo:acme/herald:environment:{branch}{ending}"


@pytest.mark.parametrize("stack", CLOUD)
def test_deploy_role_may_create_the_platform(foundation, platform, stack):
    types = {each.type for each in platform(stack).resources if each.type.startswith("aws:")}
    assert types <= CREATES.keys()
    allowed = actions(granted(foundation(stack), stack, "deploy"))
    assert {CREATES[each] for each in types} <= allowed


def test_drift_role_may_only_read(deploying, comparing):
    updating = [each for each in deploying if each.get("Sid") != "ChecksOfTheAccount"]
    assert {action for action in actions(updating) if is_read(action)} <= actions(comparing)
    rest = {action for action in actions(comparing) if not is_read(action)}
    assert rest == {"kms:Decrypt"}  # of the state, and of the password that the program asks for
    decrypting = [each for each in comparing if "kms:Decrypt" in each["Action"]]
    assert [each.get("Condition", {}).get("StringEquals") for each in decrypting] == [
        {
            "aws:ResourceTag/system": SYSTEM,
            "kms:ViaService": "secretsmanager.eu-central-1.amazonaws.com",
        },
        None,
    ]


@pytest.mark.parametrize("action", ASKED)
def test_deploy_role_may_look_up(deploying, action):
    allowed = [each["Resource"] for each in deploying if action in each["Action"]]
    assert any(ASKED[action] in resources for resources in allowed)


@pytest.mark.parametrize("stack", CLOUD)
def test_deploy_role_may_create_log_groups(foundation, platform, stack):
    deploying = granted(foundation(stack), stack, "deploy")
    [groups] = [each for each in deploying if "logs:CreateLogGroup" in each["Action"]]
    beginnings = tuple(
        each.partition("log-group:")[2].removesuffix("*") for each in groups["Resource"]
    )
    assert {"logs:AssociateKmsKey", "logs:PutRetentionPolicy"} <= {*groups["Action"]}
    made = platform(stack).all("aws:cloudwatch/logGroup:LogGroup")
    names = [each.inputs.get("name") or each.name for each in made]
    assert f"/aws/rds/instance/{stack}-postgres/postgresql" in names
    assert [name for name in names if not name.startswith(beginnings)] == []


def test_no_statement_names_whole_services(deploying, bounds):
    for action in actions(deploying) | actions(bounds):
        assert re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action), action


def test_only_resourceless_actions_apply_to_all(deploying, bounds):
    everywhere = [each for each in [*deploying, *bounds] if each["Resource"] == ["*"]]
    assert [each["Sid"] for each in everywhere] == [
        "ChecksOfTheAccount",
        "WithoutResources",
        "FunctionsInTheNetwork",
        "SendingRateOfTheAccount",
    ]
    assert all("*" not in each["Resource"] or each in everywhere for each in [*deploying, *bounds])


def test_whoever_deploys_cannot_give_itself_more(deploying):
    """Roles are made with the boundary alone, and only those that begin with the prefix."""
    own = ["arn:aws:iam::111122223333:role/dev-*"]
    for each in deploying:
        granting = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"}
        if granting & {*each["Action"]}:
            assert each["Resource"] == own
            bound = each["Condition"]["ArnEquals"]["iam:PermissionsBoundary"]
            assert bound.endswith(":policy/herald-dev-services-1a2b3c4")
        writes = {*each["Action"]} - {"iam:GetRole", "iam:SimulatePrincipalPolicy"}
        if any(action.startswith("iam:") for action in writes):
            linked = "arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/"
            assert each["Resource"] == own or each["Resource"][0].startswith(linked)
    assert "iam:DeleteRolePermissionsBoundary" not in actions(deploying)
    assert "iam:CreatePolicyVersion" not in actions(deploying)


def test_keys_are_recognized_by_tag(deploying):
    tag = {"aws:ResourceTag/system": SYSTEM}
    keys = [each for each in deploying if each["Resource"] == [KEYS]]
    assert {action: each["Condition"] for each in keys for action in each["Action"]} == {
        **{f"kms:{name}": {"StringEquals": tag} for name in KEY_ACTIONS},
        **{f"kms:{name}Alias": {"StringEquals": tag} for name in ("Create", "Update", "Delete")},
        "kms:TagResource": {"StringEqualsIfExists": {**tag, "aws:RequestTag/system": SYSTEM}},
        "kms:UntagResource": {
            "StringEquals": tag,
            "ForAllValues:StringNotEquals": {"aws:TagKeys": ["system"]},
        },
    }
    assert platform_files.written("dev")["aws:defaultTags"]["tags"]["system"] == SYSTEM


KEYS = "arn:aws:kms:eu-central-1:111122223333:key/*"


def test_updates_change_descriptions(deploying):
    """The provider has an action of its own for a description of a role or key."""
    assert {"iam:UpdateRoleDescription", "kms:UpdateKeyDescription"} <= actions(deploying)


@pytest.mark.parametrize("stack", CLOUD)
def test_boundary_allows_the_services_work(foundation, platform, stack):
    bounds = foundation(stack).one(POLICY, f"herald-{stack}-services").inputs["policy"]
    needed = [
        statement
        for each in platform(stack).all(ROLE_POLICY)
        for statement in statements(each.inputs["policy"])
    ]
    assert actions(needed) <= actions(statements(bounds))


@pytest.mark.parametrize("stack", CLOUD)
def test_roles_get_only_permitted_policies(platform, stack):
    attached = platform(stack).all(ATTACHMENT)
    assert {each.inputs["policyArn"] for each in attached} <= {*ATTACHED}
    trusts = [
        statement["Principal"]
        for each in platform(stack).all("aws:iam/role:Role")
        for statement in statements(each.inputs["assumeRolePolicy"])
    ]
    assert {each["Service"] for each in trusts if "Service" in each} <= {*TAKERS}


@pytest.mark.parametrize("stack", CLOUD)
def test_policies_fit_five_more_services(deploy, monkeypatch, stack):
    """Queues, tables and databases have the platform's prefix; repositories have none."""
    own = {f"{number}".rjust(MAX_NAME, "s"): None for number in range(5)}
    monkeypatch.setattr(
        "stacks.foundation.deployment.find_services", lambda: {**find_services(), **own}
    )
    made = deployed(deploy, stack)
    policies = {each.name: re.sub(r"\s", "", each.inputs["policy"]) for each in made.all(POLICY)}
    assert all(name in policies[f"herald-{stack}-deploy-images"] for name in own)
    longest = max(policies, key=lambda name: len(policies[name]))
    assert len(policies[longest]) <= 6_144, longest  # IAM does not count white space
    roles = Counter(each.inputs["role"] for each in made.all(ATTACHMENT))
    assert max(roles.values()) <= 10


@pytest.mark.parametrize("stack", CLOUD)
def test_collector_reads_private_cluster_endpoint(foundation, stack):
    deployment = foundation(stack)
    scraper = deployment.one("aws:amp/scraper:Scraper").inputs
    cluster = deployment.one("aws:eks/cluster:Cluster")
    assert cluster.inputs["vpcConfig"]["endpointPrivateAccess"] is True
    assert scraper["source"]["eks"] == {
        "clusterArn": cluster.outputs["arn"],
        "subnetIds": cluster.inputs["vpcConfig"]["subnetIds"],
        "securityGroupIds": [cluster.outputs["vpcConfig"]["clusterSecurityGroupId"]],
    }
    pods = {"kubernetes_sd_configs": [{"role": "pod"}]}
    assert yaml.safe_load(scraper["scrapeConfiguration"]) == scrape_configuration(pods, "30s")


def test_deploy_role_changes_own_workspace_rules(foundation, deploying):
    workspace = foundation("dev").one("aws:amp/workspace:Workspace").outputs["arn"]
    [rules] = [each for each in deploying if "aps:CreateRuleGroupsNamespace" in each["Action"]]
    assert rules["Resource"] == [
        workspace,
        "arn:aws:aps:eu-central-1:111122223333:rulegroupsnamespace/*/dev-*",
    ]
    assert not {action for action in rules["Action"] if "Workspace" in action}


def test_gateway_rights_end_at_zone(foundation):
    certificates = ["arn:aws:acm:eu-central-1:777788889999:certificate/*"]
    zone = [f"arn:aws:route53:::hostedzone/{config_of('prod').zone.id}"]
    new = {"StringEquals": {"aws:RequestTag/system": SYSTEM}}
    own = {"StringEquals": {"aws:ResourceTag/system": SYSTEM}}
    policy = foundation("prod").one(POLICY, "herald-prod-deploy-gateway").inputs["policy"]
    assert [
        (each["Action"], each["Resource"], each.get("Condition")) for each in statements(policy)
    ] == [
        (["acm:DescribeCertificate", "acm:ListTagsForCertificate"], certificates, None),
        (["acm:RequestCertificate"], ["*"], new),
        (["acm:AddTagsToCertificate"], certificates, new),
        (["acm:DeleteCertificate"], certificates, own),
        (
            [
                "route53:GetHostedZone",
                "route53:ListResourceRecordSets",
                "route53:ChangeResourceRecordSets",
            ],
            zone,
            None,
        ),
        (["route53:GetChange"], ["arn:aws:route53:::change/*"], None),
    ]
    assert "acm:RequestCertificate" not in actions(granted(foundation("prod"), "prod", "drift"))
    assert foundation("dev").exports.get("zone") is None
    assert "acm:RequestCertificate" not in actions(granted(foundation("dev"), "dev", "deploy"))
