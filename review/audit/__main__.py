"""Checks the planned resources of stacks with public checkers: python -m review.audit."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence

from local.environment import Environment
from review.audit.findings import AuditError, Verdict
from review.audit.judgement import judged, programs
from review.audit.suppressions import Sorted, read_suppressions, sort
from review.cloudformation import Unreadable
from review.simulation.rehearsal import PreviewError, stack_names
from review.simulation.trial import Incomplete


def main() -> None:
    warnings.simplefilter("ignore")  # warnings of the SDKs
    arguments = parsed()
    environment = Environment.from_variables()
    try:
        deployments = programs(arguments.stack or stack_names())
        verdicts = list(judged(deployments, environment))
        outcome = sort(
            [each for verdict in verdicts for each in verdict.findings],
            read_suppressions(),
            [each.judge for each in verdicts if each.skipped is None],
        )
    except (AuditError, PreviewError, Incomplete, Unreadable) as error:
        sys.exit(f"audit: {error}.")
    print(text(verdicts, outcome, of_all=not arguments.stack), end="")
    sys.exit(1 if outcome.left or (outcome.unused and not arguments.stack) else 0)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m review.audit", description=__doc__)
    parser.add_argument("--stack", action="append", choices=stack_names(), help="all if none")
    return parser.parse_args()


def text(verdicts: Sequence[Verdict], outcome: Sorted, *, of_all: bool) -> str:
    lines = [line for each in verdicts for line in lines_of(each, outcome)]
    if of_all:
        lines += [
            f"unused suppression of {each.judge} {each.rule} for {each.resource}: remove it"
            for each in outcome.unused
        ]
    left, suppressed = len(outcome.left), len(outcome.suppressed)
    lines.append(f"{left} findings, {suppressed} suppressed with a reason in suppressions.toml")
    return "\n".join(lines) + "\n"


def lines_of(verdict: Verdict, outcome: Sorted) -> Iterator[str]:
    if verdict.skipped is not None:
        yield f"{verdict.judge:>10}: skipped, for {verdict.skipped}"
        return
    left = [each for each in outcome.left if each.judge == verdict.judge]
    suppressed = [each for each in outcome.suppressed if each.judge == verdict.judge]
    counts = f"{len(left)} findings, {len(suppressed)} suppressed"
    yield f"{verdict.judge:>10}: {counts}; {verdict.judged}"
    for each in left:
        yield f"    {each.rule} {each.stack} {each.resource}: {each.problem}"


if __name__ == "__main__":
    main()
