"""What the judges that need no cluster find in the stacks of this project."""

import pytest

from review.audit.judgement import judged_alone, manifests_of, programs
from review.audit.suppressions import read_suppressions, sort
from review.simulation.rehearsal import stack_names


@pytest.mark.integration
def test_stacks_have_no_findings_or_leftovers():
    deployments = programs(stack_names())
    verdicts = list(judged_alone(deployments, manifests_of(deployments)))
    findings = [each for verdict in verdicts for each in verdict.findings]
    outcome = sort(findings, read_suppressions(), [each.judge for each in verdicts])
    assert (outcome.left, outcome.unused) == ([], [])
