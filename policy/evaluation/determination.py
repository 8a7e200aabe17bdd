"""The outcome of every case.

A code outside the policy is out_of_scope; a code notice may say pend; else the rule of the pathway decides
(evaluation.py). Last the file is closed: what is still open becomes pend or not_met, as the lever undocumented_action
says.
"""

from collections.abc import Mapping

from policy.cases.reader import Cases
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import EVERYWHERE, NOWHERE, SETTLED, inverse
from policy.evaluation.pathways import pathways
from policy.evaluation.planes import Planes, passing
from policy.evaluation.results import CODE, Determinations, Reading
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


def evaluate(rows: Evaluation, position: int) -> Reading:
    """What the policy makes of rows of the pathway at `position` (-1 = none), before closing the file."""
    policy, settings = rows.policy, rows.settings
    if position < 0:
        return rows.outcome("out_of_scope", "the code is outside this policy")
    reading = rows.rule(list(policy.pathways.values())[position].rule)
    for notice in reversed(policy.code_notices):
        where = rows.rows.coded((notice.code,))
        if where.any() and settings.holds({notice.lever: notice.pend_while}):
            why = f"code {notice.code} does not mean what {policy.source_name} calls it: {notice.official_meaning}"
            pends = Reading({CODE["pend"]: EVERYWHERE}, asks={"dx": EVERYWHERE}, because={why: EVERYWHERE})
            reading = Reading.chosen([(where, pends), (inverse(where), reading)])
    reading.truths = {name: rows.criterion(name) for name, where in reading.read.items() if where is not NOWHERE}
    return reading
