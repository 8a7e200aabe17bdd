import datetime
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import policy
from policy.problems import ProblemsFound
from policy.reading.yaml import Node, read_yaml
from simulations import population as populations
from simulations.population import FOLDER, MOST_CASES, generate, load, parse
from simulations.population.random_streams import Streams
from tests.sampling import some

NAME = "seed_low_prevalence"
TEXT = (FOLDER / f"{NAME}.yaml").read_text("utf-8")
SIZE = 10_000
SPINE = ["M54.2", "M53.81", "M54.6"]
CHRONIC = ["G43.709", "G43.719"]

# The case table as contract.md 3 has it, written apart from the code: kind, then lowest and highest or the words.
TABLE: dict[str, tuple[object, ...]] = {
    "case_id": ("text",),
    "dx": ("text",),
    "cpt": ("text",),
    "request_date": ("date",),
    "onset_date": ("date",),
    "pain_duration_days": ("count", 0, 43_800),
    "conservative_care_days": ("count", 0, 36_500),
    "conservative_care_failed": ("flag",),
    "tried_physical_therapy": ("flag",),
    "tried_nsaid": ("flag",),
    "tried_exercise": ("flag",),
    "conservative_care_contraindicated": ("flag",),
    "function_limited": ("flag",),
    "imaging_other_cause": ("flag",),
    "radiculopathy": ("flag",),
    "diagnostic_blocks_done": ("count", 0, 2),
    "block_1_relief_pct": ("count", 0, 100),
    "block_2_relief_pct": ("count", 0, 100),
    "blocks_comparative": ("flag",),
    "image_guidance": ("words", "fluoroscopy", "ct", "ultrasound", "none"),
    "intent": ("words", "diagnostic", "therapeutic", "acute", "preventive"),
    "trigger_points_on_exam": ("flag",),
    "nerve_named": ("flag",),
    "failed_anticonvulsants": ("count", 0, 20),
    "failed_preventives": ("count", 0, 20),
    "failed_fibromyalgia_drugs": ("count", 0, 20),
    "headache_days_per_month": ("count", 0, 31),
    "tn_specialist_diagnosis": ("flag",),
    "tn_mri_done": ("flag",),
    "clinical_trial": ("flag",),
    "site_of_service": ("words", "office", "outpatient", "asc", "ed"),
    "sessions_last_12m": ("count", 0, 365),
    "prior_relief_pct": ("count", 0, 100),
    "prior_relief_days": ("count", 0, 3650),
    "age": ("count", 0, 120),
    "sex": ("words", "female", "male", "other"),
    "line_of_business": ("words", "medicare_advantage", "medicaid", "commercial", "marketplace"),
    "race_ethnicity": ("text",),
    "rural": ("flag",),
    "low_income_subsidy": ("flag",),
    "dual_eligible": ("flag",),
    "disability": ("flag",),
    "truth_benefit": ("flag",),
    "truth_facet_pain": ("flag",),
}


@pytest.fixture(scope="module")
def spec() -> populations.Population:
    return load(NAME)


@pytest.fixture(scope="module")
def frame(spec: populations.Population) -> pd.DataFrame:
    return generate(spec, SIZE, 1)


@pytest.fixture(scope="module")
def many(spec: populations.Population) -> pd.DataFrame:
    return generate(spec, 150_000, 2)


def edited(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times in the page: {old}"
    return TEXT.replace(old, new)


def holds(column: pd.Series, *values: object) -> np.ndarray:
    """Where a column is documented and one of the values."""
    return column.isin(values).fillna(False).to_numpy(dtype=bool)


# The same case in whatever slice, order or process -------------------------------------------------------------------


def test_a_slice_is_the_same_alone(spec: populations.Population, many: pd.DataFrame):
    for start, size in [(0, 1), (123_456, 1), (65_530, 17), (131_071, 2), (149_000, 1000)]:
        alone = generate(spec, size, 2, start=start)
        pd.testing.assert_frame_equal(alone, many.iloc[start : start + size].reset_index(drop=True))


def test_seven_chunks_are_the_whole(spec: populations.Population, frame: pd.DataFrame):
    ends = np.linspace(0, SIZE, 8).astype(int)
    chunks = [generate(spec, int(b - a), 1, start=int(a)) for a, b in pairwise(ends)]
    pd.testing.assert_frame_equal(pd.concat(chunks, ignore_index=True), frame)


def test_two_processes_make_the_whole(spec: populations.Population, frame: pd.DataFrame):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        halves = list(pool.map(generate, [spec, spec], [SIZE // 2] * 2, [1, 1], [0, SIZE // 2]))
    pd.testing.assert_frame_equal(pd.concat(halves, ignore_index=True), frame)


def test_another_seed_makes_other_cases(spec: populations.Population, frame: pd.DataFrame):
    other = generate(spec, SIZE, 3)
    unchanged = [c for c in frame.columns if frame[c].equals(other[c])]
    assert unchanged == ["case_id"]
    assert generate(spec, 100, 2**64 - 1).equals(generate(spec, 100, 2**64 - 1))


def test_a_new_decision_changes_no_other_column(frame: pd.DataFrame):
    """A latent variable above everything, and a habit for a column that was always documented, disturb no one else."""
    new = "variables:\n  mood:\n    says: New\n    latent: true\n    shares: {low: 50, high: 50}\n"
    cited = "    assumption: true\n    range: {scale_percent: [50, 150]}\n"
    text = edited("variables:\n", new + cited).replace("Sex on file", "Sex on the form")
    text = re.sub(r"(  age:\n    says: .*\n    unit: years\n    documented: )always", r"\1demographics", text)
    changed = generate(parse(text, "page.yaml"), SIZE, 1)
    assert changed["age"].isna().any()
    pd.testing.assert_frame_equal(changed.drop(columns="age"), frame.drop(columns="age"))
    kept = changed["age"].notna()
    assert changed["age"][kept].equals(frame["age"][kept])


def test_what_nothing_depends_on_changes_alone(frame: pd.DataFrame):
    text = edited(
        "{when: {procedure: peripheral_block}, percent: 84}", "{when: {procedure: peripheral_block}, percent: 14}"
    )
    changed = generate(parse(text, "page.yaml"), SIZE, 1)
    assert [c for c in frame.columns if not changed[c].equals(frame[c])] == ["nerve_named"]


# Every column, in its domain -----------------------------------------------------------------------------------------


def test_every_column_in_the_order_of_the_contract(frame: pd.DataFrame):
    assert list(frame.columns) == list(TABLE)


def test_the_columns_are_the_fields_of_the_policy_that_the_page_names(tmp_path: Path):
    """A field that a document has more is a column that the page must make, and then does."""
    document = policy.shipped()["nerve_blocks@2026.2"].read_text(encoding="utf-8")
    field = "  days_since_fall:\n    label: Days\n    ask: date of the fall\n    type: whole\n    unit: days\n"
    other = tmp_path / "other.yaml"
    other.write_text(
        document.replace("fields:\n", f"fields:\n{field}    max: 50\n    origin: assumption\n", 1), encoding="utf-8"
    )
    page = f"policy: {other}\n" + edited("id: seed_low_prevalence", "id: other")
    with pytest.raises(policy.ProblemsFound, match="do not say how the column days_since_fall comes about"):
        parse(page, "page.yaml")
    said = "    says: New\n    unit: days\n    documented: always\n    statements: [S1]\n"
    variable = f"variables:\n  days_since_fall:\n{said}"
    with pytest.raises(policy.ProblemsFound, match=r"51.*from 0 to 50"):
        parse(page.replace("variables:\n", variable + "    value: 51\n", 1), "page.yaml")
    found = generate(parse(page.replace("variables:\n", variable + "    value: 50\n", 1), "page.yaml"), 10, 1)
    fields = [n for n, f in policy.load(other).fields_.items() if f.type != "months"]
    assert list(found.columns) == fields
    assert (found["days_since_fall"] == 50).all()


def test_a_page_for_a_policy_that_is_not_there():
    with pytest.raises(policy.ProblemsFound, match=r"policy.*nerve_block.*is no policy that ships.*did you mean"):
        parse("policy: nerve_block\n" + edited("id: seed_low_prevalence", "id: other"), "page.yaml")


def test_types_are_exact_and_no_fact_is_a_float(frame: pd.DataFrame):
    wanted = {"count": "Int64", "flag": "boolean", "text": "string", "words": "string", "date": "string"}
    assert {name: str(frame[name].dtype) for name in frame} == {
        name: wanted[str(kind)] for name, (kind, *_) in TABLE.items()
    }


@pytest.mark.parametrize("name", TABLE)
def test_values_lie_in_the_domain(many: pd.DataFrame, name: str):
    kind, *allowed = TABLE[name]
    known = many[name].dropna()
    assert len(known), "never documented, so nothing was shown"
    if kind == "count":
        assert allowed[0] <= known.min()
        assert known.max() <= allowed[1]
    elif kind == "words":
        assert set(known) <= set(allowed)
    elif kind == "flag":
        assert set(known) == {True, False}
    elif kind == "date":
        assert [str(datetime.date.fromisoformat(day)) for day in known.unique()] == list(known.unique())


def test_codes_and_ids_are_well_formed(many: pd.DataFrame):
    assert many["dx"].str.fullmatch(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?").all()
    assert many["cpt"].str.fullmatch(r"\d{5}").all()
    assert many["case_id"].is_unique
    assert list(many["case_id"].iloc[[0, 1, -1]]) == ["S0000000001", "S0000000002", "S0000150000"]
    always = ["dx", "cpt", "request_date", "age", "sex"]
    assert many[always].notna().all(axis=None)


def test_the_policy_admits_every_row(frame: pd.DataFrame):
    cases = policy.Cases.from_frame(frame, policy.load("nerve_blocks"))
    assert len(cases) == SIZE
    assert cases.rejected.empty
    assert all("truth" in remark for remark in cases.remarks)


# Coherent within a case ----------------------------------------------------------------------------------------------


def test_onset_and_duration_agree(many: pd.DataFrame):
    request, onset = pd.to_datetime(many["request_date"]), pd.to_datetime(many["onset_date"])
    known = onset.notna()
    assert 0 < known.sum() < len(many)
    assert known.equals(many["pain_duration_days"].notna())
    assert ((request - onset).dt.days[known] == many["pain_duration_days"][known]).all()
    assert request.min() == pd.Timestamp("2025-01-01")
    assert request.max() == pd.Timestamp("2025-12-31")


def test_blocks_and_their_relief_agree(many: pd.DataFrame):
    done, first, second = (many[c] for c in ("diagnostic_blocks_done", "block_1_relief_pct", "block_2_relief_pct"))
    assert first[~holds(done, 1, 2)].isna().all()
    assert second[~holds(done, 2)].isna().all()
    assert many["blocks_comparative"][~holds(done, 2)].isna().all()
    for blocks, relief in ((1, first), (2, first), (2, second)):
        documented = relief[holds(done, blocks)].notna().mean()
        assert 0.5 < documented < 1, "relief of a block that was done is documented as a rule, not always"


def test_care_agrees_with_itself(many: pd.DataFrame):
    none = holds(many["conservative_care_days"], 0)
    assert none.sum() > 100
    assert not holds(many["conservative_care_failed"][none], True).any()
    for tried in ("tried_physical_therapy", "tried_nsaid", "tried_exercise"):
        assert not holds(many[tried][none], True).any()
    both = many[["conservative_care_days", "pain_duration_days"]].dropna()
    assert (both["conservative_care_days"] <= both["pain_duration_days"]).all()


def test_prior_relief_needs_a_prior_session(many: pd.DataFrame):
    repeat = (many["sessions_last_12m"] >= 1).fillna(False)
    for prior in ("prior_relief_pct", "prior_relief_days"):
        assert many[prior][~repeat].isna().all()
        assert many[prior][repeat].notna().mean() > 0.5


def test_facts_stand_where_they_are_asked_for(many: pd.DataFrame):
    def share(column: str, where: np.ndarray) -> float:
        return float(many[column][where].notna().mean())

    trigger, named = holds(many["cpt"], "20552", "20553"), holds(many["cpt"], "64450")
    guided = many["cpt"].str.match("6449|6463|6232|6447|6448").to_numpy(dtype=bool)
    spine, facet = holds(many["dx"], *SPINE), many["cpt"].str.match("6449|6463").to_numpy(dtype=bool)
    greater = holds(many["cpt"], "64405") & holds(many["dx"], "G43.819", *CHRONIC)
    for column, where in [
        ("trigger_points_on_exam", trigger),
        ("nerve_named", named),
        ("image_guidance", guided),
        ("diagnostic_blocks_done", spine & facet),
        ("intent", greater),
        ("failed_anticonvulsants", holds(many["dx"], "G50.0")),
        ("failed_fibromyalgia_drugs", holds(many["dx"], "M79.7")),
        ("failed_preventives", holds(many["dx"], "G43.819", *CHRONIC)),
        ("headache_days_per_month", holds(many["dx"], "G43.819", *CHRONIC)),
        ("imaging_other_cause", spine),
        ("radiculopathy", spine),
    ]:
        assert share(column, where) > 0.8, column
        assert share(column, ~where) < 0.3, column


# Dependence ----------------------------------------------------------------------------------------------------------


def test_missing_facts_of_a_case_hang_together(many: pd.DataFrame):
    """Were each field missing by its own luck, the number missing in a case would vary as the sum of p(1 - p)."""
    spine = many[holds(many["dx"], *SPINE)]
    fields = ["pain_duration_days", "conservative_care_days", "conservative_care_failed", "function_limited",
              "imaging_other_cause", "radiculopathy"]  # fmt: skip
    missing = spine[fields].isna().to_numpy()
    rates = missing.mean(axis=0)
    independent = float((rates * (1 - rates)).sum())
    assert 1.15 * independent < missing.sum(axis=1).var() < 2 * independent
    shuffled = np.random.default_rng(5).permuted(missing, axis=0)
    assert shuffled.sum(axis=1).var() < 1.05 * independent, "the same test passes fields that are independent"


def test_severity_ties_duration_function_and_drugs_together(many: pd.DataFrame):
    worse = many[holds(many["function_limited"], True)]
    better = many[holds(many["function_limited"], False)]
    assert worse["pain_duration_days"].median() > 1.1 * better["pain_duration_days"].median()
    neuralgia = many[holds(many["dx"], "G50.0")]
    long = (neuralgia["pain_duration_days"] > 365).fillna(False)
    assert neuralgia["failed_anticonvulsants"][long].mean() > neuralgia["failed_anticonvulsants"][~long].mean()


def test_two_blocks_are_not_independent_even_without_facet_pain(spec: populations.Population):
    """A patient's propensity is in both blocks; a gap of 5 standard errors is no luck, and shuffling closes it."""
    names = ["truth_facet_pain", "first_block_response", "second_block_response"]
    facts = populations.facts_of(spec, 150_000, 2, names=names)
    without = facts["truth_facet_pain"] == 0
    first, second = (facts[name][without] == spec[name].code("strong") for name in names[1:])

    def gap(first: np.ndarray) -> float:
        error = (0.25 / first.sum() + 0.25 / (~first).sum()) ** 0.5
        return float((second[first].mean() - second[~first].mean()) / error)

    assert gap(first) > 5
    assert abs(gap(np.random.default_rng(7).permutation(first))) < 4


def test_truth_is_missing_where_it_would_be_refused(many: pd.DataFrame, spec: populations.Population):
    """Facts that speak against a request are written down less often, in each class of provider."""
    names = ["function_limited", "conservative_care_days", "pain_duration_days", "provider_documentation"]
    facts = populations.facts_of(spec, len(many), 2, names=names)
    worse = {
        "function_limited": facts["function_limited"] == 0,
        "conservative_care_days": facts["conservative_care_days"] < 42,
        "pain_duration_days": facts["pain_duration_days"] < 92,
    }
    for name, bad in worse.items():
        missing = many[name].isna().to_numpy()
        for provider in range(3):
            here = facts["provider_documentation"] == provider
            share = missing[here & bad].mean()
            assert share > missing[here & ~bad].mean() + 4 * (share / (here & bad).sum()) ** 0.5, (name, provider)


def test_cases_of_one_provider_are_documented_alike(many: pd.DataFrame, spec: populations.Population):
    """Were habits a matter of the case alone, providers would differ by the luck of their cases alone."""
    provider = populations.facts_of(spec, len(many), 2, names=["provider"])["provider"]
    assert len(np.unique(provider)) == 400
    missing = many[["pain_duration_days", "conservative_care_days", "function_limited"]].isna().sum(axis=1).to_numpy()

    def between(of: np.ndarray) -> float:
        cases = np.bincount(of)
        means = np.bincount(of, weights=missing) / cases
        return float((cases * (means - missing.mean()) ** 2).sum() / (len(cases) - 1) / missing.var())

    assert between(provider) > 5
    assert between(np.random.default_rng(3).permutation(provider)) < 1.4


def test_documentation_differs_a_little_between_subgroups(many: pd.DataFrame):
    missing = many["pain_duration_days"].isna()
    rural, urban = missing[holds(many["rural"], True)].mean(), missing[holds(many["rural"], False)].mean()
    assert 0.003 < rural - urban < 0.05


# The request mix and what is published -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "percent"), [("M54.2|M54.12", 35), ("M53.81|M54.6", 10), ("G50", 5), ("M79", 15), ("G43", 35)]
)
def test_the_request_mix(many: pd.DataFrame, start: str, percent: int):
    share = percent / 100
    found = int(many["dx"].str.match(start).sum())
    assert abs(found - share * len(many)) < 4 * (share * (1 - share) * len(many)) ** 0.5


def test_codes_out_of_scope_are_there_but_rare(frame: pd.DataFrame):
    p = policy.load("nerve_blocks")
    outcome = policy.determine(p, policy.Cases.from_frame(frame, p), p.settings({}), asking=False).outcome
    assert 0 < (outcome == policy.OUTCOMES.index("out_of_scope")).mean() < 0.03


@pytest.mark.parametrize(("codes", "share"), [(SPINE, "M53.81"), (["G43.819", *CHRONIC], "G43.819")])
def test_both_codings_of_a_doubtful_label_occur(frame: pd.DataFrame, codes: list[str], share: str):
    group = frame["dx"][holds(frame["dx"], *codes)]
    assert 0.03 < (group == share).mean() < 0.97
    assert set(group) == set(codes)


def test_facet_pain_is_as_rare_as_the_source_assessment_says(many: pd.DataFrame):
    truth = many["truth_facet_pain"]
    assert truth.notna().equals(many["dx"].str.match("M54.2|M54.12|M53.81|M54.6").astype("bool"))
    assert 0.04 < truth.dropna().astype(bool).mean() < 0.077


# What the policy makes of it -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def determined(frame: pd.DataFrame):
    p = policy.load("nerve_blocks")
    cases = policy.Cases.from_frame(frame, p)
    return p, cases, policy.determine(p, cases, p.settings({}), asking=False).outcome


def test_each_outcome_is_frequent_enough_to_see(determined):
    _, _, outcome = determined
    share = {word: float((outcome == code).mean()) for code, word in enumerate(policy.OUTCOMES)}
    for word in ("met", "not_met", "pend", "review", "mismatch"):
        assert share[word] >= 0.03, (word, share)
    assert 0.1 <= share["met"] <= 0.4, "a band in which an approval rate is believable; no source states one"


NUMERIC = [
    "pain_duration_months",
    "conservative_weeks",
    "conservative_modalities_min",
    "relief_pct",
    "diagnostic_blocks_required",
    "tn_failed_drugs_min",
    "migraine_preventives_failed_min",
    "fm_drugs_failed_min",
    "headache_days_month_min",
    "repeat_min_relief_pct",
    "repeat_min_weeks",
    "max_sessions_12m",
]


def test_the_numeric_levers_are_these():
    levers = policy.load("nerve_blocks").levers
    assert {name for name, lever in levers.items() if lever.domain} == set(NUMERIC)


@pytest.mark.parametrize("name", some(NUMERIC, 4))
def test_a_numeric_lever_moves_cases_step_by_step(determined, name: str):
    """Not only somewhere: from its default one step either way moves a case, and so does every step after that."""
    p, cases, base = determined
    lever = p.levers[name]
    values = [None, *lever.domain.values()] if lever.off_allowed else list(lever.domain.values())
    outcomes = [policy.determine(p, cases, p.settings({name: value}), asking=False).outcome for value in values]
    moved = [int((a != b).sum()) for a, b in pairwise(outcomes)]
    default = next(i for i, outcome in enumerate(outcomes) if (outcome == base).all())
    around = moved[max(default - 1, 0) : default + 2]
    assert sum(moved) > 0
    assert max(around) > 0
    assert sum(step > 0 for step in moved) >= 0.7 * len(moved), dict(zip(map(str, values[1:]), moved, strict=True))


def test_values_stand_at_their_thresholds(frame: pd.DataFrame):
    for column, values in [
        ("pain_duration_days", (91, 92)),
        ("conservative_care_days", (41, 42)),
        ("block_1_relief_pct", (79, 80)),
        ("block_2_relief_pct", (79, 80)),
        ("headache_days_per_month", (14, 15)),
        ("prior_relief_days", (83, 84)),
    ]:
        for value in values:
            assert holds(frame[column], value).any(), (column, value)


# The page ------------------------------------------------------------------------------------------------------------


def ungrounded(node: Node, path: str = "", grounded: bool = False) -> Iterator[str]:
    """Numbers of the page that stand under no source, no statements and no assumption with a range."""
    if isinstance(node.value, dict):
        here = node.value
        assumed = "assumption" in here and here["assumption"].value == "true" and "range" in here
        grounded = grounded or "source" in here or "statements" in here or assumed
        for key, child in here.items():
            if key not in ("when", "id", "schema", "statements", "source", "stratum", "share_of"):
                yield from ungrounded(child, f"{path}.{key}", grounded)
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from ungrounded(child, f"{path}.{index}", grounded)
    elif re.fullmatch(r"[\d.]+|\d{4}-\d\d-\d\d", node.value) and not grounded:
        yield path


def pages() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("page", pages())
def test_no_number_without_source_or_assumption(page: str):
    root = read_yaml((FOLDER / page).read_text("utf-8"), page)
    root.value.pop("statements", None)  # those of the page as a whole ground no number
    assert list(ungrounded(root)) == []


def test_the_search_for_ungrounded_numbers_finds_them():
    text = edited("    percent: 20\n    assumption: true\n    range: {percent: [10, 30]}\n", "    percent: 20\n")
    root = read_yaml(text, "page.yaml")
    del root.value["statements"]
    assert list(ungrounded(root)) == [".variables.rural.percent"]
    assert len(list(ungrounded(root))) < len(list(re.finditer(r"percent: \d", text)))


@pytest.mark.parametrize("page", pages())
def test_every_shipped_page_loads_under_its_own_name(page: str):
    assert load(page.removesuffix(".yaml")).id == page.removesuffix(".yaml")
    assert load(FOLDER / page).fingerprint == load(page.removesuffix(".yaml")).fingerprint


def test_the_code_holds_no_share_of_its_own():
    """Every share is on the page: with another page the same code makes other cases."""
    text = edited(
        "{neck_pain: 35, thoracic_pain: 10, trigeminal_neuralgia: 5, fibromyalgia: 15, migraine: 35}",
        "{neck_pain: 0, thoracic_pain: 0, trigeminal_neuralgia: 100, fibromyalgia: 0, migraine: 0}",
    )
    with pytest.raises(ProblemsFound) as found:
        parse(text, "page.yaml")
    assert "is never reached" in str(found.value), "rows for a diagnosis that cannot occur are dead text"
    text = edited(
        "{neck_pain: 35, thoracic_pain: 10, trigeminal_neuralgia: 5, fibromyalgia: 15, migraine: 35}",
        "{neck_pain: 1, thoracic_pain: 1, trigeminal_neuralgia: 96, fibromyalgia: 1, migraine: 1}",
    )
    other = generate(parse(text, "page.yaml"), 2000, 1)
    assert other["dx"].str.match("G50").mean() > 0.9


def test_the_fingerprint_is_of_the_content_not_of_the_layout(spec: populations.Population):
    assert parse(f"# a remark\n{TEXT}\n", "x.yaml").fingerprint == spec.fingerprint
    assert parse(edited("    percent: 20\n", "    percent: 21\n"), "x.yaml").fingerprint != spec.fingerprint
    assert re.fullmatch("[0-9a-f]{64}", spec.fingerprint)


def test_shares_are_whole_numbers_of_the_word_space(spec: populations.Population):
    rural = next(d for d in spec.decisions if d.name == "rural").choice
    assert rural.bounds.tolist() == [2**32 * 80 // 100, 2**32]
    words = np.array([0, (2**32 * 80 // 100 - 1) << 32, (2**32 * 80 // 100) << 32, 2**64 - 1], dtype=np.uint64)
    assert rural.pick(words, {}).tolist() == [0, 0, 1, 1]


def test_a_range_of_values_is_reached_from_end_to_end(spec: populations.Population):
    age = next(d for d in spec.decisions if d.name == "age").choice
    diagnosis = next(d for d in spec.decisions if d.name == "diagnosis")
    words = Streams(1).draw("any", 0, 50_000)
    migraine = np.full(50_000, diagnosis.values.index("migraine"), dtype=np.int32)
    drawn = age.pick(words, {"diagnosis": migraine})
    assert set(drawn.tolist()) == set(range(18, 80))


ROW = "    percent: 20\n    assumption: true\n    range: {percent: [10, 30]}\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("schema: population/1", "schema: population/2", "made by a newer version"),
        ("label: Low facet", "labell: Low facet", "did you mean label"),
        (
            "period:\n  first: 2025-01-01",
            "period:\n  first: 2025-13-01",
            "'2025-13-01' is not a date such as 2026-01-31",
        ),
        ("  last: 2025-12-31", "  last: 2024-12-31", "must end after it begins"),
        ("neck_pain: 35, thoracic_pain: 10, tri", "neck_pain: 36, thoracic_pain: 10, tri", "add up to 101"),
        ("    percent: 20\n", "    percent: 120\n", "above 100"),
        ("    percent: 20\n", "    percent: 2e1\n", "is not a number such as"),
        ("    percent: 20\n", "    percent: -20\n", "is not a number such as"),
        ("    percent: 20\n", "    percent: 20\n    empty: true\n", "needs one of shares, percent, value, empty"),
        (ROW, "    percent: 20\n", "without a source, statements or assumption"),
        (ROW, "    percent: 20\n    assumption: true\n", "an assumption without a range"),
        (ROW, ROW.replace("[10, 30]", "[30, 10]"), "the lower one first"),
        (ROW, ROW.replace("assumption: true\n", "assumption: true\n    source: R99\n"), "R99 is not described"),
        ("  R13: Incidence", "  R12: Unused\n  R13: Incidence", "R12: is cited by nothing"),
        (
            "{when: {intent: acute}, shares",
            "{when: {intend: acute}, shares",
            "depends on intend, .*did you mean intent",
        ),
        (
            "{when: {intent: acute}, shares",
            "{when: {intent: acutely}, shares",
            "is never 'acutely'.*did you mean acute",
        ),
        (
            "when: {sessions_last_12m: 1 to 2}",
            "when: {sessions_last_12m: 1 to 99}",
            "is never '1 to 99'; one of 0 to",
        ),
        (
            "{when: {rural: true}, shares: {0 to 231: 46",
            "{when: {function_limited: true}, shares: {0 to 231: 46",
            "no variable above",
        ),
        (
            "      - {when: {diligence: low}, shares: {none: 7,",
            "      - {when: {diligence: usual}, shares: {none: 7,",
            "no row for diligence low",
        ),
        (
            "{when: {rural: true, line_of_business: medicaid}, shares: {0 to 231: 40",
            "{when: {}, shares: {0 to 231: 40",
            "is never reached",
        ),
        (
            "{when: {severity: severe}, percent: 99}",
            "{when: {severity: severe}, shares: {often: 99, never: 1}}",
            "'often' is not allowed",
        ),
        ("{office: 68, outpatient: 17, ed: 15}", "{office: 68, outpatients: 17, ed: 15}", "did you mean outpatient"),
        ("18 to 29: 19", "18 to 290: 19", "'18 to 290' is not allowed.*0 to 120"),
        ("18 to 29: 19", "29 to 18: 19", "'29 to 18' is not allowed"),
        (
            "76 to 79: 12, 51 to 74: 4}\n      - when: {first",
            "76 to 79 by 2: 12, 51 to 74: 4}\n      - when: {first",
            "by 2' is not allowed",
        ),
        ("M54.2: 99, M54.12: 1", "M542: 99, M54.12: 1", "'M542' is not allowed"),
        ("    unit: years\n", "", "needs a unit"),
        ("    documented: race_recorded\n", "    documented: race_recordet\n", "no habit.*did you mean race_recorded"),
        ("    documented: race_recorded\n", "", "does not say how often it is documented"),
        ("  nerve_named:\n", "  nerve_name:\n", "no column of the case table.*did you mean nerve_named"),
        ("  nerve_named:\n", "  nerve_named:\n    latent: true\n", "cannot be latent"),
        (
            "  diligence:\n",
            "  onset_date:\n    says: x\n    value: x\n    documented: always\n\n  diligence:\n",
            "is made from the period",
        ),
        (
            "    at_most: pain_duration_days\n",
            "    at_most: pain_duration\n",
            "no number above it.*did you mean pain_duration_days",
        ),
        ("stratum: {dx: M79.7}", "stratum: {dx: M79.9}", "is never 'M79.9'"),
        ("stratum: {dx: M79.7}", "stratum: {dy: M79.7}", "dy: is no variable of the page"),
        ("value: 73,\n    between: [71, 75]", "value: 70,\n    between: [71, 75]", "with the value between them"),
        ("value: 73,\n    between: [71, 75], source: R28", "value: 73, source: R28", "unless its metric is an anchor"),
        ("metric: single_block_ppv, ", "metric: helped, ", "needs blocks"),
        ("metric: single_block_ppv, ", "metric: single_block_pv, ", "did you mean single_block_ppv"),
        (
            "stratum: {dx: G50.0}, share_of: {sex: female}",
            "stratum: {dx: G50.0}",
            "needs share_of with the metric share",
        ),
        ("assign: {procedure: facet_ablation,", "assign: {procedure: facet_ablatio,", "did you mean facet_ablation"),
        ("  cut_off: 80\n", "  cut_off: 101\n", "no whole number from 1 to 100"),
        (
            "id: seed_low_prevalence\n",
            "id: seed_low_prevalence\nbased_on: seed_low\n",
            "no other population that ships",
        ),
        ("  diligence:\n", "  diligence:\n  severity:\n", "no value|stands twice"),
        (
            "    says: Lives in a rural county\n",
            "    says: Lives in a rural county\n    sayz: x\n",
            "did you mean says",
        ),
    ],
)
def test_a_fault_of_the_page_is_named_with_its_line(old: str, new: str, told: str):
    text = edited(old, new)
    changed = next(i for i, (a, b) in enumerate(zip(TEXT.split("\n"), text.split("\n"), strict=False), 1) if a != b)
    with pytest.raises(ProblemsFound) as found:
        parse(text, "page.yaml")
    lines = [str(problem) for problem in found.value.problems]
    matching = [line for line in lines if re.search(told, line)]
    assert matching, lines
    line = int(re.match(r"page\.yaml:(\d+): ", matching[0])[1])  # type: ignore[index]
    assert line <= changed + 8, (line, changed, matching[0])
    assert "/" not in matching[0].split(":")[0]


def test_all_faults_come_in_one_pass():
    text = edited("    documented: race_recorded\n", "    documented: race_recordet\n")
    text = text.replace("    unit: years\n", "").replace("{office: 68, outpatient: 17", "{office: 68, outpatients: 17")
    with pytest.raises(ProblemsFound) as found:
        parse(text, "page.yaml")
    told = "\n".join(str(problem) for problem in found.value.problems)
    for part in ("race_recordet", "needs a unit", "outpatients", "race_recorded: is used by no variable"):
        assert part in told
    numbers = [int(str(problem).split(":")[1]) for problem in found.value.problems]
    assert numbers == sorted(numbers)


def test_a_number_under_a_cap_may_be_any_below():
    """Care cannot outlast the pain, so days that no row names occur: a table that forgets them is refused."""
    text = edited("short}, shares: {1 to 13: 13, 14 to 27: 27,", "short}, shares: {20 to 27: 40,")
    row = "      - {when: {procedure: peripheral_block}, percent: 84}\n      - {empty: true}\n"
    assert text.count(row) == 1
    text = text.replace(row, "      - {when: {conservative_care_days: [0, 20 to 364]}, percent: 84}\n")
    with pytest.raises(ProblemsFound, match=r"nerve_named\.rows: has no row for conservative_care_days 1 \["):
        parse(text, "page.yaml")


def test_a_column_left_out_is_missed():
    start, end = TEXT.index("  nerve_named:\n"), TEXT.index("  failed_anticonvulsants:\n")
    with pytest.raises(ProblemsFound, match="do not say how the column nerve_named comes about"):
        parse(TEXT[:start] + TEXT[end:], "page.yaml")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("seed_low_prevalance", "did you mean seed_low_prevalence"),
        ("", "is no population that ships"),
        ("nowhere/at_all.yaml", "cannot be read"),
        ("cases.csv", "no .yaml file"),
    ],
)
def test_an_unknown_population_is_refused(name: str, told: str):
    with pytest.raises(ProblemsFound, match=told):
        load(name)


@pytest.mark.parametrize("size", [0, -1, 1.5, 10.0, True, "100", MOST_CASES + 1, 10**12])
def test_a_size_out_of_bounds_is_refused(spec: populations.Population, size: object):
    with pytest.raises(ProblemsFound, match=r"^size: .*from 1 to 5,000,000"):
        generate(spec, size, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seed", "start", "told"), [(2**70, 0, "seed"), (-1, 0, "seed"), (1, -1, "start"), (1, 10**10, "start")]
)
def test_a_seed_or_start_out_of_bounds_is_refused(spec: populations.Population, seed: int, start: int, told: str):
    with pytest.raises(ProblemsFound, match=f"^{told}: "):
        generate(spec, 1, seed, start=start)


def test_the_last_case_has_ten_digits(spec: populations.Population):
    last = generate(spec, 2, 1, start=10**10 - 3)
    assert list(last["case_id"]) == ["S9999999998", "S9999999999"]
