"""Each judge's words as findings; programs that answer as the real ones stand in for them."""

import json
import stat
from pathlib import Path

import pytest

from local.environment import Environment
from review.audit import admission, advisories, checkov, kube_score, parliament
from review.audit.findings import AuditError, Finding
from review.audit.manifests import manifests
from review.audit.programs import platform, simulate_secrets
from tests.review.audit.recording import recorded


def program(folder: Path, name: str, text: str, code: int = 0, error: str = "") -> Path:
    """Prints a text, whatever it is asked."""
    (folder / f"{name}.out").write_text(text)
    (folder / f"{name}.err").write_text(error)
    script = folder / name
    script.write_text(
        f"#!/bin/sh\ncat >/dev/null\ncat {folder}/{name}.out\n"
        f"cat {folder}/{name}.err >&2\nexit {code}\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


SCORES = [
    {
        "object_name": "Deployment/apps/v1/dev/web",
        "checks": [
            {"check": {"id": "well", "comment": ""}, "grade": 10, "skipped": False, "comments": []},
            {"check": {"id": "none", "comment": ""}, "grade": 1, "skipped": True, "comments": []},
            {
                "check": {"id": "limits", "comment": "Set limits"},
                "grade": 1,
                "skipped": False,
                "comments": [{"path": "web", "summary": "CPU limit is not set"}],
            },
            {
                "check": {"id": "probes", "comment": "Set probes"},
                "grade": 5,
                "skipped": False,
                "comments": None,
            },
        ],
    }
]


def test_imperfect_kube_score_grades_are_findings(tmp_path, monkeypatch):
    monkeypatch.setattr(kube_score, "PROGRAM", program(tmp_path, "score", json.dumps(SCORES), 1))
    verdict = kube_score.judge({"dev": [{"kind": "Deployment"}]})
    assert verdict.judged == "3 checks of 1 manifests"
    web = {"judge": "kube-score", "stack": "dev", "resource": "Deployment/apps/v1/dev/web"}
    assert verdict.findings == [
        Finding(rule="limits", problem="web: CPU limit is not set", **web),
        Finding(rule="probes", problem="Set probes", **web),
    ]


def test_unreadable_output_fails_the_judge(tmp_path, monkeypatch):
    silent = program(tmp_path, "silent", "", 1, "panic: no input")
    monkeypatch.setattr(kube_score, "PROGRAM", silent)
    with pytest.raises(AuditError, match="kube-score printed no JSON: panic: no input"):
        kube_score.judge({"dev": [{}]})
    monkeypatch.setattr(kube_score, "PROGRAM", program(tmp_path, "nothing", "null"))
    with pytest.raises(AuditError, match="kube-score checked none of its input"):
        kube_score.judge({"dev": [{}]})
    monkeypatch.setattr(checkov, "CHECKOV", silent)
    with pytest.raises(AuditError, match="checkov printed no JSON: panic: no input"):
        checkov.judge([])
    monkeypatch.setattr(parliament, "PROGRAM", silent)
    with pytest.raises(AuditError, match="parliament failed: panic: no input"):
        parliament.judge([])


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"passed": 0, "failed": 0}, "checkov checked none of its input"),
        ({"results": {"parsing_errors": ["dev.json"]}}, r"checkov could not read dev\.json"),
    ],
)
def test_resources_unread_by_checkov_fail(tmp_path, monkeypatch, report, reason):
    monkeypatch.setattr(checkov, "CHECKOV", program(tmp_path, "checkov", json.dumps(report)))
    with pytest.raises(AuditError, match=reason):
        checkov.judge([])


def test_missing_judge_is_reported(tmp_path, monkeypatch):
    for judge, name in ((checkov, "CHECKOV"), (parliament, "PROGRAM"), (kube_score, "PROGRAM")):
        monkeypatch.setattr(judge, name, tmp_path / "missing")
    with pytest.raises(AuditError, match="not installed; `make review/audit/.venv/ready`"):
        checkov.judge([])
    with pytest.raises(AuditError, match="parliament is not installed"):
        parliament.judge([])
    with pytest.raises(AuditError, match="kube-score is missing; run `make kube-score`"):
        kube_score.judge({"dev": [{}]})


ROLE_ARN = "arn:aws:iam::111122223333:role/web"
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def policy(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.integration
def test_parliament_judges_all_policy_documents():
    misspelt = {"Effect": "Allow", "Action": ["sqs:SendMesage"], "Resource": "arn:aws:sqs:::x"}
    public = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    shown = [
        *parliament.documents(
            "dev",
            [
                recorded("aws:iam/rolePolicy:RolePolicy", "web", {"policy": policy(misspelt)}),
                recorded(
                    "aws:iam/role:Role",
                    "web",
                    {"assumeRolePolicy": policy({**TRUST, "Principle": "*"})},
                    {"arn": ROLE_ARN},
                ),
                recorded("aws:sqs/queuePolicy:QueuePolicy", "web", {"policy": policy(public)}),
                recorded("aws:sqs/queue:Queue", "web", {}),
            ],
        )
    ]
    verdict = parliament.judge(shown)
    assert verdict.judged == "3 policy documents"
    assert {(each.rule, each.stack, each.resource) for each in verdict.findings} >= {
        ("UNKNOWN_ACTION", "dev", "RolePolicy web"),
        ("MALFORMED", "dev", "Role web"),
        ("RESOURCE_STAR", "dev", "QueuePolicy web"),
    }


def test_trust_document_belongs_to_its_role():
    role = recorded(
        "aws:iam/role:Role", "web", {"assumeRolePolicy": policy(TRUST)}, {"arn": ROLE_ARN}
    )
    [document] = parliament.documents("dev", [role])
    assert document.content["Statement"] == [{**TRUST, "Resource": ROLE_ARN}]


SAID = """\
Warning: would violate PodSecurity "restricted:latest": hostNetwork
Error from server (Forbidden): error when creating "STDIN": pods "web" is forbidden
Error from server (BadRequest): strict decoding error: unknown field "spec.replica"
deployment.apps/web serverside-applied (server dry run)
"""


def test_cluster_warnings_and_refusals_are_findings():
    assert [(each.rule, each.stack) for each in admission.findings("dev", SAID)] == [
        ("Warning", "dev"),
        ("Forbidden", "dev"),
        ("BadRequest", "dev"),
    ]


def test_unreachable_cluster_is_reported(tmp_path, monkeypatch):
    program(tmp_path, "kubectl", "", 1, "The connection to the server was refused")
    monkeypatch.setattr(
        Environment, "shell", lambda self: {"PATH": f"{tmp_path}:/usr/bin:/bin"}, raising=True
    )
    with pytest.raises(AuditError, match="does not answer: The connection to the server was ref"):
        admission.judge({"dev": []}, Environment())


def test_manifests_fit_the_audit_namespace():
    service = {
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "local"},
        "spec": {"ports": [{"port": 80, "nodePort": 30080}]},
    }
    moved = admission.move_to_namespace(service)
    assert moved["metadata"] == {"name": "web", "namespace": "herald-audit"}
    assert moved["spec"] == {"ports": [{"port": 80}]}
    assert service["metadata"]["namespace"] == "local"
    assert admission.move_to_namespace({"metadata": {"name": "prod"}}) == {
        "metadata": {"name": "prod"}
    }


JINJA = {"name": "jinja2", "version": "2.4.1"}
UNSAFE = {**JINJA, "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.11.3"]}]}
UNKNOWN = {**JINJA, "skip_reason": "not found on PyPI"}


def test_unsafe_packages_are_findings(tmp_path, monkeypatch):
    told = json.dumps({"dependencies": [UNSAFE]})
    monkeypatch.setattr(advisories, "PROGRAM", program(tmp_path, "pip-audit", told, 1))
    verdict = advisories.judge(tmp_path)
    assert verdict.judged == "5 packages of 5 lock files"
    assert verdict.skipped is None
    assert verdict.findings[0] == Finding(
        judge="pip-audit",
        rule="PYSEC-1",
        stack="development.lock",
        resource="jinja2",
        problem="2.4.1 is vulnerable; fixed in 2.11.3",
    )


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        (json.dumps({"dependencies": [UNKNOWN]}), "", "has no advisories, not even of jinja2"),
        (json.dumps({"dependencies": [{**JINJA, "vulns": []}]}), "", "it was given none"),
        ("", "Traceback\nConnectionError: no name", "pip-audit failed: ConnectionError: no name"),
    ],
)
def test_service_without_advisories_proves_nothing(tmp_path, monkeypatch, text, error, reason):
    monkeypatch.setattr(advisories, "PROGRAM", program(tmp_path, "pip-audit", text, 1, error))
    verdict = advisories.judge(tmp_path)
    assert verdict.skipped is not None
    assert reason in verdict.skipped


def test_manifests_have_generated_names_and_integers():
    job = recorded(
        "kubernetes:batch/v1:Job",
        "migration",
        {"kind": "Job", "metadata": {"labels": {"a": "b"}}, "spec": {"backoffLimit": 3.0}},
        {"metadata": {"name": "migration-1a2b3c4"}},
    )
    topic = recorded("aws:sns/topic:Topic", "event", {})
    assert manifests([topic, job]) == [
        {
            "kind": "Job",
            "metadata": {"labels": {"a": "b"}, "name": "migration-1a2b3c4"},
            "spec": {"backoffLimit": 3},
        }
    ]


def test_secrets_of_stack_file_are_simulated():
    config = {"push": {"credentials": {"secure": "v1:x"}}, "ca": {"fromFile": "/etc/ca"}, "n": [1]}
    made = simulate_secrets(config)
    assert made == {
        "push": {"credentials": "made up for an audit"},
        "ca": "made up for an audit",
        "n": [1],
    }


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_stack_without_secrets_has_no_unknowns(stack):
    deployment = platform(stack)
    documents = list(parliament.documents(stack, deployment.resources))
    assert len(documents) > 10
    name = f"{stack}-event-store"
    assert deployment.one("aws:dynamodb/table:Table", name).name == name
