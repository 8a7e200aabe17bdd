"""The rate of an outcome before and after a change, of the same cases, with 95 % intervals."""

import numpy as np
from numpy.typing import NDArray

from policy.model import OUTCOMES, Settings
from simulations.statistics.intervals import Interval, exact_limits, paired_change, wilson

MET, NOT_MET, PEND, REVIEW = (OUTCOMES.index(word) for word in ("met", "not_met", "pend", "review"))
Counts = NDArray[np.int64]  # numbers of cases


def one_way(before: Settings, after: Settings) -> int:
    """-1 where the change can only take approvals away, 1 where it can only give some, 0 where either may happen.

    By the direction of each lever that moves, which lint proves of a policy; exceptions and edits may go either way.
    """
    policy = before.policy
    if after.policy.fingerprint != policy.fingerprint:
        return 0
    moved = [name for name in policy.levers if before[name] != after[name]]
    excepted = {exception.lever for exception in policy.direction_exceptions}
    if excepted.intersection(moved):
        return 0
    orders = {name: policy.levers[name].loosest_first() for name in moved}
    if not all(orders.values()):
        return 0
    ways = {-1 if order.index(after[name]) > order.index(before[name]) else 1 for name, order in orders.items()}
    return ways.pop() if len(ways) == 1 else 0


def paired_rates(
    flow: NDArray[np.int64], same: bool = False, outcome: str = "met", way: int = 0
) -> tuple[Interval, Interval, Interval]:
    """Share of an outcome before, after, and the change (paired), of one flow (6, 6) with at least one case.

    `same`: both are the same rules, which cannot differ whoever is drawn; `way`: see `one_way`; the interval of what
    can only go one way does not reach beyond 0 (Clopper and Pearson 1934).
    """
    both, lost, gained, neither = apart(flow, outcome)
    cases = both + lost + gained + neither
    change = Interval(0.0, 0.0, 0.0) if same else paired_change(both, lost, gained, neither)
    if way and outcome == "met" and not same and not (gained if way < 0 else lost):
        share, low, high = exact_limits(lost if way < 0 else gained, cases, 0.025)
        change = Interval(0.0 - share, 0.0 - high, 0.0 - low) if way < 0 else Interval(share, low, high)
    return wilson(both + lost, cases), wilson(both + gained, cases), change


def apart(flow: NDArray[np.int64], outcome: str = "met") -> tuple[int, int, int, int]:
    """Cases of a flow (6, 6) with an outcome: before and after, no longer, newly, neither."""
    at = OUTCOMES.index(outcome)
    cases, before, after, both = int(flow.sum()), int(flow[at].sum()), int(flow[:, at].sum()), int(flow[at, at])
    return both, before - both, after - both, cases - before - after + both
