"""Every column of a made-up case lies in its domain, and they cohere within a case."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import policy
from simulations.population import generate, parse
from tests.simulations.population.drawing import CHRONIC, SIZE, SPINE, edited, holds

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
