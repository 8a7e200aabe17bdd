"""Every number of one report of calibration, made again by hand (see test_recount.py)."""

from collections import Counter
from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
import pytest
import yaml

from simulations import population
from tests.simulations.recomputed import recount
from tests.simulations.recomputed.recount import (
    BEFORE_AND_AFTER,
    differences,
    group_of,
    numbers_in,
    scenario,
    wilson,
)
from tests.simulations.recomputed.reports import (
    POPULATIONS,
    SEED,
    SOME,
    TREE,
    WEEKS,
    Rows,
    cases,
    in_percent,
    judged,
    moved,
    of_all,
    report,
    six,
    standing,
)

pytestmark = pytest.mark.slow

STAGES = (
    "therapeutic block", "first block", "second block", "after two blocks",
    "block of unknown number", "ablation", "no facet procedure",
)  # fmt: skip
RELIEF = [str(value) for value in range(50, 101, 5)]
DRAWN = 400_000  # patients that stand for the tables


def kind_of(case: Mapping[str, str]) -> tuple[str, str, str]:
    """Diagnosis, procedure, stage of the pathway as it is on file."""
    diagnosis, procedure = group_of(TREE, case)
    stage = "ablation" if procedure == "facet_ablation" else "no facet procedure"
    if procedure == "facet_injection":
        done = {"0": STAGES[0], "1": STAGES[1], "2": STAGES[2], "": STAGES[3]}
        stage = STAGES[4] if case["intent"] == "therapeutic" else done[case["diagnostic_blocks_done"]]
    return diagnosis, procedure, stage


def truth_row(rows: Rows, outcomes: list[str]) -> dict[str, Any]:
    """A truth table: what the outcomes are to those it would help, and to those whose pain comes from a facet joint."""
    every = list(zip(rows, outcomes, strict=True))
    helped = Counter(word for case, word in every if case["truth_benefit"] == "true")
    not_helped = Counter(outcomes) - helped
    facet = Counter(
        (case["truth_facet_pain"], word) for case, word in every
        if kind_of(case)[1] in ("facet_injection", "facet_ablation") and case["truth_facet_pain"]
    )  # fmt: skip
    row: dict[str, Any] = {"cases": len(rows), **six(outcomes), "would_help": helped.total()}
    row |= {"appropriate": helped["met"], "unhelpful": not_helped["met"], "refused_would_help": helped["not_met"]}
    row["waiting"] = helped["pend"] + helped["review"]
    for name, hits, among in (
        ("approved_of_helped", helped["met"], helped.total()),
        ("refused_of_helped", helped["not_met"], helped.total()),
        ("ppv", helped["met"], outcomes.count("met")),
        ("npv", not_helped["not_met"], outcomes.count("not_met")),
        ("condition_ppv", facet["true", "met"], facet["true", "met"] + facet["false", "met"]),
        ("condition_npv", facet["false", "not_met"], facet["true", "not_met"] + facet["false", "not_met"]),
    ):
        row |= in_percent(name, wilson(hits, among) if among else None) | {f"{name}_of": among}
    return row


def approved(rows: Rows, outcomes: list[str]) -> dict[Any, tuple[int, int]]:
    """Kind -> how many of those met it would help, and how many are met."""
    found: dict[Any, tuple[int, int]] = {}
    for case, word in zip(rows, outcomes, strict=True):
        if word == "met":
            hits, among = found.get(kind_of(case), (0, 0))
            found[kind_of(case)] = (hits + (case["truth_benefit"] == "true"), among + 1)
    return found


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    return report("calibration", tmp_path_factory.mktemp("calibration") / "out", provisions=WEEKS, size=SOME)


def test_the_truth_tables_of_calibration(calibrated):
    tables, summary = calibrated
    truth, stages, relief, moves, spreads = [], [], [], [], []
    strict = {name: str(value) for name, value in scenario("strict_reading")["provisions"].items()}
    for name in POPULATIONS:
        rows = cases(name, SOME)
        before, after = judged(standing(), rows), judged(moved(WEEKS), rows)
        both = dict(zip(BEFORE_AND_AFTER, (before, after), strict=True))
        head = {"population": name, "can_tell": False}  # benefit does not hang on how long care was tried
        truth += [{**head, "setting": setting, **truth_row(rows, found)} for setting, found in both.items()]
        for stage in STAGES:
            some = [i for i, case in enumerate(rows) if kind_of(case)[2] == stage]
            for setting, found in both.items() if some else ():
                row = truth_row([rows[i] for i in some], [found[i] for i in some])
                stages.append({**head, "stage": stage, "setting": setting, **row})
        at = {value: judged(moved({"relief_pct": value}), rows) for value in RELIEF}
        for value in RELIEF:
            sides = approved(rows, at["80"]), approved(rows, at[value])
            within, mix = recount.kitagawa(*sides) if all(sides) else (None, None)
            row = {"population": name, "value": int(value), "can_tell": True, **truth_row(rows, at[value])}
            parts = {"ppv_within_points": within, "ppv_mix_points": mix}
            relief.append(row | {key: None if part is None else 100 * part for key, part in parts.items()})
        counted: dict[Any, list[int]] = {}
        for case, b, a in zip(rows, before, after, strict=True):
            if a != b:
                one = counted.setdefault((*kind_of(case)[:2], b, a), [0, 0])
                one[0], one[1] = one[0] + 1, one[1] + (case["truth_benefit"] == "true")
        columns = ("diagnosis", "procedure", "baseline", "scenario")
        for key in sorted(counted, key=lambda key: (-counted[key][0], key)):
            row = {"population": name, **dict(zip(columns, key, strict=True))}
            moves.append(row | dict(zip(("cases", "would_help"), counted[key], strict=True)))
        for change_name, there in (("conservative_weeks=8", after), ("strict_reading", judged(moved(strict), rows))):
            own = np.array([(a == "met") - (b == "met") for b, a in zip(before, there, strict=True)]) * 100.0
            half = recount.Z * own.std(ddof=1) / sqrt(len(own))
            row = {"population": name, "scenario": change_name, "approval_pct": 100 * before.count("met") / SOME}
            row |= {"change_points": own.mean(), "sampling_low": own.mean() - half, "sampling_high": own.mean() + half}
            row = {key: value if isinstance(value, str) else float(value) for key, value in row.items()}
            row |= dict.fromkeys(f"assumption_{end}" for end in ("low", "high", "low_error", "high_error"))
            spreads.append(row | {"cases": SOME, "draws": 0})
    for name, mine in (("truth", truth), ("truth_by_stage", stages), ("truth_by_lever", relief), ("moves", moves)):
        assert not differences(mine, tables(name)), name
    assert not differences(spreads, tables("spreads"), 2)
    rows = cases(size=SOME)
    of_all(summary, judged(standing(), rows), judged(moved(WEEKS), rows), -1)


class Patients:
    """The virtual trial: all get both blocks and the ablation; drawn by the product, counted here."""

    def __init__(self, name: str, size: int, seed: int):
        page, trial = population.load(name), {"procedure": "facet_ablation", "diagnostic_blocks_done": "2"}
        names = ["diagnosis", "truth_facet_pain", "truth_benefit", "block_1_relief_pct", "block_2_relief_pct"]
        facts = population.facts_of(page, size, seed, 0, names, trial)
        diagnosis = np.array(page["diagnosis"].values)[facts["diagnosis"]]
        spine = np.isin(diagnosis, ["neck_pain", "thoracic_pain"])
        self.diagnosis = diagnosis[spine]
        self.truth, self.helped, self.first, self.second = (facts[n][spine] for n in names[1:])
        self.truth, self.helped = self.truth == 1, self.helped == 1

    def shares(self, target: Mapping[str, Any]) -> list[tuple[Any, Any]]:
        """What is counted, and among whom; two for a difference."""
        wanted = (target.get("stratum") or {}).get("diagnosis", ["neck_pain", "thoracic_pain"])
        here = np.isin(self.diagnosis, [wanted] if isinstance(wanted, str) else wanted)
        one, both = here & (self.first >= 80), here & (self.first >= 80) & (self.second >= 80)
        arm = {"0": here, "1": one, "2": both}.get(target.get("tests", "0"), here)
        half, more = here & (self.first >= 50), here & (self.first >= 70)
        return {
            "dual_positive": [(both, here)],
            "single_test_false_positive": [(one & ~both, here & ~both)],
            "single_test_ppv": [(one & self.truth, one)],
            "dual_test_ppv": [(both & self.truth, both)],
            "helped": [(arm & self.helped, here)],
            "success_per_treatment": [(arm & self.helped, arm)],
            "more_relief_gain": [(more & self.helped, more), (half & ~more & self.helped, half & ~more)],
            "cut_off_gain": [(one & self.helped, one), (half & self.helped, half)],
        }[target["metric"]]  # type: ignore[no-any-return]


def worth(pairs: list[tuple[Any, Any]]) -> tuple[float | None, int, float]:
    """A figure in per cent, the patients it is among, its standard error."""
    among = [int(some.sum()) for _, some in pairs]
    if not all(among):
        return None, 0, 0.0
    shares = [int(hits.sum()) / n for (hits, _), n in zip(pairs, among, strict=True)]
    error = 100 * sqrt(sum(p * (1 - p) / n for p, n in zip(shares, among, strict=True)))
    return 100 * (shares[0] - sum(shares[1:])), among[0], error


def share_of(name: str, target: Mapping[str, Any], size: int, seed: int) -> list[tuple[Any, Any]]:
    """A share among the drawn requests, documented or not."""
    page = population.load(name)
    ((column, values),) = target["stratum"].items()
    ((counted, wanted),) = target["share_of"].items()
    facts = population.facts_of(page, size, seed, 0, list(dict.fromkeys([column, counted])))
    words = {n: np.array([*page[n].values, ""])[facts[n]] for n in facts}
    values, wanted = ([v] if isinstance(v, str) else v for v in (values, wanted))
    among = np.isin(words[column], values)
    return [(among & np.isin(words[counted], wanted), among)]


def anchors(name: str, size: int) -> dict[str, tuple[float, int]]:
    """Denied: refused as shipped. Overturned: met once complete, of those refused while a gap counts as failed."""
    closing = moved({"undocumented_action": "not_met"})
    complete = recount.rows_of(population.generate(population.load(name), size, SEED, complete=True))
    refused = [i for i, word in enumerate(judged(closing, cases(name, size))) if word == "not_met"]
    denied = judged(standing(), cases(name, size)).count("not_met")
    granted = sum(closing.determine(complete[i]).outcome == "met" for i in refused)
    return {"denied": (100 * denied / size, size), "overturned": (100 * granted / len(refused), len(refused))}


def test_the_targets_of_calibration(calibrated):
    """`generated` exactly; `expected`, which the product sums up from the page's tables, by 400,000 other draws."""
    tables, summary = calibrated
    agree = []
    for name in POPULATIONS:
        page = yaml.load((recount.ROOT / f"simulations/populations/{name}.yaml").read_text("utf-8"), yaml.CBaseLoader)
        sample, many, found = Patients(name, SOME, SEED), Patients(name, DRAWN, 99), anchors(name, SOME)
        theirs = tables(f"targets_{name}").to_dict("records")
        assert [row["target"] for row in theirs] == list(page["targets"])
        judgements = []
        for row in theirs:
            target = page["targets"][row["target"]]
            if target.get("metric") in found:
                value, among = found[target["metric"]]
                assert (row["generated"], row["cases"]) == (pytest.approx(value, abs=1e-9), among)
                assert row["verdict"] == "unjudgeable"
                assert row["use"] == "anchor"
                p, q = value / 100, float(target["value"]) / 100
                share = 1 - q / p if q < p else (q - p) / (1 - p)
                times = q * (1 - p) / (p * (1 - q))
                assert numbers_in(row["needs"].replace("%", " %")) == [round(100 * share), float(f"{times:.2g}")]
                recount.TALLY[0] += 4
                continue
            shared = target.get("metric", "share") == "share"
            value, among, _ = worth(share_of(name, target, SOME, SEED) if shared else sample.shares(target))
            assert row["cases"] == among
            assert value is None or row["generated"] == pytest.approx(value, abs=1e-9)
            value, _, error = worth(share_of(name, target, DRAWN, 99) if shared else many.shares(target))
            assert abs(row["expected"] - value) <= 5 * error, (name, row)
            low, high = map(float, target["between"])
            assert (row["value"], row["low"], row["high"]) == (float(target["value"]), low, high)
            assert row["verdict"] == ("pass" if low <= row["expected"] <= high else "fail")
            judgements.append((target.get("use", "unsaid"), row["verdict"]))
            recount.TALLY[0] += 6
        held = [verdict for use, verdict in judgements if use == "held_out"]
        agree += [held.count("pass"), len(held)]
    assert numbers_in(summary["headline"]) == agree


def test_blocks_of_calibration(calibrated):
    """Predictive values and cut-offs: of the sample exactly, of the tables by many draws, Bayes' rule from rates."""
    tables, _ = calibrated
    values, cuts = (tables(name).to_dict("records") for name in ("predictive_values", "cut_off"))
    assert [(row["population"], row["tests"]) for row in values] == [(n, b) for n in POPULATIONS for b in (1, 2)]
    assert [(row["population"], row["cut_off"], row["tests"]) for row in cuts] == [
        (name, cut, blocks) for name in POPULATIONS for cut in range(50, 81, 5) for blocks in (1, 2)
    ]
    many = {name: Patients(name, DRAWN, 99) for name in POPULATIONS}

    def near(told: float, counted: Any, among: Any) -> None:
        value, _, error = worth([(counted, among)])
        assert abs(told - value) <= 5 * error + 1e-4
        recount.TALLY[0] += 1

    for place, row in enumerate(values):
        name, metric = row["population"], ("single_test_ppv", "dual_test_ppv")[row["tests"] - 1]
        one = many[name]
        value, _, error = worth(Patients(name, SOME, SEED).shares({"metric": metric}))
        if value is None:
            assert row["generated"] != row["generated"]
        else:
            assert (row["generated"], row["error"]) == pytest.approx((value, error), abs=1e-9)
        near(row["expected"], *one.shares({"metric": metric})[0])
        near(row["prevalence"], one.truth, np.ones(len(one.truth), bool))
        positive = (one.first if row["tests"] == 1 else one.second) >= 80
        near(row["sensitivity"], positive & one.truth, one.truth)
        near(row["false_positive"], positive & ~one.truth, ~one.truth)
        rates = values[place - row["tests"] + 1 : place + 1]
        formula = 100 * recount.predictive_value(
            row["prevalence"] / 100,
            [r["sensitivity"] / 100 for r in rates],
            [r["false_positive"] / 100 for r in rates],
        )
        assert row["closed_form"] == pytest.approx(formula, abs=1e-9)
        assert row["correlation"] == pytest.approx(row["expected"] - formula, abs=1e-9)
        recount.TALLY[0] += 4
    for row in cuts:
        one, cut = many[row["population"]], row["cut_off"]
        chosen = (one.first >= cut) & ((one.second >= cut) | (row["tests"] == 1))
        everyone = np.ones(len(chosen), bool)
        near(row["positive"], chosen, everyone)
        near(row["helped"], chosen & one.helped, everyone)
        near(row["success_per_treatment"], chosen & one.helped, chosen)
