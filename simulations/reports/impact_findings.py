"""What a study found, in sentences and tables for people, as HTML and as text."""

from collections.abc import Mapping
from typing import Any

from policy.model import OUTCOMES
from simulations.reports.html_table import Shown, bullets, card, esc, folded, tabulated, titled
from simulations.reports.notices import ROUGH, about_people
from simulations.reports.table_cells import LABELS, count, group_labels, records, share, signed, total_of
from simulations.reports.version_findings import version_changes
from simulations.statistics.disclosure_control import (
    LEAST_ABOUT,
    SMALL,
    TOO_FEW,
    TOO_FEW_ABOUT,
    about_all,
    rounded,
)
from simulations.statistics.number_format import change_called, percent, percent_within, points, shares_told
from simulations.studies.comparison import Study
from simulations.studies.impact import Impact
from simulations.studies.medicare import MEANING, NONE, left_out


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
    called = change_called([(before.value, after.value, change.value)], "Change", 2)
    tiles.append((called, "withheld" if change.value is None else f"{points(change.value, 2)} points", interval))
    return card(impact.finding(), tiles, f"{study.titled}; {study.cases!r}.{about_people(study)}")


def about_finding(study: Study) -> str:
    """The change of approvals in shares of rounded counts."""
    if study.silent:
        return study.silent.capitalize()
    before, after = study.shares()
    if before == after:
        return f"Approvals: about {percent(before)} of all cases before and after; a smaller change is not told"
    return f"Approvals: about {percent(before)} of all cases before, about {percent(after)} after"


def live(impact: Impact) -> Shown:
    """What a panel shows of people while levers move: shares of rounded counts, and nothing else."""
    flow = impact.counts.sum(axis=(0, 1))
    cases = int(flow.sum())
    if cases < LEAST_ABOUT:
        return bullets([f"{(TOO_FEW if cases <= SMALL else TOO_FEW_ABOUT).capitalize()}."])
    rows = [
        (LABELS[word], *("–" if share is None else f"about {percent(share)}" for share in pair))
        for word, pair in about_outcomes(impact).items()
    ]
    shown = tabulated("Outcomes, share of all cases", ("Outcome", "Baseline", "Now"), rows)
    return Shown(f"{shown.text}\n{ROUGH}", f"{shown.html}<p><small>{esc(ROUGH)}</small></p>")


def about_outcomes(impact: Impact) -> dict[str, tuple[float | None, float | None]]:
    """Outcome -> its share before and after, of rounded counts of 50 or more people; None where withheld."""
    flow = impact.counts.sum(axis=(0, 1))
    cases = int(flow.sum())
    sides = [about_all(flow.sum(axis=axis), cases) for axis in (1, 0)]
    shares = [[None if n is None else n / rounded(cases) for n in side] for side in sides]
    return dict(zip(OUTCOMES, zip(*shares, strict=True), strict=True))


def changes(study: Study) -> Shown:
    """Each lever that moves, in words; of two versions all that differs, and whose change does what."""
    if study.version:
        return version_changes(study)
    return titled(
        "What is moved", study.impact.changes(names=False) or ["No lever differs from the policy as it stands."]
    )


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
    called = change_called(map(shares_told, every), "Change in points (95%)")
    header = ("Diagnosis", "Procedure", "Cases", "Baseline met (95%)", "Scenario met (95%)", called)
    caption = "Approval rate by diagnosis and procedure: share of the cases of the row, with 95% intervals"
    return tabulated(caption, header, rows, words=2)


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
    if not guard.presets:
        return bullets([NONE])
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
        rows.append((label, policy.procedures[str(procedure)].label, told["cases"], *pairs))
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


def _change(row: Mapping[Any, Any]) -> str:
    value, low, high = (row[f"change_{part}"] for part in ("points", "low", "high"))
    if value is None:
        return "–"
    return f"{points(value / 100)} ({'–' if low is None else f'{points(low / 100)} to {points(high / 100)}'})"


def _rate(row: Mapping[Any, Any], name: str) -> str:
    value, low, high = (row[f"{name}_{part}"] for part in ("pct", "low", "high"))
    return "–" if value is None else percent_within(value, low, high)
