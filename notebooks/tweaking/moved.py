"""Who moves: a few of the cases whose outcome changes, with the reason before and after."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from notebooks.comparison.effect import because
from notebooks.comparison.words import before_and_after, by_title
from notebooks.desk import named
from notebooks.keeping import seen
from notebooks.page import bullets, esc, table
from notebooks.rules import sentence
from policy.model import OUTCOMES, Settings
from policy.problems import refuse
from simulations import Caseload
from simulations.counting.counts import Refusals
from simulations.reports.notices import LIVE_ONLY
from simulations.reports.table_cells import records
from simulations.studies.impact import EXAMPLES, Impact, compare, determined

__all__ = ["WHO_MOVES", "Moved", "case_line", "handed_with", "intro", "look_for", "newly_refused"]

WHO_MOVES = "Who moves"
_SLICE = 10_000  # cases looked at between two words of how far it is


@dataclass(frozen=True)
class Moved:
    """A few moved cases (keys as of `Impact.examples`), how many move in each way, and how many were `looked` at.

    `ways`: outcome before and after, and the number of cases, the most first.
    """

    cases: tuple[Mapping[str, str], ...]
    ways: tuple[tuple[str, str, int], ...]
    looked: int

    @property
    def many(self) -> int:
        """How many move in all."""
        return sum(number for *_, number in self.ways)


def look_for(impact: Impact, load: Caseload, far: Callable[[int], object] = lambda _: None) -> Moved:
    """The first cases of each kind of move that `impact` counts; `far` is told how many cases were looked at.

    Cases of a file are listed to nobody, as they may be people: raises ProblemsFound.
    """
    if not load.drawn:
        told = LIVE_ONLY if load.guarded else "cases of a file are counted here, and never shown one by one"
        raise refuse("file", "Who moves", told)
    flow = impact.counts.sum(axis=(0, 1))
    ways = [(OUTCOMES[i], OUTCOMES[j], int(flow[i, j])) for i, j in np.argwhere(flow) if i != j]
    kinds = [(before, after, min(EXAMPLES, number)) for before, after, number in ways]
    found, looked = impact, 0
    while looked < load.size and not _all_seen(found, kinds):
        far(looked)
        part = load.part(looked // _SLICE, _SLICE)
        found += compare(*(determined(part, settings) for settings in (impact.baseline, impact.scenario)))
        looked += len(part)
    return Moved(tuple(records(found.examples)), tuple(sorted(ways, key=lambda way: -way[2])), looked)


def _all_seen(found: Impact, kinds: Iterable[tuple[str, str, int]]) -> bool:
    examples = found.examples
    return all(((examples["baseline"] == a) & (examples["scenario"] == b)).sum() >= n for a, b, n in kinds)


def intro(found: Moved, moved_levers: bool, why: str = "") -> str:
    """What the list is, as ready HTML; `why`: what refuses those that are newly refused."""
    if not found.many:
        why = "no case has another outcome than before" if moved_levers else "no lever is moved"
        return f"<p>Nobody moves: {why}.</p>"
    if found.many == 1:
        return f"{why}<p>1 case has another outcome than before:</p>"
    ways = bullets(f"{esc(before_and_after(before, after))}: {number:,}" for before, after, number in found.ways)
    said = f"<p>{found.many:,} cases have another outcome than before.</p>{ways}"
    return f"{said}{why}<p>The first {EXAMPLES} of each kind:</p>"


def newly_refused(found: Refusals, settings: Settings) -> str:
    """Which criterion decides that cases are not met now and were something else before, as ready HTML."""
    if not found.cases:
        return "<p>No case is newly not met.</p>"
    rows = [(sentence(settings, name), fails, alone) for name, (fails, alone) in found.criteria.items()]
    rows += [(esc(by_title(text, settings.policy)), number, number) for text, number in found.because.items() if number]
    rows += [("The file was closed with something not documented", found.closed, found.closed)] if found.closed else []
    told = [(says, f"{fails:,}", f"{alone:,}") for says, fails, alone in sorted(rows, key=lambda row: -row[1])]
    several = sum(fails for _, fails, _ in rows) > found.cases
    more = " A case that fails several criteria stands under each." if several else ""
    many = "1 case is" if found.cases == 1 else f"{found.cases:,} cases are"
    shown = table(("What is not met now", "Cases", "Nothing else fails"), told)
    return f"<p><b>Why newly refused:</b> {many} newly <i>not met</i>.{more}</p>{shown}"


def case_line(case: Mapping[str, str], settings: Settings) -> str:
    """'Met → Not met: case S0000000046, M54.2 with 64490, and why', as ready HTML."""
    said = by_title(because(case), settings.policy)
    head = before_and_after(case["baseline"], case["scenario"])
    codes = f"case {case['case_id']}, {case['dx']} with {case['cpt']}"
    return f"<b>{esc(head)}</b>: {esc(codes)}<br><small>{esc(said)}</small>"


def handed_with(case_id: str, settings: Settings, load: Caseload) -> dict[str, str]:
    """What notebook 3 needs to show a drawn case under these levers: see `review.reviewing.handed_cases`."""
    number = int("".join(filter(str.isdigit, case_id)) or 1)
    levers = {name: "off" if value is None else str(value) for name, value in settings.provisions().items()}
    return {
        "document": named(settings.policy, ""),
        "case_id": case_id,
        "population": seen(load.path.resolve()) if load.path else load.name,
        "size": str(min(load.size, -(-number // _SLICE) * _SLICE)),
        "seed": str(load.seed),
        "fingerprint": load.fingerprint,
        "levers": json.dumps(levers),
    }
