"""Exact expectations, what cannot hold together, and the fit."""

import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from policy.problems import ProblemsFound
from simulations import population
from simulations.population.calibration import calibrate, predictive_value, predictive_values
from simulations.population.expectation import MOST_COMBINATIONS, drawn, expected
from simulations.population.feasibility import conflicts, premises
from simulations.population.fit import PAGES, Model, fit, fitted_rows, fitted_targets, rewritten
from simulations.population.page import FOLDER
from simulations.population.probability_tables import Population
from simulations.population.virtual_trial import described_trial, trial_tally
from tests.simulations.population.published import CLINIC, NAMES, SEED, TRIAL, with_rows

CONFIRMED, ALIKE = premises(described_trial(population.load("seed_low_prevalence")).words)

MANY = 200_000


def independent(prevalence: str, sensitivity: str, false_positive: str) -> Population:
    """The seed population with blocks that hang on facet pain alone, so that their errors are independent."""
    of = population.load(SEED)
    spine: dict[str, object] = {"when": {"diagnosis": ["neck_pain", "thoracic_pain"]}, "percent": prevalence}
    of = with_rows(of, "truth_facet_pain", [spine, {"empty": "true"}])
    for block in ("first", "second"):
        rows: list[dict[str, object]] = [
            {"when": {"truth_facet_pain": "true"}, "shares": _bands(sensitivity)},
            {"shares": _bands(false_positive)},
        ]
        of = with_rows(of, f"{block}_block_response", rows)
    return of


def _bands(strong: str) -> dict[str, str]:
    rest = (100 - Decimal(strong)) / 2
    return {"little": str(rest), "partial": str(rest), "strong": strong}


@pytest.mark.parametrize(
    ("prevalence", "sensitivity", "false_positive"),
    [("4", "99.9", "27"), ("7.7", "99.9", "27"), ("12.5", "90", "40"), ("55", "85", "63")],
)
def test_independent_errors_give_the_closed_form(prevalence: str, sensitivity: str, false_positive: str):
    """Bayes' rule, for one and two blocks: from the tables to 1e-3 (shares), from cases within 4 standard errors."""
    rows = predictive_values(independent(prevalence, sensitivity, false_positive), MANY, 3).set_index("tests")
    p, s, f = (float(text) / 100 for text in (prevalence, sensitivity, false_positive))
    for blocks in (1, 2):
        by_hand = p * s**blocks / (p * s**blocks + (1 - p) * f**blocks)
        assert predictive_value(p, [s] * blocks, [f] * blocks) == pytest.approx(by_hand)
        row = rows.loc[blocks]
        assert abs(row["expected"] / 100 - by_hand) < 1e-3
        assert abs(row["closed_form"] / 100 - by_hand) < 1e-3
        assert abs(row["generated"] - row["expected"]) < 4 * row["error"]
        assert row["error"] < 2


@pytest.mark.parametrize(("prevalence", "one", "two"), [(0.04, 13, 36), (0.077, 24, 53)])
def test_the_published_predictive_values_follow(prevalence: float, one: int, two: int):
    assert round(100 * predictive_value(prevalence, [1.0], [0.27])) == one
    assert round(100 * predictive_value(prevalence, [1.0] * 2, [0.27] * 2)) == two


@pytest.mark.parametrize("name", NAMES)
def test_the_shared_propensity_takes_worth_from_the_second_block(name: str):
    rows = predictive_values(population.load(name)).set_index("tests")
    assert abs(rows.loc[1, "correlation"]) < 1e-6
    assert -8 < rows.loc[2, "correlation"] < -1


def test_expectations_are_those_of_enumeration_by_hand():
    """Two variables by hand: diagnosis, then sex given diagnosis, as the page has them."""
    seed = population.load(SEED)
    tally = expected(seed, ["sex", "diagnosis"])
    assert tally.weight.sum() == pytest.approx(1)
    women = tally.total(tally.where({"sex": ["female"]}))
    assert women == pytest.approx(0.45 * 0.52 + 0.05 * 0.66 + 0.15 * 0.87 + 0.35 * 0.73, abs=1e-8)
    both = tally.total(tally.where({"sex": ["female"], "diagnosis": ["neck_pain", "migraine"]}))
    assert both == pytest.approx(0.35 * 0.52 + 0.35 * 0.73, abs=1e-8)


@pytest.mark.parametrize("names", [["dual_eligible", "age"], ["conservative_care_failed", "function_limited"], ["cpt"]])
def test_every_expected_combination_is_drawn_as_often(names: list[str]):
    seed = population.load(SEED)
    exact, sample = expected(seed, names), drawn(seed, names, MANY, 5)
    counts = {tuple(c[i] for c in sample.codes.values()): w for i, w in enumerate(sample.weight)}
    assert sample.weight.sum() == MANY
    for i, chance in enumerate(exact.weight):
        n = counts.pop(tuple(c[i] for c in exact.codes.values()), 0)
        assert abs(n - MANY * chance) < 5 * (MANY * chance * (1 - chance)) ** 0.5 + 5
    assert not counts, "drawn, yet impossible by the tables"


def test_too_many_combinations_are_refused():
    names = ["conservative_care_days", "prior_relief_days", "age", "prior_relief_pct", "provider"]
    with pytest.raises(ProblemsFound, match=f"more than {MOST_COMBINATIONS:,} combinations; draw cases instead"):
        expected(population.load(SEED), names)


def test_assignment_changes_no_luck():
    """The same patients are in the virtual trial: only what was assigned, and what hangs on it, is another."""
    seed = population.load(SEED)
    names = ["truth_facet_pain", "first_block_response", "truth_benefit"]
    free = population.facts_of(seed, 5000, 1, names=names)
    given = population.facts_of(seed, 5000, 1, names=names, assign={"procedure": "facet_ablation"})
    assert all(np.array_equal(free[name], given[name]) for name in names[:2])
    assert not np.array_equal(free["truth_benefit"], given["truth_benefit"])
    patients = trial_tally(seed)
    assert (patients.codes["block_1_relief_pct"] >= 0).all()
    assert (patients.codes["block_2_relief_pct"] >= 0).all()


@cache
def pairs(**options: object) -> list[tuple[set[str], tuple[str, ...]]]:
    return [({name for name, _ in c.targets}, c.premises) for c in conflicts(**options)]  # type: ignore[arg-type]


def test_rival_figures_cannot_hold_together():
    known = pairs()
    assert ({f"{SEED}/facet_pain", f"{TRIAL}/facet_pain"}, ()) in known
    assert ({f"{CLINIC}/dual_positive_neck", f"{CLINIC}/dual_positive_neck_rival"}, ()) in known
    for rival in ("dual_positive_neck", "dual_positive_neck_rival"):
        assert ({f"{SEED}/facet_pain", f"{CLINIC}/{rival}"}, (CONFIRMED,)) in known
    assert ({f"{CLINIC}/dual_positive_neck", f"{CLINIC}/false_positive_neck"}, (ALIKE,)) in known
    trial = {f"{TRIAL}/{name}" for name in population.load(TRIAL).page.targets}
    assert not any(names <= trial for names, _ in known), "the trial's own intervals hold together: its page meets them"


def test_the_published_values_of_the_arms_cannot_hold_exactly():
    """16 % helped after one block and 22 % after two: a second block would have to add patients."""
    assert ({f"{TRIAL}/helped_1", f"{TRIAL}/helped_2"}, ()) in pairs(exactly=True, only=(TRIAL,))


def test_no_conflict_contains_another():
    known = [names | set(premises) for names, premises in pairs()]
    assert not any(a < b for a in known for b in known)


@cache
def shipped_fit() -> Model:
    return fit()


def test_the_shipped_shares_are_those_of_the_fit():
    """Anyone may run it again: the same shares, up to the last digit that another processor may round."""
    rows = fitted_rows(shipped_fit())
    for page in dict.fromkeys(PAGES.values()):
        text = (FOLDER / f"{page}.yaml").read_text("utf-8")
        again = rewritten(text, page, rows)
        old, new = ([float(n) for n in re.findall(r"\d+(?:\.\d+)?", t)] for t in (text, again))
        assert re.sub(r"[\d.]+", "", text) == re.sub(r"[\d.]+", "", again)
        assert np.allclose(old, new, atol=0.11)
        marks = [len(re.findall(rf"^ +# {mark}", text, re.M)) for mark in ("fitted", "end of fitted")]
        assert marks == [sum(name == page for name, _ in rows)] * 2


def test_the_fit_cannot_see_what_is_held_out(monkeypatch: pytest.MonkeyPatch):
    """Figures that are held out or put in may be anything, or gone: the same model. A fitted one may not."""
    before = shipped_fit()

    def pages(uses: tuple[str, ...], gone: tuple[str, ...] = ()) -> None:
        def changed(name: str) -> Population:
            spec = population.load(name)
            targets = {}
            for key, target in spec.page.targets.items():
                if target.use not in (*uses, *gone):
                    targets[key] = target
                elif target.use in uses:
                    targets[key] = target.model_copy(update={"value": Decimal(1), "between": (Decimal(0), Decimal(2))})
            return replace(spec, page=spec.page.model_copy(update={"targets": targets}))

        monkeypatch.setattr("simulations.population.fit.load_document", changed)

    pages(("held_out",), gone=("input",))
    assert fit().values == before.values
    pages(("fitted",))
    assert fit().values != before.values


def test_the_closed_form_of_the_fit_is_that_of_the_pages():
    model = shipped_fit()
    for setting, target in fitted_targets():
        spec = population.load(PAGES[setting])
        (one,) = calibrate(spec, targets={"it": target})
        assert one.expected == pytest.approx(model.figure(target, setting), abs=0.1), (setting, target.says)


def as_bytes(frame: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    plain = pa.Table.from_pandas(frame, preserve_index=False)
    plain = plain.take(np.arange(len(frame))).combine_chunks()  # a slice would keep the offsets of its texts
    with pa.ipc.new_stream(sink, plain.schema) as stream:
        stream.write_table(plain)
    return bytes(sink.getvalue())


def test_chunks_on_disk_are_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("simulations.population.sampling.CHUNK", 700)
    spec, told = population.load(TRIAL), []
    population.write_chunks(spec, 2000, 4, tmp_path / "cases", told.append)
    files = sorted((tmp_path / "cases").iterdir())
    assert [f.name for f in files] == [f"cases_{i:06}.parquet" for i in range(3)]
    assert told == [700, 700, 600]
    whole = population.generate(spec, 2000, 4)
    pd.testing.assert_frame_equal(pd.concat(map(pd.read_parquet, files), ignore_index=True), whole)
    read = pd.concat([pd.read_parquet(f, dtype_backend="pyarrow") for f in files], ignore_index=True)
    assert read["case_id"].tolist() == whole["case_id"].tolist()
    assert read["block_1_relief_pct"].dropna().tolist() == whole["block_1_relief_pct"].dropna().tolist()
    query = f"select count(*), sum(truth_benefit::int) from '{tmp_path / 'cases' / '*.parquet'}'"
    assert duckdb.sql(query).fetchall()[0] == (2000, int(whole["truth_benefit"].sum()))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_case_123456_of_a_million_is_the_same_however_it_is_made(name: str):
    spec, size, case = population.load(name), 1_000_000, 123_456
    whole = population.generate(spec, size, 1)
    wanted = as_bytes(whole.iloc[case - 1 : case].reset_index(drop=True))
    assert as_bytes(population.generate(spec, 1, 1, start=case - 1)) == wanted
    total = as_bytes(whole)
    ends = np.linspace(0, size, 8).astype(int)
    chunks = [population.generate(spec, int(b - a), 1, start=int(a)) for a, b in pairwise(ends)]
    assert as_bytes(pd.concat(chunks, ignore_index=True)) == total
    del chunks
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        halves = list(pool.map(population.generate, [spec] * 2, [size // 2] * 2, [1] * 2, [0, size // 2]))
    assert as_bytes(pd.concat(halves, ignore_index=True)) == total


@pytest.mark.parametrize("name", NAMES)
def test_a_new_stream_changes_no_byte_of_another_column(name: str):
    spec = population.load(name)
    new = spec.page.variables["rural"].model_copy(update={"latent": True, "documented": None})
    changed = population.altered(spec.page.model_copy(update={"variables": {"mood": new} | spec.page.variables}))
    assert changed.fingerprint != spec.fingerprint
    assert {0, 1} == set(population.facts_of(changed, 1000, 1, names=["mood"])["mood"].tolist())
    assert as_bytes(population.generate(changed, 20_000, 1)) == as_bytes(population.generate(spec, 20_000, 1))
