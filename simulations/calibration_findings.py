"""What a calibration found, and what the simulated truth says, in sentences and tables for people; see findings.py."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from policy.model import Policy
from policy.problems import listed
from simulations.assumptions import ONE_SET, Spread
from simulations.calibration import SECTIONS, Found, agreeing, sections
from simulations.impact import points
from simulations.intervals import Parted
from simulations.population_page import GAINS
from simulations.population_tables import Population
from simulations.shown import Shown, bullets, card, folded, tabulated
from simulations.study import Study
from simulations.telling import telling
from simulations.truth import Compared, verdict


def said(found: Mapping[str, Iterable[Found]]) -> str:
    """The outcome in a sentence: how many held-out figures each population meets; others are no test of it."""
    held = [(name, agreeing(targets).get("held_out", (0, 0))) for name, targets in found.items()]
    told = ", ".join(f"{name} {hits} of {judged}" for name, (hits, judged) in held)
    return f"Published figures that were held out and agree: {told}"


def headline(study: Study, found: Mapping[str, Iterable[Found]], compared: Sequence[Compared]) -> Shown:
    """The first page: two sentences to read aloud, the counts apart, and what these cases cannot show."""
    counts = [agreeing(targets) for targets in found.values()]
    held = [count.get("held_out", (0, 0)) for count in counts]
    spans = [f"{hits} of {judged}" for hits, judged in held]
    first = f"Held against published figures that nobody fitted them to, the made-up cases agree in {listed(spans)}"
    second = f"{_asked_about(study)} {_verdicts(compared)}"
    tiles = [
        (label, ", ".join("{} of {}".format(*count.get(name, (0, 0))) for count in counts), note)
        for name, label, note in (
            ("held_out", "Held out and agree", "the only test"),
            ("fitted", "Fitted and agree", "chosen to agree"),
            ("input", "Put in and agree", "must agree"),
        )
    ]
    names = ", ".join(found)
    return card(f"{first}. {second}", tiles, f"In this order: {names}. {ONE_SET}")


def _asked_about(study: Study) -> str:
    return f"For the change asked about ({study.asks()})"


def _verdicts(compared: Sequence[Compared]) -> str:
    """'the simulated truth cannot tell whether it helps', or what it says under each assumption."""
    words = {one.population: verdict(one).word for one in compared}
    if set(words.values()) == {"cannot tell"}:
        return "the simulated truth cannot tell whether it helps"
    if len(set(words.values())) == 1:
        return f"the simulated truth, under every assumption, {_ENDS[next(iter(words.values()))]}"
    return f"the simulated truth {', '.join(f'{_ENDS[word]} ({name})' for name, word in words.items())}"


_ENDS = {
    "cannot tell": "cannot tell whether it helps",
    "favours": "favours it",
    "speaks against": "speaks against it",
    "shows no difference": "shows no difference beyond luck",
    "points both ways": "points both ways",
    "nothing moves": "has nothing to judge, as no approval moves",
}
CANNOT_SHOW = """\
How often a plan approves or denies: the mix of requests and the habits of charting are assumptions, and published rates
of denial cannot be judged against them.
Whether a real patient would be helped: benefit is simulated, for facet procedures from a trial of the lower back, for
the others by assumption.
Whether a rule that reads history helps: on the three populations benefit does not hang on duration, failed care, drugs
or the stage of the blocks. That is an assumption with a range; the page what_if_duration_matters has another.
What happens next: no request is sent again, and nobody charts to the line.
"""


def cannot_show() -> Shown:
    """What no result on these cases can be used for."""
    return bullets([one.replace("\n", " ") for one in re.split(r"(?<=\.)\n", CANNOT_SHOW) if one])


def together(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several populations one after the other."""
    return pd.concat(frames, ignore_index=True)


def targets(name: str, found: Iterable[Found]) -> Shown:
    """Each target of a population by section: published, agreement, expected, generated, verdict, source."""
    every = list(found)
    counts, rows = agreeing(every), []
    for section, some in sections(every).items():
        head = SECTIONS[section]
        head += f": {counts[section][0]} of {counts[section][1]} agree" if section in counts else ""
        for one in some:
            target = one.target
            span = f"{target.between[0]} to {target.between[1]}" if target.between else "not judged"
            span = f"would need {one.needs}" if one.needs else span
            numbers = ["–" if value is None else f"{value:.2f}" for value in (one.expected, one.generated)]
            basis = ", ".join([*target.source, *target.statements]) or "assumption"
            unit = " points" if target.metric in GAINS else "%"
            cells = (f"{target.value}{unit}", *numbers, f"{one.cases:,}")
            rows.append((head, target.says, basis, one.verdict, span, *cells))
    header = ("Use", "Figure", "Source", "Verdict", "Agreement", "Published", "Expected", "Generated", "Of cases")
    return tabulated(f"{name}: published, expected from the tables, generated", header, rows, words=5)


def worth(values: pd.DataFrame) -> Shown:
    """Chance of facet pain after one and two positive blocks, in %."""
    rows = [
        (
            row["population"],
            str(row["blocks"]),
            *(
                f"{row[name]:.1f}%"
                for name in ("prevalence", "sensitivity", "false_positive", "closed_form", "expected")
            ),
            f"{row['generated']:.1f} ± {row['error']:.1f}",
            points(row["correlation"] / 100),
        )
        for row in values.to_dict("records")
    ]
    header = (
        "Population", "Blocks", "Facet pain", "Sensitivity of the last block", "Its false positives", "Closed form",
        "Expected", "Generated (± standard error)", "Correlation, points",
    )  # fmt: skip
    return tabulated(
        "Facet pain among patients with positive blocks: independent errors against shared readiness", header, rows
    )


def curve(values: pd.DataFrame) -> Shown:
    """The arms of the virtual trial at each cut-off, in % (`by_cut_off`)."""
    keys = ("positive", "helped", "success_per_ablation")
    rows = []
    for (name, cut), pair in values.groupby(["population", "cut_off"], sort=False):
        one, two = pair.sort_values("blocks").to_dict("records")
        rows.append((str(name), f"{cut}%", *(f"{arm[key]:.1f}%" for key in keys for arm in (one, two))))
    header = ("Population", "Relief from", "Positive, 1 block", "2 blocks", "Helped, 1 block", "2 blocks",
              "Success per ablation, 1 block", "2 blocks")  # fmt: skip
    return tabulated("Who passes, who is helped (of all patients), and success per ablation", header, rows)


def spreads(found: Iterable[Spread]) -> Shown:
    """The change of the approval rate with both ranges, in percentage points."""
    rows = []
    for s in found:
        ranges = [f"{points(low / 100)} to {points(high / 100)}" for low, high in (s.sampling, s.assumption)]
        rows.append((s.population, s.scenario, f"{s.cases:,}", f"{s.approval:.1f}%", points(s.change / 100), *ranges))
    header = ("Population", "Change", "Requests", "Approved before", "Points", "Sampling, 95%", "Assumptions, 95%")
    return tabulated("Change of the approval rate: sampling and assumptions apart", header, rows, words=2)


def truths(values: pd.DataFrame) -> Shown:
    """Counts and predictive values by simulated truth, in each population (`Truth.row`)."""
    rows = []
    names = ("cases", "met", "appropriate", "unhelpful", "refused_would_help", "waiting")
    for row in values.to_dict("records"):
        parts = [row.get(f"ppv_{part}_points") for part in ("within", "mix")]
        held = ["–" if part is None or pd.isna(part) else points(part / 100) for part in parts]
        which = str(row.get("stage", row.get("value", row.get("setting"))))
        which += f", {row['setting']}" if "stage" in row else ""
        rates = [_rate(row, name) for name in ("ppv", "npv", "facet_ppv")]
        held = held if "ppv_mix_points" in row else []
        rows.append((row["population"], which, *(f"{row[n]:,}" for n in names), rates[0], *held, *rates[1:]))
    parted = ("of the difference: within kinds", "by mix") if "ppv_mix_points" in values else ()
    header = ("Population", "Setting", "Requests", "Met", "Met, would help", "Met, would not", "Refused, would help",
              "Waiting, would help", "Would help, of those met", *parted, "Would not, of those not met",
              "Facet pain, of facet procedures met")  # fmt: skip
    caption = "By simulated truth; shares with 95% intervals of sampling"
    if "can_tell" in values and not values["can_tell"].all():
        caption += ". The simulated truth cannot tell whether this lever helps"
    return tabulated(caption, header, rows, words=2)


def folded_truths(title: str, values: pd.DataFrame) -> Shown:
    """The same, on a page only after a click."""
    return folded(title, truths(values))


def parts(compared: Iterable[Compared]) -> Shown:
    """What of each change of the share helped, of those met, is choice within kinds and what is mix."""
    rows = []
    for one in compared:
        found = one.parted()
        if found is None:
            rows.append((one.population, *["–"] * 5))
            continue
        shares = [one.truth(scenario).row()["ppv_pct"] for scenario in (False, True)]
        numbers = [points(value) for value in (found.change, found.within, found.mix)]
        rows.append((one.population, *(f"{share:.1f}%" for share in shares), *numbers))
    header = ("Population", "Would help, of those met, before", "After", "Change, points", "Within kinds", "By the mix")
    return tabulated(
        "Helped of those met, with the mix of diagnosis, procedure and stage held (Kitagawa 1955)", header, rows
    )


def lever_table(policy: Policy, populations: Iterable[Population]) -> Shown:
    """For every lever what it reads, and what of it the truth of each population hangs together with."""
    told = [telling(policy, population, list(policy.levers)) for population in populations]
    rows = []
    for name, lever in policy.levers.items():
        cells = ["; ".join(_labels(policy, one.ties[name])) or "cannot tell" for one in told]
        reads = _labels(policy, told[0].reads[name]) if told else []
        some = [*reads[:_FEW], f"and {len(reads) - _FEW} more"] if len(reads) > _FEW + 1 else reads
        cells = [cell if cell.count(";") <= _FEW else f"{cell.split(';')[0]} and others" for cell in cells]
        same = len(set(cells)) == 1
        rows.append((lever.label, "; ".join(some) or "nothing", *([cells[0]] if same else cells)))
    width = max(len(row) for row in rows)
    rows = [(*row, *([row[-1]] * (width - len(row)))) for row in rows]
    names = [one.population for one in told] if width > 3 else ["Benefit hangs together with"]
    caption = "Can the simulated truth favour it? Among requests alike in diagnosis and procedure"
    return tabulated(caption, ("Lever", "Reads", *names), rows, words=width)


_FEW = 5


def _labels(policy: Policy, facts: Iterable[str]) -> list[str]:
    found = [policy.fields_[n].label if n in policy.fields_ else "which diagnosis and procedure it is" for n in facts]
    return list(dict.fromkeys(found))


def _rate(row: Mapping[Any, Any], name: str) -> str:
    if pd.isna(row[f"{name}_pct"]):
        return "–"
    return f"{row[f'{name}_pct']:.1f}% ({row[f'{name}_low']:.1f}–{row[f'{name}_high']:.1f})"


# Truth in sentences --------------------------------------------------------------------------------------------------


def mix_in_words(parts: Parted) -> str:
    """What of a change of the share helped, of those met, is selection and what the mix of what is met."""
    luck = 2 * parts.luck
    text = (
        f"{points(parts.change)} points, of which {points(parts.within)} within kinds of request "
        f"(luck up to {100 * luck:.1f} either way) and {points(parts.mix)} because other kinds are met (Kitagawa 1955)"
    )
    against = parts.change * parts.within < 0 and abs(parts.within) > luck
    if against and parts.ways - {0} == {-1 if parts.change > 0 else 1}:
        here, there = ("falls", "rises") if parts.change > 0 else ("rises", "falls")
        return f"{text}: the share {here} in every kind and {there} in all together, which is Simpson's paradox"
    if against:
        return f"{text}: with the mix held it goes the other way"
    if abs(parts.within) <= luck and abs(parts.mix) > max(abs(parts.within), 0.0005):
        return f"{text}: a shift of the mix, not a better choice of patients"
    return text


def in_words(one: Compared) -> str:
    """The finding of one population in sentences; the last says what the simulated truth can tell."""
    before, after = (one.truth(scenario).row() for scenario in (False, True))

    def pair(name: str) -> str:
        return f"{before[name]:,} → {after[name]:,}"

    ppv = [f"{row['ppv_pct']:.1f}%" if row["ppv_pct"] is not None else "nobody" for row in (before, after)]
    from_where = ", ".join(f"{n:,} {_WAS[word]}" for word, n in one.origins().items())
    parts = one.parted()
    sentences = [
        f"{one.population}: {pair('met')} of {before['cases']:,} requests are met",
        f"Of the {before['would_help']:,} whose procedure would help, {pair('appropriate')} are met and "
        f"{pair('refused_would_help')} are refused though the model says it would help"
        + (f" (of these {from_where})" if from_where else ""),
        f"{pair('unhelpful')} approved procedures would not help",
        f"Of those met, {' → '.join(ppv)} would be helped" + (f": {mix_in_words(parts)}" if parts else ""),
        verdict(one).text,
    ]
    return f"{'. '.join(sentences)}."


_WAS = {
    "met": "were met before",
    "not_met": "were refused before, too",
    "pend": "waited before",
    "review": "were in review before",
    "mismatch": "were mismatches before",
    "out_of_scope": "were out of scope before",
}
