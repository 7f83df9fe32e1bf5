"""Writes a preview as text, as Markdown for a pull request, and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from review.preview.comparison import Change, changes
from review.preview.costs import Bill
from review.preview.plan import Finding, Plan, PlannedResource

FORMAT = 1  # of the JSON; readers reject others
LIMIT = 60_000  # characters of a comment in a pull request
SIGNS = {"create": "+", "change": "~", "delete": "-"}


class BadReport(Exception):
    """Reports in one sentence that a file is not a report of a preview."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Contains the resources and the cost of an earlier report."""

    resources: Sequence[PlannedResource]
    monthly: Decimal

    @classmethod
    def of(cls, text: str, stack: str) -> "Earlier":
        try:
            report = json.loads(text)
            if report["format"] != FORMAT or report["stack"] != stack:
                raise BadReport(
                    f"expected a report of format {FORMAT} of stack {stack}; got one of format "
                    f"{report['format']} of stack {report['stack']}"
                )
            resources = [PlannedResource(**each) for each in report["resources"]]
            return cls(resources=resources, monthly=Decimal(report["cost"]["monthly"]))
        except (ValueError, KeyError, TypeError, ArithmeticError):
            raise BadReport(
                "expected a complete JSON report of a preview, as `--output` writes it"
            ) from None


@dataclass(frozen=True, kw_only=True)
class Report:
    stack: str
    plan: Plan
    bill: Bill
    currency: str  # empty without a price table of the region
    assumptions: Sequence[str]
    earlier: Earlier | None = None
    account: Sequence[Finding] | None = None  # problems of the account; None if not checked

    @property
    def is_refused(self) -> bool:
        return self.plan.is_refused or any(e.level == "mandatory" for e in self.account or ())

    @property
    def changes(self) -> list[Change]:
        before = self.earlier.resources if self.earlier else ()
        return changes(before, self.plan.resources)

    def counts(self) -> str:
        found: Counter[str] = Counter(each.kind for each in self.changes)
        parts = [f"{found[kind]} to {kind}" for kind in SIGNS if found[kind]]
        same = len(self.plan.resources) - found["create"] - found["change"]
        counts = ", ".join([*parts, f"{same} unchanged"] if self.earlier else parts or ["nothing"])
        # An incomplete plan does not remove the resources that the program had not yet declared.
        return f"incomplete, so far {counts}" if self.plan.errors else counts

    def against(self) -> str:
        return "the earlier preview" if self.earlier else "an empty stack"

    def cost_line(self) -> str:
        if not self.currency:
            return "Monthly cost: unknown"
        line = f"Monthly cost: {money(self.bill.monthly)} {self.currency}"
        if self.earlier is None:
            return line
        difference = self.bill.monthly - self.earlier.monthly
        sign = "+" if difference >= 0 else "-"
        return f"{line} ({sign}{money(abs(difference))})"

    def policy_line(self) -> str:
        return f"Policies: {self.plan.rules} rules, {count(self.plan.findings, 'violation')}"

    def account_line(self) -> str:
        return "" if self.account is None else f"Account: {count(self.account, 'problem')}"


def count(findings: Sequence[Finding], noun: str) -> str:
    levels = Counter(each.level for each in findings)
    counts = ", ".join(f"{number} {level}" for level, number in sorted(levels.items())) or "no"
    return f"{counts} {noun}{'' if levels.total() == 1 else 's'}"


def money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def short(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"


def change_lines(change: Change) -> Iterator[str]:
    yield f"{SIGNS[change.kind]} {change.resource.type} {change.resource.name}"
    for each in change.differences:
        yield f"    {each.path}: {short(each.before)} -> {short(each.after)}"


def finding_line(finding: Finding) -> str:
    return f"[{finding.level}] {finding.rule}: {finding.type} {finding.name}: {finding.problem}"


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    for each in findings:
        yield f"  {finding_line(each)}"
        yield f"      {each.reason}"


def by_type(resources: Sequence[PlannedResource]) -> list[tuple[str, int]]:
    return sorted(Counter(each.type for each in resources).items())


def text(report: Report) -> str:
    lines = [f"Stack {report.stack} against {report.against()}: {report.counts()}"]
    if report.earlier is None:
        lines += [f"  + {count:3} {kind}" for kind, count in by_type(report.plan.resources)]
    else:
        lines += [f"  {line}" for change in report.changes for line in change_lines(change)]
    lines += ["", report.policy_line(), *finding_lines(report.plan.findings)]
    if report.account is not None:
        lines += [report.account_line(), *finding_lines(report.account)]
    lines += [f"Error: {error}" for error in report.plan.errors]
    lines += ["", report.cost_line()]
    lines += [
        f"  {money(each.monthly):>10}  {each.name}  {each.type}" for each in paid_items(report)
    ]
    lines += [f"  not counted: {each}" for each in report.bill.unpriced]
    lines += [f"  {each}" for each in report.assumptions]
    return "\n".join(lines) + "\n"


def paid_items(report: Report) -> list[Any]:
    return [each for each in report.bill.costs if each.monthly > 0]


def markdown(report: Report, limit: int = LIMIT) -> str:
    lines = [report.policy_line(), report.account_line(), f"**{report.cost_line()}**"]
    head = [
        f"### Preview of `{report.stack}` against {report.against()}",
        "",
        " · ".join([f"**{report.counts()}**", *filter(None, lines)]),
        *[f"\n> **Error** {cell(error)}" for error in report.plan.errors],
    ]
    sections = [finding_table(report), cost_table(report), change_table(report)]
    return cut("\n".join(head), sections, limit)


def cut(head: str, sections: Sequence[Sequence[str]], limit: int) -> str:
    """Limit each section to its share of the space, with the number of omitted lines."""
    note = 60  # characters of the line with that number
    result = head[: limit - note]
    for index, lines in enumerate(sections):
        room = (limit - len(result)) // (len(sections) - index) - note
        kept: list[str] = []
        for line in lines:
            room -= len(line) + 1
            if room < 0:
                break
            kept.append(line)
        if len(kept) < len(lines):
            kept.append(f"\n… and {len(lines) - len(kept)} more lines")
        result += "\n" + "\n".join(kept)
    return result + "\n"


def cell(value: str) -> str:
    return value.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def finding_table(report: Report) -> list[str]:
    findings = [*report.plan.findings, *(report.account or ())]
    if not findings:
        return []
    rows = [
        f"| {each.level} | {each.rule} | {cell(each.name)} | {cell(each.problem)} |"
        for each in findings
    ]
    return ["", "| level | rule | resource | problem |", "|---|---|---|---|", *rows]


def cost_table(report: Report) -> list[str]:
    rows = [
        f"| {cell(each.name)} | {each.type} | {money(each.monthly)} |"
        for each in paid_items(report)
    ]
    title = f"| resource | type | {report.currency} a month |"
    notes = [*(f"- Not counted: {each}" for each in report.bill.unpriced)]
    notes += [f"- {each}" for each in report.assumptions]
    return ["", title, "|---|---|--:|", *rows, "", *notes]


def change_table(report: Report) -> list[str]:
    if report.earlier is None:
        rows = [f"| {kind} | {count} |" for kind, count in by_type(report.plan.resources)]
        return ["", "| type | to create |", "|---|--:|", *rows]
    lines = [line for change in report.changes for line in change_lines(change)]
    return ["", "```diff", *(line.replace("```", "'''") for line in lines), "```"] if lines else []


def as_json(report: Report) -> str:
    content: Mapping[str, Any] = {
        "format": FORMAT,
        "stack": report.stack,
        "counts": dict(Counter(each.kind for each in report.changes)),
        "policies": {
            "rules": report.plan.rules,
            "findings": [asdict(each) for each in report.plan.findings],
        },
        "account": None if report.account is None else [asdict(each) for each in report.account],
        "errors": list(report.plan.errors),
        "cost": {
            "monthly": str(report.bill.monthly),
            "currency": report.currency,
            "resources": [
                {"name": each.name, "type": each.type, "monthly": str(each.monthly)}
                for each in report.bill.costs
            ],
            "unpriced": list(report.bill.unpriced),
            "assumptions": list(report.assumptions),
        },
        "resources": [asdict(each) for each in report.plan.resources],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


FORMATS = {"text": text, "markdown": markdown, "json": as_json}
