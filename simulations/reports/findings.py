"""What a study found, in sentences and tables for people, each also as plain text (shown.py)."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from typing import Any

import pandas as pd

from policy.model import OUTCOMES, Policy
from policy.reading.scenario import Scenario
from simulations.reports.html_table import Shown, bullets, card, esc, folded, tabulated
from simulations.statistics.disclosure_control import (
    ALONE,
    LEAST_ABOUT,
    REASON,
    SMALL,
    STEP,
    TOO_FEW,
    TOO_FEW_ABOUT,
    about_all,
    rounded,
)
from simulations.studies.comparison import Study
from simulations.studies.impact import OUTSIDE, SMALLER, Impact, percent, points
from simulations.studies.medicare import MEANING, left_out

LABELS = {
    "met": "Met",
    "not_met": "Not met",
    "pend": "Pend",
    "review": "Review",
    "mismatch": "Mismatch",
    "out_of_scope": "Out of scope",
}
MEANS = {
    "met": "every criterion is met",
    "not_met": "a recommendation to a clinician",
    "pend": "waiting for information",
    "review": "a clinician judges",
    "mismatch": "wrong procedure for the diagnosis",
    "out_of_scope": "code not covered here",
}
NOT_MET = "“Not met” is a recommendation to a clinician, never an automatic denial."
METHOD = (
    "Intervals are 95%: Wilson's for a rate; for a change, Newcombe's for pairs, as the same cases are judged twice. "
    "They tell the luck of drawing these cases, not how well the cases resemble real ones."
)
METHOD_OF_A_TABLE = (
    "Every row of the table is counted, so no luck of drawing is in its numbers. Intervals are 95% (Wilson's for a "
    "rate, Newcombe's for a change of pairs) and tell how far other tables of as many independent requests differ; "
    "requests of one member or provider are not independent, so they would differ by more."
)

WITHHELD = (
    f"These cases may be people: withheld (–) are {REASON}; so what is told need not add up. No row of the table is "
    f"shown. {ALONE}"
)
ROUGH = (
    f"These cases may be people, and every setting here is one more result to subtract: so shares are of counts "
    f"rounded to {STEP}, as “about”, without intervals; about 0% stands for at most {SMALL} cases. {ALONE}"
)
EXACT = (
    "Not for release: the owner's own view. Every count is exact, also those of a few people, which must not be passed "
    "on."
)


def silence(thing: Any) -> str:
    """Why nothing is told of a study, of what was found in one, or of several such; empty where something is."""
    if isinstance(thing, (list, tuple)):
        return silence(thing[0]) if thing else ""
    return getattr(thing, "silent", "")


def unless_silent(show: Callable[..., Shown]) -> Callable[..., Shown]:
    """Shows why nothing is told instead, where that is so; the study, or what was found, is the first argument."""

    @wraps(show)
    def shown(*args: Any, **options: Any) -> Shown:
        why = silence(args[0])
        return bullets([f"{why[0].upper()}{why[1:]}."]) if why else show(*args, **options)

    return shown


def told_about(show: Callable[..., Shown]) -> Callable[..., Shown]:
    """As `unless_silent`, where every setting is one more result to subtract: a study in first place is `about()`."""
    return wraps(show)(lambda study, *args, **options: unless_silent(show)(study.about(), *args, **options))


def roughly(study: Study, said: str) -> str:
    """A share in words: of people 'about' so much, where counts are rounded."""
    return f"about {said}" if study.rough else said


def headline(study: Study) -> Shown:
    """The answer: approval rate before and after, and the change with its interval."""
    impact = study.shown
    before, after, change = impact.rates()
    interval = (
        "interval withheld"
        if change.low is None
        else f"95% interval {points(change.low, 2)} to {points(change.high, 2)}"
    )
    cases = study.cases.told_size
    met = [impact.outcomes()[name][0] for name in ("baseline", "scenario")]
    tiles = [
        (f"Approval rate, {name}", percent(rate.value, 2), f"{count(n)} of {cases} cases met")
        for name, rate, n in zip(("baseline", "scenario"), (before, after), met, strict=True)
    ]
    tiles.append(("Change", "withheld" if change.value is None else f"{points(change.value, 2)} points", interval))
    return card(impact.finding(), tiles, f"Policy {study.policy.name}, {study.cases!r}.{about_people(study)}")


def about_people(study: Study) -> str:
    """What stands beside numbers of a case table whose cases may be people; empty for others."""
    if not study.cases.people:
        return ""
    return f" {EXACT if study.cases.exact else ROUGH if study.rough else WITHHELD}"


def count(number: Any) -> str:
    """'1,234', or a dash where it is withheld."""
    return "–" if number is None or pd.isna(number) else f"{number:,}"


def about_finding(study: Study) -> str:
    """The change of approvals in shares of rounded counts."""
    if study.silent:
        return study.silent.capitalize()
    before, after = study.shares()
    if before == after:
        return f"Approvals: about {percent(before)} of all cases before and after; a smaller change is not told"
    return f"Approvals: about {percent(before)} of all cases before, about {percent(after)} after"


LIVE_ONLY = (
    "These cases may be people: beside live numbers nothing exact is shown. workbook simulate makes a report of them "
    "in which small counts are withheld."
)


def live(impact: Impact) -> Shown:
    """What a panel shows of people while levers move: shares of rounded counts, and nothing else."""
    flow = impact.counts.sum(axis=(0, 1))
    cases = int(flow.sum())
    if cases < LEAST_ABOUT:
        return bullets([f"{(TOO_FEW if cases <= SMALL else TOO_FEW_ABOUT).capitalize()}."])
    sides = [about_all(flow.sum(axis=axis), cases) for axis in (1, 0)]
    rows = [
        (LABELS[word], *("–" if n is None else f"about {percent(n / rounded(cases))}" for n in pair))
        for word, pair in zip(OUTCOMES, zip(*sides, strict=True), strict=True)
    ]
    shown = tabulated("Outcomes, share of all cases", ("Outcome", "Baseline", "Now"), rows)
    return Shown(f"{shown.text}\n{ROUGH}", f"{shown.html}<p><small>{esc(ROUGH)}</small></p>")


def changes(study: Study) -> Shown:
    """Each lever that moves, in words."""
    sentences = [sentence.replace(" -> ", " → ") for sentence in study.impact.changes()]
    return bullets(sentences or ["No lever differs from the policy as it stands."])


def notices(study: Study) -> Shown:
    """What every reader of a result must know."""
    return bullets(all_notices(study))


def all_notices(study: Study, counted: bool = True) -> list[str]:
    """Every notice; those for which the cases must be counted only when `counted`."""
    policy = study.policy
    found = [policy.notice, NOT_MET]
    if study.cases.people:
        found.append(f"The cases were read from {study.cases.name}; whether they are synthetic is not known here.")
        found.append(about_people(study).strip())
    found += [
        f"Code {n.code} is called “{n.source_label}” by the source assessment. It means: "
        f"{n.official_meaning.rstrip('.')}. {n.consequence} Lever {n.lever}, here {study.scenario[n.lever]}."
        for n in policy.code_notices
    ]
    for one in policy.evidence.values():
        if one.status in ("contested", "retracted"):
            year = f" ({one.year})" if any(c.isdigit() for c in one.year) else ""
            found.append(f"Evidence {one.status}: {one.title}{year}. {one.status_note or one.note}")
    found += [
        *([] if study.rough else [METHOD if study.cases.drawn else METHOD_OF_A_TABLE]),
        *remarks(study),
        *(study.guard.warnings() if counted else []),
    ]
    if study.plan and study.plan.applies_to:
        found.append(as_read(study.plan, study.policy))
    if policy.status != "adopted":
        found.append(f"The policy document {policy.name} is {policy.status}, not adopted.")
    return found


def remarks(study: Study) -> list[str]:
    """What a reader must know of the cases; remarks that count rows or show values of people stay at row level."""
    told = [one for one in study.cases.remarks if not (study.guarded and any(c.isdigit() for c in one))]
    kept = len(told) < len(study.cases.remarks)
    return [
        *told,
        *(["Remarks on rows are at row level, not for release: workbook determine shows them."] if kept else []),
    ]


def as_read(plan: Scenario, policy: Policy) -> str:
    """What a scenario made from somebody's published terms speaks of, where it was read, and what it leaves out."""
    speaks = "; ".join(f"{policy.procedures[p].label} ({_names(policy, ds)})" for p, ds in plan.applies_to.items())
    scope = f"Scenario {plan.id} speaks only of {speaks}; here it is applied to every request"
    parts = [f"{scope}, and its source is silent on the others."]
    parts += [f"Source: {plan.citation}; {plan.read or 'date not recorded'}; {plan.status or ''}".rstrip("; ") + "."]
    parts += [f"Not modelled: {'; '.join(plan.not_modelled)}."] if plan.not_modelled else []
    return " ".join(parts)


def _names(policy: Policy, diagnoses: Sequence[str]) -> str:
    return ", ".join(policy.diagnoses[name].label for name in diagnoses)


def stamp(study: Study) -> Shown:
    """What to repeat to get the same numbers."""
    cases, policy = study.cases, study.policy
    moved = ", ".join(f"{name}={value}" for name, value in study.provisions().items()) or "no lever moved"
    rows = [
        ("Policy", f"{policy.name} ({policy.status})"),
        ("Policy fingerprint", policy.fingerprint),
        ("Scenario", study.name),
        ("Levers moved", moved),
        ("Population" if cases.drawn else "Case table", cases.name),
        ("Population fingerprint" if cases.drawn else "Fingerprint of the file", cases.fingerprint),
        ("Cases", cases.told_size),
        ("Seed", "none: the cases were read, not drawn" if cases.seed is None else str(cases.seed)),
    ]
    rows += [("Counts of a few people", "exact, not for release")] if cases.people and cases.exact else []
    body = "".join(f"<tr><th scope='row'>{esc(a)}</th><td>{esc(b)}</td></tr>" for a, b in rows)
    text = "\n".join(f"{a:<24}{b}" for a, b in rows)
    return Shown(text, f'<table class="stamp"><tbody>{body}</tbody></table>')


# Tables --------------------------------------------------------------------------------------------------------------


def outcomes(study: Study) -> Shown:
    """Counts and shares of every outcome, before and after."""
    rows = []
    cases = study.cases.told_size
    for row in study.shown.outcomes().to_dict("records"):
        counts = [text for n in ("baseline", "scenario") for text in (count(row[n]), share(row[n], study))]
        rows.append((LABELS[row["outcome"]], *counts, signed(row["change"])))
    rows.append(("All cases", cases, "100%", cases, "100%", "0"))
    header = ("Outcome", "Baseline", "Baseline share", "Scenario", "Scenario share", "Change")
    return tabulated("Outcomes of all cases (counts, and share of all cases)", header, rows, total=True)


def approving(row: Mapping[Any, Any]) -> bool:
    """Whether a row of the groups has approvals, or may have withheld ones."""
    return any(row[f"{name}_met"] != 0 for name in ("baseline", "scenario"))


def groups(study: Study) -> Shown:
    """Approval rate by diagnosis x procedure with denominators and intervals, where anything is approved at all."""
    every = records(study.shown.groups())
    rows = [
        (*group_labels(study, row), count(row["cases"]), _rate(row, "baseline"), _rate(row, "scenario"), _change(row))
        for row in every
        if approving(row)
    ]
    silent = [row["cases"] for row in every if not approving(row)]
    if silent:
        label = f"{len(silent)} other combinations"
        rows.append((label, "no approvals in either", total_of(silent), "0.0%", "0.0%", "0.0"))
    header = ("Diagnosis", "Procedure", "Cases", "Baseline met (95%)", "Scenario met (95%)", "Change in points (95%)")
    caption = "Approval rate by diagnosis and procedure: share of the cases of the row, with 95% intervals"
    return tabulated(caption, header, rows, words=2)


def total_of(counts: Sequence[int | None]) -> str:
    """Their sum, a dash where any of them is withheld."""
    told = [n for n in counts if n is not None]
    return f"{sum(told):,}" if len(told) == len(counts) else "–"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table, None where a cell is empty."""
    return [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]


NO_COUNTS = ("values", "step", "distance")  # numbers of a table that count no cases


def in_shares(table: pd.DataFrame, levers: Collection[str] = ()) -> pd.DataFrame:
    """A table of rounded counts as shares of the column `cases`, which goes: each is called about_<count>_pct.

    What has an interval here has none; a column named by one of `levers` holds its values and stays.
    """
    found = {}
    for name in table.columns:
        column = table[name]
        if name == "cases" or re.search("_(low|high)$", str(name)):
            continue
        if name in NO_COUNTS or name in levers:
            found[name] = column
        elif re.search("_(pct|points)$", str(name)):
            found[f"about_{name}"] = column.astype("Float64").round(1)
        elif pd.api.types.is_integer_dtype(column) or pd.api.types.is_float_dtype(column):
            found[f"about_{name}_pct"] = (100 * column / table["cases"]).astype("Float64").round(1)
        else:
            found[name] = column
    return pd.DataFrame(found)


def group_outcomes(study: Study) -> Shown:
    """Every outcome of every diagnosis x procedure that occurs, baseline → scenario; folded away on a page."""
    rows = []
    for row in records(study.shown.groups()):
        pairs = [(row[f"baseline_{word}"], row[f"scenario_{word}"]) for word in OUTCOMES]
        cells = [f"{count(a)} → {count(b)}" if a != b else count(a) for a, b in pairs]
        rows.append((*group_labels(study, row), count(row["cases"]), *cells))
    header = ("Diagnosis", "Procedure", "Cases", *LABELS.values())
    title = "Every outcome by diagnosis and procedure (cases; baseline → scenario where they differ)"
    return folded(title, tabulated(title, header, rows, words=2))


def flow(study: Study) -> Shown:
    """Where cases of each outcome go; rows are the baseline, columns the scenario, the diagonal stays."""
    counts, outcomes = study.shown.flow().to_numpy(), study.shown.outcomes()
    rows = [
        (label, *map(count, row), count(total))
        for label, row, total in zip(LABELS.values(), counts, outcomes["baseline"], strict=True)
    ]
    rows.append(("All, scenario", *map(count, outcomes["scenario"]), study.cases.told_size))
    header = ("Baseline ↓  scenario →", *LABELS.values(), "All, baseline")
    caption = "Cases by outcome under the baseline (rows) and under the scenario (columns)"
    links = {
        (i, j + 1): _way(before, after)
        for i, before in enumerate(OUTCOMES)
        for j, after in enumerate(OUTCOMES)
        if i != j and not study.guarded and counts[i, j]
    }
    return tabulated(caption, header, rows, total=True, links=links)


def medicare(study: Study) -> Shown:
    """Medicare Advantage requests held against the Medicare-like presets, by preset and procedure."""
    guard, policy = study.guard, study.policy
    table = guard.frame()
    if table.empty and guard.warnings():
        return bullets(guard.warnings())
    if table.empty:
        return bullets(["No case says Medicare Advantage, so nothing is held against the Medicare-like presets."])
    rows = []
    names = [f"{name}_{way}" for name in ("baseline", "scenario") for way in ("stricter", "looser")]
    for (preset, procedure), part in table.groupby(["preset", "procedure"], sort=False):
        told = {name: total_of([row[name] for row in records(part)]) for name in ("cases", *names)}
        pairs = [f"{told[f'{n}_stricter']} stricter, {told[f'{n}_looser']} looser" for n in ("baseline", "scenario")]
        label = next(plan.label for plan in guard.presets if plan.id == preset)
        rows.append((f"{label} ({preset})", policy.procedures[str(procedure)].label, told["cases"], *pairs))
    header = ("Held against", "Procedure", "Medicare Advantage cases", "Baseline", "Scenario")
    shown = tabulated(
        "Medicare Advantage cases whose outcome differs from that under the preset", header, rows, words=2
    )
    said = guard.warnings()[0]
    rest = [MEANING, *left_out(policy)]
    below = "".join(f"<p>{esc(line)}</p>" for line in rest)
    return Shown("\n".join([said, shown.text, *rest]), f"<p><b>{esc(said)}</b></p>{shown.html}{below}")


def examples(study: Study) -> Shown:
    """A few of the cases that move, with their reasons; all columns are in examples.csv."""
    found = study.shown.examples
    if study.guarded:
        return bullets(["These cases may be people, so none of those that move is shown: workbook explain shows one."])
    if found.empty:
        return Shown("No case moves.", "<p>No case moves.</p>")
    rows: list[tuple[str, ...]] = []
    anchors: dict[int, str] = {}
    for row in found.to_dict("records"):
        name = _way(row["baseline"], row["scenario"])
        anchors |= {} if name in anchors.values() else {len(rows): name}
        way = f"{LABELS[row['baseline']]} → {LABELS[row['scenario']]}"
        codes = f"{row['dx']} × {row['cpt']}"
        rows.append((way, row["case_id"], codes, row["reasons_baseline"], row["reasons_scenario"]))
    header = ("Outcome", "Case", "Codes", "Reasons, baseline", "Reasons, scenario")
    return tabulated("Some of the cases that move, the first of each kind", header, rows, words=5, anchors=anchors)


def _way(before: str, after: str) -> str:
    """The place on a page where the cases that move so are shown."""
    return f"moved-{before}-{after}".replace("_", "-")


def share(number: Any, study: Study) -> str:
    """A count as a share of all cases."""
    return "–" if number is None or pd.isna(number) else percent(number / study.cases.size)


def signed(number: Any) -> str:
    """'+12', '−3', or a dash where it is withheld."""
    if number is None or pd.isna(number):
        return "–"
    return f"{number:+,}".replace("-", "−") if number else "0"


def _change(row: Mapping[Any, Any]) -> str:
    value, low, high = (row[f"change_{part}"] for part in ("points", "low", "high"))
    if value is None:
        return "–"
    return f"{points(value / 100)} ({'–' if low is None else f'{points(low / 100)} to {points(high / 100)}'})"


def _rate(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (row[f"{name}_{part}"] for part in ("pct", "low", "high"))
    return "–" if value is None else f"{value:.1f}% ({low:.1f} to {high:.1f})"


def group_labels(study: Study, row: dict[Any, Any]) -> tuple[str, str]:
    """Diagnosis and procedure as the policy labels them."""
    diagnosis, procedure = row["diagnosis"], row["procedure"]
    if diagnosis == SMALLER:
        return "Others together", f"combinations of at most {SMALL} cases each"
    first = "Other diagnosis" if diagnosis == OUTSIDE else study.policy.diagnoses[diagnosis].label
    second = "Other procedure" if procedure == OUTSIDE else study.policy.procedures[procedure].label
    return first, second
