"""The outcome of every case.

A code outside the policy is out_of_scope; a code notice may say pend; else the rule of the pathway decides
(evaluation.py). Last the file is closed: what is still open becomes pend or not_met, as the lever undocumented_action
says.
"""

from collections.abc import Mapping

from policy.case_files.reader import Cases
from policy.determinations.layout import Planes, passing, pathways
from policy.determinations.results import Determinations
from policy.evaluation.evaluation import Evaluation, evaluate
from policy.evaluation.kleene import SETTLED
from policy.model import Policy, Settings
from policy.problems import refuse


def determine(
    policy: Policy, cases: Cases, settings: Settings, *,
    assumed: Mapping[str, int] | None = None, planes: Planes | None = None, asking: bool = True,
) -> Determinations:  # fmt: skip
    """Determine every case under `settings`.

    `assumed` replaces truths of criteria by 0, 1 or 2 (for what-if explanations); `planes` speeds up a next call on the
    same cases; without `asking` only the outcomes are found, not the reasons.
    """
    if settings.policy != policy or cases.policy != policy:
        raise refuse("policy", "determine", "cases, settings and policy must belong to the same policy document")
    if planes is not None and not planes.holds(cases):
        raise refuse("cases", "determine", "these are not the cases that the planes were made of")
    where = planes.where if planes else pathways(policy, cases)
    result = Determinations(policy, settings, cases, where)
    truths = {name: SETTLED[truth] for name, truth in (assumed or {}).items()}
    for position, places, rows in planes.by_pathway if planes else passing(cases, where):
        reading = evaluate(Evaluation(settings, rows, truths, asking), position)
        result.readings.append((places, reading))
    return result
