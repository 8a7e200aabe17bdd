"""What a calibration found, and what the simulated truth says, in sentences and tables (HTML and text)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from policy.model import Policy
from policy.problems import listed
from simulations.population.calibration import BRIEFLY, Found, agreeing, sections
from simulations.population.page import GAINS, TrialWords
from simulations.population.probability_tables import Population
from simulations.reports.html_table import Shown, bullets, card, esc, folded, tabulated
from simulations.statistics.intervals import Parted
from simulations.statistics.number_format import fixed, percent, percent_within, points
from simulations.studies.examination import Examination
from simulations.studies.sensitivity import Spread, one_set, under_each
from simulations.studies.simulated_truth import Compared, verdict
from simulations.studies.truth_dependence import CANNOT_TELL, telling


def said(found: Mapping[str, Iterable[Found]]) -> str:
    """The outcome in a sentence: how many held-out figures each population meets; others are no test of it."""
    held = [(name, agreeing(targets).get("held_out", (0, 0))) for name, targets in found.items()]
    if not any(judged for _, (_, judged) in held):
        return "No published figure was held out: nothing tests the made-up cases"
    told = ", ".join(f"{name} {hits} of {judged}" for name, (hits, judged) in held)
    return f"Published figures that were held out and agree: {told}"


def headline(found: Examination) -> Shown:
    """The first page: two sentences to read aloud, the counts apart, and what these cases cannot show."""
    counts = {found.names[name]: agreeing(targets) for name, targets in found.targets.items()}
    held = [(name, *count.get("held_out", (0, 0))) for name, count in counts.items()]
    told = listed([f"{hits} of {judged} {under_each([name])}" for name, hits, judged in held])
    first = f"Of the published figures that nobody fitted them to, the made-up cases meet {told}"
    if not any(judged for _, _, judged in held):
        first = "No published figure was held out, so nothing can speak against the made-up cases, and nothing for them"
    tiles = [
        (
            f"{BRIEFLY[section]}, and agree",
            " · ".join("{}/{}".format(*count.get(section, (0, 0))) for count in counts.values()),
            note,
        )
        for section, note in (("held_out", "the only test"), ("fitted", "chosen to agree"), ("input", "must agree"))
    ]
    second = f"{_judged(found)} {_verdicts(found.compared, found.names)}"
    over = " ".join([f"In this order: {listed([f'“{name}”' for name in counts])}.", *one_set(counts)])
    return card(f"{first}. {second}", tiles if any(counts.values()) else [], over)


def _judged(found: Examination) -> str:
    """Which change the simulated truth is asked about: the one asked for, or one that ships where none is."""
    if found.judged.scenario == found.judged.baseline or found.judged is found.study:
        return f"For the change asked about ({found.judged.asks()})"
    return f"No lever is moved, so a change that comes with the policy is judged, “{found.judged.title}”:"


def _verdicts(compared: Sequence[Compared], names: Mapping[str, str]) -> str:
    """'the simulated truth cannot tell whether the change helps', or what it says under which assumption."""
    words: dict[str, list[str]] = {}
    if not compared:
        return "nothing is simulated about whom a procedure would help"
    for one in compared:
        words.setdefault(verdict(one).word, []).append(names[one.population])
    if len(words) == 1:
        return f"the simulated truth {_ENDS[next(iter(words))]}"
    return f"the simulated truth {'; it '.join(f'{_ENDS[w]} {under_each(some)}' for w, some in words.items())}"


_ENDS = {
    "cannot tell": CANNOT_TELL,
    "favours": "favours it",
    "speaks against": "speaks against it",
    "shows no difference": "shows no difference beyond luck",
    "points both ways": "points both ways",
    "nothing moves": "has nothing to judge, as no approval moves",
}
CANNOT_SHOW = (
    "How often a plan approves or denies: the mix of requests and the habits of charting are assumptions, and "
    "published rates of denial cannot be judged against them."
)


def cannot_show(found: Examination) -> list[str]:
    """What no result on these cases can be used for."""
    return [CANNOT_SHOW, *found.remarks("cannot")]


def targets(name: str, found: Iterable[Found]) -> Shown:
    """Each judged target of a population by section: published, agreement, expected, generated, verdict, source."""
    every = list(found)
    counts, rows = agreeing(every), []
    for section in counts:
        head = "{}: {} of {} agree".format(BRIEFLY[section], *counts[section])
        for one in sections(every)[section]:
            target = one.target
            span = "{} to {}".format(*target.between or ("", ""))
            numbers = ["–" if value is None else fixed(value, 2) for value in (one.expected, one.generated)]
            unit = " points" if target.metric in GAINS else "%"
            cells = (f"{target.value}{unit}", span, *numbers, f"{one.cases:,}")
            rows.append((head, target.says, _basis(one), one.verdict, *cells))
    header = ("Use", "Figure", "Source", "Verdict", "Published", "Agreement", "Expected", "Generated", "Of cases")
    return tabulated(f"{name}: published, expected from the tables, generated", header, rows, words=4)


def outcomes_by_population(found: Mapping[str, Iterable[Found]]) -> Shown:
    """Published rates of denial and overturn, what these cases give, and what it would take to reach them."""
    some = {name: sections(every).get("anchor", []) for name, every in found.items()}
    rows = []
    for several in zip(*some.values(), strict=True):
        one = several[0]
        here = " · ".join("–" if same.generated is None else fixed(same.generated) for same in several)
        rows.append((f"{one.target.says} ({_basis(one)})", one.needs or "–", f"{one.target.value}%", here))
    header = ("Figure", f"To reach it {under_each([*some][:1])}, assume", "Published", "Here, %")
    caption = f"Cannot be judged: published rates, and what these cases give, {under_each(some)}"
    return tabulated(caption, header, rows, words=2)


def _basis(one: Found) -> str:
    return ", ".join([*one.target.source, *one.target.statements]) or "assumption"


def worth(values: pd.DataFrame, words: TrialWords) -> Shown:
    """Chance of the condition after one and two positive tests, in %."""
    rows = [
        (
            row["population"],
            str(row["tests"]),
            *(
                percent(row[name] / 100)
                for name in ("prevalence", "sensitivity", "false_positive", "closed_form", "expected")
            ),
            f"{fixed(row['generated'])} ± {fixed(row['error'])}",
            points(row["correlation"] / 100),
        )
        for row in values.to_dict("records")
    ]
    test, condition = words.test, words.condition.capitalize()
    header = (
        "Population", f"{test.capitalize()}s", condition, f"Sensitivity of the last {test}", "Its false positives",
        "Closed form", "Expected", "Generated (± standard error)", "Correlation, points",
    )  # fmt: skip
    caption = f"{condition} among patients with positive {test}s: independent errors against shared readiness"
    return tabulated(caption, header, rows)


def curve(values: pd.DataFrame, words: TrialWords) -> Shown:
    """The arms of the virtual trial at each cut-off, in % (`by_cut_off`)."""
    keys = ("positive", "helped", "success_per_treatment")
    rows = []
    for (name, cut), pair in values.groupby(["population", "cut_off"], sort=False):
        one, two = pair.sort_values("tests").to_dict("records")
        rows.append((str(name), f"{cut}%", *(percent(arm[key] / 100) for key in keys for arm in (one, two))))
    one_test, two_tests, success = f"1 {words.test}", f"2 {words.test}s", f"Success per {words.treatment}"
    header = ("Population", "Positive from", f"Positive, {one_test}", two_tests, f"Helped, {one_test}", two_tests,
              f"{success}, {one_test}", two_tests)  # fmt: skip
    return tabulated(f"Who passes, who is helped (of all patients), and {success.lower()}", header, rows)


def spreads(found: Iterable[Spread]) -> Shown:
    """The change of the approval rate with both ranges, in percentage points."""
    rows = []
    for s in found:
        ranges = [
            f"{points(both[0] / 100)} to {points(both[1] / 100)}" if both else "not tried"
            for both in (s.assumption, s.sampling)
        ]
        rows.append(
            (s.population, s.scenario, f"{s.cases:,}", percent(s.approval / 100), points(s.change / 100), *ranges)
        )
    header = (
        "Population",
        "Change",
        "Requests",
        "Approved before",
        "Points",
        "Assumptions, 95%",
        "Luck of drawing, 95%",
    )
    return tabulated("Change of the approval rate: assumptions and the luck of drawing apart", header, rows, words=2)


def truths(values: pd.DataFrame, title: str = "Every setting") -> Shown:
    """Counts and predictive values by simulated truth, in each population (`Truth.row`)."""
    rows = []
    names = ("cases", "met", "appropriate", "unhelpful", "refused_would_help", "waiting")
    for row in values.to_dict("records"):
        parts = [row.get(f"ppv_{part}_points") for part in ("within", "mix")]
        held = ["–" if part is None or pd.isna(part) else points(part / 100) for part in parts]
        which = str(row.get("stage", row.get("value", row.get("setting"))))
        which += f", {row['setting']}" if "stage" in row else ""
        rates = [_rate(row, name) for name in ("ppv", "npv", "condition_ppv")]
        held = held if "ppv_mix_points" in row else []
        rows.append((row["population"], which, *(f"{row[n]:,}" for n in names), rates[0], *held, *rates[1:]))
    parted = ("of the difference: within kinds", "by mix") if "ppv_mix_points" in values else ()
    header = ("Population", "Setting", "Requests", "Met", "Met, would help", "Met, would not", "Refused, would help",
              "Waiting, would help", "Would help, of those met", *parted, "Would not, of those not met",
              "Condition, of those met for it")  # fmt: skip
    caption = f"{title}, by simulated truth; shares with 95% intervals of sampling"
    return tabulated(f"{caption}{_unable(values['population'], values['can_tell'])}", header, rows, words=2)


def _unable(populations: Iterable[str], able: Iterable[bool]) -> str:
    """A sentence to be added where the truth of some populations cannot tell; under which, unless under all."""
    told = dict(zip(populations, able, strict=True))
    names = [name for name, can in told.items() if not can]
    where = f" {under_each(names)}" if len(names) < len(told) else ""
    return f". The simulated truth cannot tell whether this lever helps{where}" if names else ""


def folded_truths(title: str, values: pd.DataFrame) -> Shown:
    """The same, on a page only after a click."""
    return folded(title, truths(values, title))


def parts(compared: Iterable[Compared]) -> Shown:
    """What of each change of the share helped, of those met, is choice within kinds and what is mix."""
    every, rows = list(compared), []
    for one in every:
        found = one.parted()
        if found is None:
            rows.append((one.population, *["–"] * 5))
            continue
        shares = [one.truth(scenario).row()["ppv_pct"] for scenario in (False, True)]
        numbers = [points(value) for value in (found.change, found.within, found.mix)]
        rows.append((one.population, *(percent(share / 100) for share in shares), *numbers))
    header = ("Population", "Would help, of those met, before", "After", "Change, points", "Within kinds", "By the mix")
    caption = "Helped of those met, with the mix of diagnosis, procedure and stage held (Kitagawa 1955)"
    unable = _unable([one.population for one in every], [not one.telling.blind for one in every])
    return tabulated(f"{caption}{unable}", header, rows)


def levers(policy: Policy, populations: Iterable[Population], called: Mapping[str, str]) -> Shown:
    """Which levers the truth of each population can tell about; folded away, what every lever reads."""
    told = [telling(policy, population, list(policy.levers)) for population in populations]
    tells: dict[tuple[str, ...], list[str]] = {}
    for one in told:
        tells.setdefault(tuple(n for n in policy.levers if one.can(n)), []).append(called[one.population])
    lines, rows = [], []
    for able, names in tells.items():
        some, of = listed([f"“{policy.levers[n].label}”" for n in able]), under_each(names)
        lines += [f"{of[0].upper()}{of[1:]} the simulated truth can tell something about {some}."] if able else []
        others = f"of the other {len(policy.levers) - len(able)} levers helps" if able else "lever helps"
        lines.append(f"{of[0].upper()}{of[1:]} the simulated truth cannot tell whether any {others}.")
    for name, lever in policy.levers.items():
        cells = ["; ".join(_labels(policy, one.ties[name])) or "cannot tell" for one in told]
        rows.append((lever.label, "; ".join(_labels(policy, told[0].reads[name])) or "nothing", *cells))
    same = all(len(set(row[2:])) == 1 for row in rows)
    rows = [row[:3] if same else row for row in rows]
    header = (
        "Lever",
        "Reads",
        *(["Benefit hangs together with"] if same else [called[one.population] for one in told]),
    )
    caption = "What each lever reads, and what of it benefit hangs together with among requests alike in kind"
    table = folded("Every lever, and what it reads", tabulated(caption, header, rows, words=len(header)))
    first = bullets(lines)
    return Shown(f"{first.text}\n{table.text}", f"{first.html}{table.html}")


def _labels(policy: Policy, facts: Iterable[str]) -> list[str]:
    """At most _FEW, and how many more."""
    found = [policy.fields_[n].label if n in policy.fields_ else "which diagnosis and procedure it is" for n in facts]
    return found if len(found) <= _FEW + 1 else [*found[:_FEW], f"and {len(found) - _FEW} more"]


_FEW = 6


def _rate(row: Mapping[Any, Any], name: str) -> str:
    if pd.isna(row[f"{name}_pct"]):
        return "–"
    told = percent_within(*(row[f"{name}_{part}"] for part in ("pct", "low", "high")), between="–")
    return told.replace(" (", "\n(")  # one below the other: there are many columns


# Truth in sentences --------------------------------------------------------------------------------------------------


def mix_in_words(parts: Parted) -> str:
    """What of a change of the share helped, of those met, is selection and what the mix of what is met."""
    luck = 2 * parts.luck
    within = f"{points(parts.within)} within kinds of request (luck up to {fixed(100 * luck)} either way)"
    text = f"{points(parts.change)} points, of which {within} and {points(parts.mix)} because other kinds are met"
    text += " (Kitagawa 1955)"
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
    return f"{one.population}: {'. '.join(_sentences(one))}."


def told(compared: Iterable[Compared]) -> Shown:
    """The same for several, a list for each."""
    parts = [(one.population, bullets([f"{said}." for said in _sentences(one)])) for one in compared]
    text = "\n".join(f"{name}\n{shown.text}" for name, shown in parts)
    return Shown(text, "".join(f"<p><b>{esc(name)}</b></p>{shown.html}" for name, shown in parts))


def _sentences(one: Compared) -> list[str]:
    before, after = (one.truth(scenario).row() for scenario in (False, True))

    def pair(name: str) -> str:
        return f"{before[name]:,} → {after[name]:,}"

    ppv = [percent(row["ppv_pct"] / 100) if row["ppv_pct"] is not None else "nobody" for row in (before, after)]
    from_where = ", ".join(f"{n:,} {_WAS[word]}" for word, n in one.origins().items())
    parts = one.parted()
    return [
        f"{pair('met')} of {before['cases']:,} requests are met",
        f"Of the {before['would_help']:,} whose procedure would help, {pair('appropriate')} are met and "
        f"{pair('refused_would_help')} are refused though the model says it would help"
        + (f" (of these {from_where})" if from_where else ""),
        f"{pair('unhelpful')} approved procedures would not help",
        f"Of those met, {' → '.join(ppv)} would be helped" + (f": {mix_in_words(parts)}" if parts else ""),
        verdict(one).text,
    ]


_WAS = {
    "met": "were met before",
    "not_met": "were refused before, too",
    "pend": "waited before",
    "review": "were in review before",
    "mismatch": "were mismatches before",
    "out_of_scope": "were out of scope before",
}
