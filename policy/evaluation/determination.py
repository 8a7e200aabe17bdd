"""Cases to determinations, in the order that the contract fixes.

1 code out of scope; 2 a code-mapping lever that says pend; 3-4 pathways with a constant outcome; 5 all criteria
together (Kleene); 6-7 what follows when all are met; 8 closing the file. Each step works on whole columns.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from policy.cases.reader import Cases
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.memory import Memory, cuts
from policy.evaluation.pathways import branches_of, codes_of, diagnosis_group, pathway_of, pathways, still_possible
from policy.evaluation.results import (
    CODE,
    IN_A_BRANCH,
    OPEN,
    PARTLY,
    RANKS,
    UNREAD,
    Determinations,
    Reading,
)
from policy.evaluation.truths import pick
from policy.model import Policy, Requirement, Settings
from policy.problems import refuse

__all__ = [
    "BLOCK", "CODE", "IN_A_BRANCH", "OPEN", "PARTLY", "RANKS", "UNREAD", "Determinations", "Evaluation", "Memory",
    "branches_of", "codes_of", "cuts", "determine", "diagnosis_group", "evaluate", "pathway_of", "pathways",
    "still_possible",
]  # fmt: skip

BLOCK = 1 << 17  # rows evaluated together, so that what is in between stays in the cache


def determine(
    policy: Policy, cases: Cases, settings: Settings, *,
    assumed: Mapping[str, np.int8] | None = None, memory: Memory | None = None, asking: bool = True,
) -> Determinations:  # fmt: skip
    """Determine every case under `settings`.

    `assumed` replaces truths of criteria (for what-if explanations); `memory` speeds up a next call on the same cases;
    without `asking` only the outcomes are found, not the reasons.
    """
    if settings.policy != policy or cases.policy != policy:
        raise refuse("policy", "determine", "cases, settings and policy must belong to the same policy document")
    if memory is not None and not memory.holds(cases):
        raise refuse("cases", "determine", "these are not the cases that the memory was made for")
    n = len(cases)
    memory = memory or Memory(cases, lasting=False)
    result = Determinations(
        policy, settings, cases, np.full(n, CODE["out_of_scope"], dtype=np.int8), np.zeros(n, dtype=bool), memory.where,
        {}, np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.int16), ["", "the code is outside this policy"],
    )  # fmt: skip
    closing = CODE[str(settings["undocumented_action"])]
    shared: dict[int, list[Requirement]] = {}
    for position, group in memory.groups(settings):
        whole = replace(
            group, settings=settings, assumed=assumed or {}, texts=result.texts, asking=asking, entries=shared
        )
        for start in range(0, len(group.rows), BLOCK):
            block = whole.block(slice(start, start + BLOCK))
            reading, rows = evaluate(block, position), block.rows
            result.open[rows] = still_open = reading.outcome == OPEN
            result.outcome[rows] = pick(still_open, closing, reading.outcome)
            if asking:
                result.ask[rows], result.because[rows] = reading.ask, reading.because
                for name, value in reading.truths.items():
                    result.truths.setdefault(name, np.full(n, UNREAD))[rows] = value
    # Reasons stand in the order of the document, whatever other cases there are.
    result.truths = {name: result.truths[name] for name in policy.criteria if name in result.truths}
    return result


def evaluate(rows: Evaluation, position: int) -> Reading:
    """What the policy makes of a group of rows in the pathway at `position` (-1 = none), before closing the file."""
    policy, settings = rows.policy, rows.settings
    if position < 0:
        return Reading(np.asarray(CODE["out_of_scope"]), {}, because=np.asarray(np.int16(1)))
    for notice in policy.code_notices:
        if notice.code == rows.cases.dx[rows.rows[0]] and settings.holds({notice.lever: notice.pend_while}):
            why = f"code {notice.code} does not mean what the source assessment calls it: {notice.official_meaning}"
            ask = np.asarray(np.uint64(1 << list(policy.fields_).index("dx")))
            return Reading(np.asarray(CODE["pend"]), {}, ask, np.asarray(rows.because(why)))
    return rows.rule(list(policy.pathways.values())[position].rule)
