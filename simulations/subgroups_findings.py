"""What the subgroups of a study show, in sentences and tables for people; see findings.py."""

from typing import Any

import pandas as pd

from simulations.findings import about_people, unless_silent
from simulations.impact import percent, points
from simulations.shown import Shown, bullets, esc, tabulated
from simulations.subgroups import SETTINGS, UNKNOWN, Subgroups, parts
from simulations.suppression import ALONE, REASON

NO_COLUMN = (
    "No rule of the policy reads any of these columns. A gap says that groups differ in what they ask for, in what is "
    "documented or in how ill they are; it is a reason to look, and no finding about anyone's conduct."
)
WITHHELD = (
    "These cases may be people: counts of 1 to 10 are withheld (–), and so is every other count from which one could "
    "be worked out, also by subtracting one result from the other. No lever's effect is given in numbers, as each "
    f"would be one more result to subtract. {ALONE}"
)
SIMULATED = "Wrongful refusals rest on a simulated truth: whether a procedure would help is an assumption of the cases."


def column_label(found: Subgroups, name: str) -> str:
    """A column in words."""
    kind = found.study.policy.fields_.get(name)
    return "Age" if name == "age_band" else kind.label if kind else name.removeprefix("group_").replace("_", " ")


def group_label(group: str) -> str:
    """A group in words."""
    return {UNKNOWN: "not documented", "true": "yes", "false": "no"}.get(group, group.replace("_", " "))


def in_words(found: Subgroups, measure: str = "met") -> str:
    """The widest gap in a sentence made from the numbers; `measure`: met or wrongful."""
    gap, does = found.widest(measure), "approved" if measure == "met" else "wrongly refused"
    if found.silent:
        return found.silent.capitalize()
    withheld = found.untold() if measure == "met" else 0
    if gap is None and withheld:
        told = (
            f"Of the comparisons told, none is sure of a group that is {does} more or less often; others are withheld"
        )
        return f"{'Comparisons of groups are withheld' if withheld == _comparisons(found) else told}: {REASON}"
    if gap is None:
        return f"No group is surely {does} more or less often than the largest of its column"
    column = found[gap["column"]]
    names = [group_label(gap[label]) for label in ("group", "reference")]
    shares = []
    for label in ("group", "reference"):
        hits, cases = column.among(column.groups.index(gap[label]), "scenario", measure) or (0, 1)
        shares.append(percent(hits / cases))
    width = f"{abs(gap['gap_points']):.1f} points {'less' if gap['gap_points'] < 0 else 'more'} often"
    return (
        f"{column_label(found, gap['column'])}: {names[0]} is {does} {width} than {names[1]} ({shares[0]} against "
        f"{shares[1]}){'; other comparisons are withheld' if withheld else ''}"
    )


def headline(found: Subgroups) -> Shown:
    """The widest gap as the answer, with the numbers behind it."""
    gap, impact = found.widest(), found.study.shown
    before, after, _ = impact.rates()
    all_cases = f"Approved of all cases: {percent(before.value)} → {percent(after.value)}."
    over = f"{all_cases} Policy {found.study.policy.name}, {found.study.cases!r}.{about_people(found.study)}"
    tiles = []
    if gap is not None:
        column = found[gap["column"]]
        for which, label in (("Group", "group"), ("Reference", "reference")):
            hits, cases = column.among(column.groups.index(gap[label]), "scenario") or (0, 0)
            name = f"{which}: {column_label(found, column.name)} {group_label(gap[label])}"
            tiles.append((name, percent(hits / cases), f"{hits:,} of {cases:,} met under the scenario"))
        interval = f"{points(gap['gap_low'] / 100)} to {points(gap['gap_high'] / 100)}"
        tiles.append(("Gap", f"{points(gap['gap_points'] / 100)} points", f"95% interval {interval}"))
    finding = f"{in_words(found)}."
    text = "\n".join([finding, *(f"{name}: {value} ({note})" for name, value, note in tiles), over])
    inside = "".join(f"<div><dt>{esc(a)}</dt><dd><b>{esc(b)}</b> <span>{esc(c)}</span></dd></div>" for a, b, c in tiles)
    card = f'<p class="finding">{esc(finding)}</p><dl class="tiles">{inside}</dl><p>{esc(over)}</p>'
    return Shown(text, f'<div class="card">{card}</div>')


def files(found: Subgroups, drivers: pd.DataFrame | None) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The tables to write, and what summary.json says of the subgroups."""
    tables = {"subgroups": found.rates(), "gaps": found.gaps()}
    tables |= {"gap_levers": drivers} if drivers is not None else {}
    said = {
        "small_cells_withheld": found.suppressed,
        "widest_gap": found.widest(),
        **({"withheld": REASON, "comparisons_withheld": found.untold()} if found.untold() else {}),
        "not_documented": list(found.absent),
    }
    return tables, {"subgroups": said}


def _comparisons(found: Subgroups) -> int:
    """How many comparisons of approvals there are under the scenario, told or not."""
    gaps = found.gaps()
    return int(((gaps["measure"] == "met") & (gaps["setting"] == "scenario")).sum())


def _compared(found: Subgroups) -> int:
    gaps = found.gaps()
    return int((gaps[(gaps["measure"] == "met") & (gaps["setting"] == "scenario")]["gap_points"].notna()).sum())


def notes(found: Subgroups) -> Shown:
    """What a reader must know about these tables."""
    sentences = [NO_COLUMN]
    compared = _compared(found)
    lucky = f"about {compared / 20:.0f} of {compared}" if compared >= 20 else f"perhaps one of {compared}"
    if compared:
        sentences.append(
            f"Each comparison has a 95% interval, so {lucky} would seem to differ by luck alone if none did. The "
            "intervals speak of the luck of these cases only."
        )
    sentences += [WITHHELD] if found.suppressed else []
    sentences += [SIMULATED] if any(column.helped is not None for column in found.columns) else []
    if found.absent:
        names = ", ".join(column_label(found, name) for name in found.absent)
        sentences.append(f"Nothing is documented in any case about: {names}.")
    return bullets(sentences)


@unless_silent
def cause(found: Subgroups, gap: dict[str, Any] | None) -> Shown:
    """How much of the widest gap what is asked for explains; nothing where numbers would give small counts away."""
    if gap is None and found.untold():
        return bullets(["Withheld, as comparisons of groups are withheld."])
    if gap is None:
        return bullets(["No gap is surely wider than luck."])
    if found.suppressed:
        return bullets(["What the groups ask for is not told where small cells are withheld."])
    asked, rest = (points(part / 100) for part in parts(found, gap))
    names = [group_label(gap[label]) for label in ("group", "reference")]
    sentence = (
        f"Of the gap of {points(gap['gap_points'] / 100)} points between {names[0]} and {names[1]}, {asked} come from "
        f"asking for other diagnoses and procedures, {rest} from other rates for the same requests."
    )
    return bullets([sentence])


@unless_silent
def rates(found: Subgroups) -> Shown:
    """Cases, approvals and wrongful refusals of each group, before and after, with 95 % intervals."""
    truth = any(column.helped is not None for column in found.columns)
    rows = []
    for column in found.columns:
        for row in column.rates():
            cells = [_count(row["cases"])]
            for setting in SETTINGS:
                cells.append(
                    f"{_count(row[f'{setting}_met'])} · {_rate(row, setting)}"
                    if row[f"{setting}_pct"] is not None
                    else "–"
                )
            cells.append(points(row["change_points"] / 100) if row["change_points"] is not None else "–")
            if truth:
                pair = [row[f"{setting}_wrongful_pct"] for setting in SETTINGS]
                cells.append("–" if None in pair else f"{pair[0]:.1f} → {pair[1]:.1f}% of {row['would_help']:,}")
            group = group_label(UNKNOWN if row["group"] == "not documented" else row["group"])
            rows.append((column_label(found, column.name), group, *cells))
    header = ["Column", "Group", "Cases", "Baseline met · rate (95%)", "Scenario met · rate (95%)", "Change, points"]
    header += ["Wrongly refused of those it would help"] if truth else []
    return tabulated("Approval rate of each group: share of met among all its cases", header, rows, words=2)


@unless_silent
def gaps(found: Subgroups, measure: str = "met") -> Shown:
    """Each group against the largest of its column, before and after: points and ratio with 95 % intervals."""
    every = found.gaps()
    rows = []
    if measure == "wrongful" and all(column.helped is None for column in found.columns):
        return bullets(["Not known here: no truth is simulated for these cases, or small cells are withheld."])
    for column in found.columns:
        mine = every[(every["column"] == column.name) & (every["measure"] == measure)]
        for group in dict.fromkeys(mine["group"]):
            pair = {row["setting"]: row for row in mine[mine["group"] == group].to_dict("records")}
            cells = [_gap(pair[setting]) for setting in SETTINGS] + [_ratio(pair["scenario"])]
            reference = group_label(pair["scenario"]["reference"])
            rows.append((column_label(found, column.name), f"{group_label(group)} against {reference}", *cells))
    what = "approval rate" if measure == "met" else "share wrongly refused"
    header = ("Column", "Groups", "Baseline, points (95%)", "Scenario, points (95%)", "Scenario, ratio (95%)")
    return tabulated(f"Gaps of the {what}; ratio 1 is no gap", header, rows, words=2)


@unless_silent
def levers(found: Subgroups, drivers: pd.DataFrame | None, most: int = 12) -> Shown:
    """The levers that move the widest gap, the strongest first."""
    if drivers is None and found.untold():
        return bullets(["No lever is named, as comparisons of groups are withheld."])
    if drivers is None:
        return bullets(["So there is no gap for a lever to move."])
    if found.suppressed:
        rows = [(row["label"], row["now"]) for row in drivers.head(most).to_dict("records")]
        return tabulated("Levers that move this gap, the strongest first", ("Lever", "Now"), rows, words=2)
    rows = []
    for row in drivers.head(most).to_dict("records"):
        ends = [f"{points(row[end] / 100)} at {row[f'{end}_at']}" for end in ("least", "most")]
        back = points(row["back"] / 100) if not pd.isna(row["back"]) else "not moved"
        rows.append((row["label"], row["now"], points(row["swing"] / 100).lstrip("+"), *ends, back))
    header = ("Lever", "Now", "Swing, points", "Gap nearest to 0", "Gap farthest from 0", "Gap with this lever back")
    inert = int((drivers["swing"] == 0).sum())
    caption = f"How far each lever alone moves this gap over its whole domain; {inert} of {len(drivers)} do not move it"
    return tabulated(caption, header, rows, words=2)


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _rate(row: dict[str, Any], name: str) -> str:
    value, low, high = (row[f"{name}_{part}"] for part in ("pct", "low", "high"))
    return "–" if value is None else f"{value:.1f}% ({low:.1f}–{high:.1f})"


def _gap(row: dict[Any, Any]) -> str:
    if pd.isna(row["gap_points"]):
        return "–"
    value, low, high = (points(row[name] / 100) for name in ("gap_points", "gap_low", "gap_high"))
    return f"{value} ({low} to {high})"


def _ratio(row: dict[Any, Any]) -> str:
    return "–" if pd.isna(row["ratio"]) else f"{row['ratio']:.2f} ({row['ratio_low']:.2f}–{row['ratio_high']:.2f})"
