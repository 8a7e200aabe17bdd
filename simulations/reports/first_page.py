"""The first page of every report: two sentences to read aloud, and what a sceptical reader asks next.

Approvals and recommended refusals stand together; the two kinds of uncertainty in the order of their size: what the
assumptions behind made-up cases do, then the luck of drawing these.
"""

from collections.abc import Callable, Sequence

import numpy as np

from policy.model import OUTCOMES
from simulations.reports.html_table import Shown, bullets, esc, tabulated, titled
from simulations.reports.impact_findings import about_finding
from simulations.reports.notices import about_people
from simulations.reports.table_cells import count
from simulations.statistics.intervals import exact_limits
from simulations.statistics.number_format import change_called, fixed, percent, points
from simulations.studies.comparison import Study
from simulations.studies.impact import Impact, Part, Rate, determined
from simulations.studies.sensitivity import CASES, Ends, change_of, share_of
from simulations.studies.versions import moved

BEHAVIOUR = (
    "Behaviour that answers a rule is not modelled: nobody sends a request in again, adds a missing paper, charts to "
    "the new line or asks for something else."
)
_WORDS = {"met": "approved", "not_met": "recommended for refusal", "pend": "waiting for documents",
          "review": "in review", "mismatch": "a mismatch of codes", "out_of_scope": "outside the policy"}  # fmt: skip
_JUDGED = {"met": "Approvals", "not_met": "Recommended refusals"}
_MOST = 6  # procedures shown


def first_page(study: Study, more: Shown | None = None, cannot: Sequence[str] = ()) -> Shown:
    """What a director reads: what is asked, two sentences, approvals and refusals, whom, and what is not known.

    `more`: the answer to the question of a template of its own; `cannot`: what else its cases cannot show.
    """
    if study.silent:
        return bullets([f"{study.silent.capitalize()}."])
    asked = f"Asked: {study.asks()}. Over {study.cases!r}."
    aloud = " ".join(sentences(study))
    quoted = (
        f'<p class="aloud">{esc(aloud)}</p>' if more else f'<blockquote class="card finding">{esc(aloud)}</blockquote>'
    )
    parts = [Shown(asked, f'<p class="asked">{esc(asked)}</p>'), *([more] if more else []), Shown(aloud, quoted)]
    if not study.rough:
        parts += [both(study), *_sources(study), *_whom(study)]
    parts.append(titled("What these cases cannot show", [*shortfalls(study), *cannot]))
    parts.append(titled("Whose requests, whose rules", provenance(study)))
    inside = "".join(part.html for part in parts)
    return Shown("\n".join(part.text for part in parts), f'<section class="first">{inside}</section>')


def sentences(study: Study) -> list[str]:
    """Two sentences for a committee: what would change, and how much of that is sure."""
    if study.rough:
        return [f"{about_finding(study)}.", "Only shares of rounded counts are told of people."]
    impact = study.shown
    first = f"{_as_it_stands(impact) if impact.same else impact.finding()}."
    ends = assumed(study, "met")
    if ends is None or (impact.moved == 0 and not impact.same):
        return [first, uncertainty(study)]
    low, high = _pair(study, ends)
    what = "approvals are" if impact.same else "the change of approvals lies"
    sure = f"Under other assumptions about such requests {what} between {low} and {high} in 95 of 100 draws of them"
    if ends.low < 0 < ends.high and not impact.same:
        sure += ", so even its direction hangs on them"
    return [first, f"{sure}; {uncertainty(study, short=True)}"]


def _as_it_stands(impact: Impact) -> str:
    met, refused = (percent(impact.rates(word)[0].value) for word in _JUDGED)
    return f"Approvals are {met} of all cases, recommended refusals {refused}"


def _pair(study: Study, ends: Ends) -> tuple[str, str]:
    """Both ends in words: shares, or points of change."""
    if study.impact.same:
        return fixed(max(0.0, ends.low)), f"{fixed(min(100.0, ends.high))}% of all cases"
    return points(ends.low / 100), f"{points(ends.high / 100)} points"


def uncertainty(study: Study, short: bool = False) -> str:
    """What the luck of drawing does to approvals or their change, or why there is none."""
    change = study.shown.rates()[0 if study.impact.same else 2]
    if not study.cases.drawn:
        return (
            "Every row of the table is counted, so no luck of drawing applies to it; requests of another period, other "
            "members or other providers would give other numbers."
        )
    if change.low is None or change.high is None or change.value is None:
        return "No interval is told."
    half = max(change.high - change.value, change.value - change.low)
    moves = f"moves {'the share' if study.impact.same else 'the change'} by up to {fixed(100 * half)} points"
    luck = f"the luck of drawing these {study.cases.size:,} cases {moves} in 95 of 100 draws"
    if short:
        return f"{luck}."
    reason = "no other assumptions were tried here" if not study.draws else "the population gives no other assumptions"
    return f"{luck[0].upper()}{luck[1:]}; {reason}."


def assumed(study: Study, outcome: str) -> Ends | None:
    """The 95 % range of the change of an outcome over the assumptions, in points; None where there is none.

    Where no rule moves it is that of its share, in per cent of all cases.
    """
    change = study.impact.rates(outcome)[0 if study.impact.same else 2].value
    if study.assumed is None or change is None:
        return None
    shift = study.assumed.shift((share_of if study.impact.same else change_of)(outcome))
    return Ends(100 * change + shift.low, 100 * change + shift.high, shift.low_error, shift.high_error)


def both(study: Study) -> Shown:
    """Approvals and recommended refusals before and after, with the range of assumptions and the luck of drawing."""
    rows, same = [], study.impact.same
    rates = {outcome: study.shown.rates(outcome) for outcome in _JUDGED}
    for outcome, label in _JUDGED.items():
        before, after, change = rates[outcome]
        cells = [percent(before.value)]
        cells += [] if same else [percent(after.value), points(change.value)]
        if study.cases.drawn:
            cells += [_ends(study, outcome), _luck(before if same else change, percent if same else points)]
        rows.append((label, *cells))
    called = change_called([(before.value, after.value, change.value) for before, after, change in rates.values()])
    header = ["Share of all cases", *(["Policy as it stands"] if same else ["Baseline", "Scenario", called])]
    below = ""
    if study.cases.drawn:
        header += ["Range of the assumptions (95%)", "Luck of drawing (95%)"]
    if study.assumed is not None:
        below = (
            f"Range: {study.assumed.draws} populations of {CASES:,} cases each, drawn from the ranges that the "
            "population gives for its assumptions; ± is the standard error of an end, as no more were drawn."
        )
    shown = tabulated("Approvals and recommended refusals", header, rows)
    return Shown(
        f"{shown.text}\n{below}".rstrip(), shown.html + (f"<p><small>{esc(below)}</small></p>" if below else "")
    )


def _ends(study: Study, outcome: str) -> str:
    ends = assumed(study, outcome)
    if ends is None:
        return "not tried" if not study.draws else "the population gives none"
    say = percent if study.impact.same else points
    low, high = (f"{say(end / 100)} (±{fixed(error)})" for end, error in zip(ends[:2], ends[2:], strict=True))
    return f"{low} to {high}"


def _luck(rate: Rate, say: Callable[[float], str]) -> str:
    return "–" if rate.low is None or rate.high is None else f"{say(rate.low)} to {say(rate.high)}"


def _sources(study: Study) -> list[Shown]:
    """Where the approvals that go, and the refusals that come, are from, and how near the line they are."""
    impact = study.shown
    lines = []
    lost, gained = impact.approvals()
    met = impact.outcomes()["baseline"][0]
    if lost is not None and gained is not None and (lost or gained):
        none = ", none gained" if not gained else f", {gained:,} gained"
        sure = _at_least(study, lost, met) if study.impact.way < 0 else ""
        lines.append(f"Approvals: {f'{lost:,} of {met:,}' if lost else 'none'} lost{none}{sure}.")
    come = {word: n for word, n in impact.came_from("not_met").items() if n}
    if come and None not in impact.came_from("not_met").values():
        parts = ", ".join(f"{n:,} were {_WORDS[word]}" for word, n in come.items())
        lines.append(f"Of the {sum(come.values()):,} newly recommended for refusal, {parts} before.")
    lines += near(study) if lost and not study.guarded else []
    return [titled("Where the change comes from", lines)] if lines else []


def _at_least(study: Study, lost: int, met: int) -> str:
    """Of what can only take away, how few such losses luck could have left; nothing of a table, which has no luck."""
    if not lost or not study.cases.drawn:
        return ""
    least = percent(exact_limits(lost, met).low)
    return f": {percent(lost / met)} of those approved, in other draws at least {least} (exact one-sided 95% limit)"


def near(study: Study) -> list[str]:
    """How many of the lost approvals come back when one lever that moved goes one step back towards the baseline."""
    found = []
    for name, (lever, before, after) in moved(study.baseline, study.scenario).items():
        order = lever.values()
        if study.version or lever.domain is None or before is None or after is None:
            continue
        step = order[order.index(after) + (1 if order.index(before) > order.index(after) else -1)]
        if step == before:  # the baseline, where of course all come back
            continue
        lost, back = _back(study, name, step)
        if back:
            found.append(
                f"{back:,} of the {lost:,} lost approvals come back at {lever.in_words(step)} ({lever.label}), one "
                f"step short of {lever.in_words(after)}: so near the line they are, as charted."
            )
    return found


def _back(study: Study, name: str, step: object) -> tuple[int, int]:
    closer = study.scenario.policy.settings({**study.scenario, name: step})
    lost = back = 0
    for cases in study.cases.slices():
        before, after, with_step = (
            determined(cases, s, asking=False).outcome for s in (study.baseline, study.scenario, closer)
        )
        gone = (before == 0) & (after != 0)
        lost += int(gone.sum())
        back += int((gone & (with_step == 0)).sum())
    return lost, back


def _whom(study: Study) -> list[Shown]:
    """Approvals and refusals within each procedure, those that change most first; of people none by fewer than 11."""
    rows = []
    for procedure, parts in _by_procedure(study).items():
        if any(part.hidden.any for part in parts):
            continue
        flow = np.sum([part.flow for part in parts], axis=0)
        if not int(flow.sum() - np.trace(flow)):
            continue
        cells = []
        changes = []
        for outcome in _JUDGED:
            at = OUTCOMES.index(outcome)
            before, after = int(flow[at].sum()), int(flow[:, at].sum())
            cells.append(f"{percent(before / flow.sum())} → {percent(after / flow.sum())}")
            changes.append(abs(after - before))
        rows.append((max(changes), (study.policy.procedures[procedure].label, count(int(flow.sum())), *cells)))
    rows.sort(key=lambda row: -row[0])
    if not rows:
        return []
    header = ("Procedure", "Cases", "Approvals", "Recommended refusals")
    some = f"the {_MOST} of {len(rows)}" if len(rows) > _MOST else "the"
    caption = f"Whom: {some} procedures within which anything changes, most first (share of the cases of each)"
    return [tabulated(caption, header, [row for _, row in rows[:_MOST]])]


def _by_procedure(study: Study) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for part in study.shown.parts():
        if part.procedure in study.policy.procedures:
            found.setdefault(part.procedure, []).append(part)
    return found


def shortfalls(study: Study) -> list[str]:
    """What the cases of a study cannot show."""
    found = [BEHAVIOUR]
    if study.cases.drawn:
        found.append(
            "No row is a person. How often a fact lies just short of a line, and how often it is written down, are "
            "assumptions of the population, not observations of this plan."
        )
    else:
        found.append(
            "Requests that were never made, and facts that the table does not hold, are not seen. Requests of one "
            "member or provider hang together, and the table has no key that tells them."
        )
    return found


def provenance(study: Study) -> list[str]:
    """Whose mix of requests this is, and what the policy is."""
    cases = study.cases
    mix = (
        f"The mix of requests is that of the made-up population “{cases.population.label}”, not of a plan."
        if cases.drawn
        else f"The mix of requests is that of the table {cases.name}.{about_people(study)}"
    )
    said = [f"“{policy.titled}” has the status “{policy.status}”." for policy in study.documents]
    return [mix, f"{' '.join(said)} {study.document.notice_of(study.cases.people)}"]
