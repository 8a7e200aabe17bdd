"""Whether benefit hangs together with a case's history, as its page says."""

import hashlib
import re

import pytest

from policy.problems import ProblemsFound
from simulations import population
from simulations.population.expectation import expected
from simulations.population.page import FOLDER, Effect
from simulations.population.probability_tables import Population
from simulations.studies.sensitivity import one_set
from tests.simulations.population.published import CLINIC, NAMES, SEED, TRIAL


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        (SEED, "17bbf195e300b5b29a09404b5e69a4cda57c4356cd4a7b2cbd079892fbf24901"),
        (TRIAL, "8deae743663d983f8c5760503264280afd4017cbf85a107138c4ce90f309cd09"),
        (CLINIC, "c23bf5dbe4dcce37c5c1dd5a4f730b7d50abc5110de9ceb99e8c053ef616e7ce"),
    ],
)
def test_effects_of_none_draw_the_cases_of_before(name: str, digest: str):
    """As before pages had effects: every one that ships is an assumption of none, with none inside its range."""
    spec = population.load(name)
    effects = spec.page.variables["truth_benefit"].effects
    read = {fact for effect in effects for fact in effect.when}
    assert read >= {
        "pain_duration_days",
        "conservative_care_days",
        "conservative_care_failed",
        "failed_preventives",
        "diagnostic_blocks_done",
    }
    for effect in effects:
        ends = effect.range and effect.range.odds_percent
        assert effect.assumption
        assert ends
        assert effect.odds_percent == 100
        assert ends[0] < 100 < ends[1]
    drawn = population.generate(spec, 2000, 7)
    assert hashlib.sha256(drawn.to_csv(index=False).encode()).hexdigest() == digest


def test_an_effect_scales_the_odds_and_moves_nothing_else():
    """Care by class in place of days, so that the tables can be gone through: odds by hand for each combination."""
    seed = population.load(SEED)
    benefit = seed.page.variables["truth_benefit"]
    given = [("care_course", "short", "40"), ("truth_facet_pain", "true", "250"), ("severity", "mild", "70")]
    effects = tuple(
        Effect.model_validate(
            {"when": {n: v}, "odds_percent": o, "assumption": "true", "range": {"odds_percent": ["10", "500"]}}
        )
        for n, v, o in given
    )
    other = population.altered(
        seed.page.model_copy(
            update={
                "variables": seed.page.variables | {"truth_benefit": benefit.model_copy(update={"effects": effects})}
            }
        )
    )
    names = ["truth_benefit", "procedure", "diagnosis", "placebo_propensity", *(n for n, *_ in given)]
    before, after = (expected(spec, names) for spec in (seed, other))

    def chances(of: object, spec: Population) -> dict[tuple[int, ...], tuple[float, float]]:
        found: dict[tuple[int, ...], list[float]] = {}
        columns = [of.codes[n] for n in names]  # type: ignore[attr-defined]
        for *key, weight in zip(*columns[1:], columns[0], of.weight, strict=True):  # type: ignore[attr-defined]
            found.setdefault(tuple(int(k) for k in key[:-1]), [0.0, 0.0])[int(key[-1])] += weight
        return {key: (no, yes) for key, (no, yes) in found.items()}

    plain, scaled = chances(before, seed), chances(after, other)
    assert plain.keys() == scaled.keys()
    assert len(plain) > 500
    for key, (no, yes) in plain.items():
        times = 1.0
        for place, (name, value, odds) in enumerate(given):
            if key[3 + place] == seed[name].code(value):
                times *= float(odds) / 100
        assert scaled[key][1] == pytest.approx((no + yes) * times * yes / (times * yes + no), rel=1e-5, abs=1e-12)
    one, two = (population.generate(spec, 3000, 2) for spec in (seed, other))
    assert [c for c in one if not one[c].equals(two[c])] == ["truth_benefit"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("odds_percent: 60", "odds_percent: 0", "needs odds above 0"),
        ("odds_percent: 60", "odds_percent: 30", "needs a range with 100 (no effect) and its odds in it"),
        ("range: {odds_percent: [40, 100]}", "range: {odds_percent: [40, 90]}", "needs a range with 100 (no effect)"),
        ("range: {odds_percent: [40, 100]}", "range: {percent: [40, 100]}", "needs a range of odds_percent"),
        (", range: {odds_percent: [40, 100]}", "", "is an assumption without a range"),
        ("assumption: true, range: {odds_percent: [40, 100]}", "range: {odds_percent: [40, 100]}", "names no source"),
        ("pain_duration_days: 0 to 182", "pain_duration_day: 0 to 182", "did you mean pain_duration_days"),
        ("pain_duration_days: 0 to 182", "pain_duration_days: never", "is never"),
        ("pain_duration_days: 0 to 182", "tn_mri_done: true", "tn_mri_done, which stands below it: move that up"),
    ],
)  # fmt: skip
def test_an_effect_that_cannot_be_is_said_with_its_line(old: str, new: str, told: str):
    text = (FOLDER / "what_if_duration_matters.yaml").read_text("utf-8")
    assert text.count(old) == 1
    with pytest.raises(ProblemsFound) as caught:
        population.parse(text.replace(old, new), "mine.yaml")
    assert any(told in str(p) and re.match(r"mine\.yaml:\d+", str(p)) for p in caught.value.problems), caught.value


def test_effects_are_for_yes_or_no_alone():
    seed = population.load(SEED).page
    effects = seed.variables["truth_benefit"].effects[:1]
    changed = seed.variables["site_of_service"].model_copy(update={"effects": effects})
    with pytest.raises(ProblemsFound, match="scale a percentage of yes, but this is no yes-or-no fact"):
        population.altered(seed.model_copy(update={"variables": seed.variables | {"site_of_service": changed}}))


def test_the_three_populations_are_one_set_of_requests():
    """Whatever does not hang on facet pain or relief is the same in all three, cell by cell."""
    frames = [population.generate(population.load(name), 2000, 3) for name in NAMES]
    differ = {c for f in frames[1:] for c in f if not f[c].equals(frames[0][c])}
    assert differ == {
        "truth_facet_pain", "truth_benefit", "diagnostic_blocks_done", "block_1_relief_pct", "block_2_relief_pct",
        "blocks_comparative",
    }  # fmt: skip
    (said,) = one_set(NAMES)
    assert "one set of requests under three assumptions" in said
    assert "confirms nothing" in said
