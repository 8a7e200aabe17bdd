"""The vignettes of the shipped policy: what it must answer, written from domain notes and contract alone."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import policy

FOLDER = Path(__file__).resolve().parents[2] / "policy" / "documents" / "nerve_blocks" / "vignettes"

# The scenario strict_reading, as the contract sets it exactly (section 2).
STRICT = {
    "axial_spine_stance": "never_outside_trial",
    "rfa_stance": "never_outside_trial",
    "diagnostic_block_exempt": "false",
    "insufficient_evidence_action": "not_met",
    "fm_tpi_with_trigger_points": "not_met",
    "undocumented_action": "not_met",
}
READINGS: dict[str, dict[str, str]] = {"default": {}, "strict_reading": STRICT}

OUTCOMES = ("met", "not_met", "pend", "review", "mismatch", "out_of_scope")

DIAGNOSES = {
    "neck_pain": ("M54.2",),
    "thoracic_pain": ("M53.81", "M54.6"),
    "trigeminal_neuralgia": ("G50.0",),
    "fibromyalgia": ("M79.7",),
    "migraine": ("G43.819", "G43.701", "G43.709", "G43.711", "G43.719"),
}
FACET = ("64490", "64491", "64492", "64493", "64494", "64495")
PROCEDURES = {
    "trigeminal_block": ("64400",),
    "occipital_block": ("64405",),
    "peripheral_block": ("64450",),
    "trigger_point": ("20552", "20553"),
    "facet_diagnostic": FACET,
    "facet_therapeutic": FACET,
    "facet_ablation": ("64633", "64634", "64635", "64636"),
    "epidural": (
        *("62320", "62321", "62322", "62323", "62324", "62325", "62326", "62327"),
        *("64479", "64480", "64483", "64484"),
    ),
}

# The choices of each categorical lever, default first.
CHOICES = {
    "pain_duration_operator": ("exceeds", "at_least"),
    "contraindication_counts_as_met": ("true", "false"),
    "relief_rule": ("each_block", "mean", "second_only"),
    "diagnostic_block_exempt": ("true", "false"),
    "axial_spine_stance": ("conditional", "never_outside_trial", "no_position"),
    "rfa_stance": ("confirmed_pathway", "never_outside_trial"),
    "tpi_is_im_injection": ("true", "false"),
    "tpi_needs_block_confirmation": ("false", "true"),
    "insufficient_evidence_action": ("review", "not_met", "met_if_prereqs"),
    "gon_acute_action": ("met_if_prereqs", "review", "not_met"),
    "intent_missing_action": ("pend", "assume_preventive"),
    "ahs2025_ed_pathway": ("off", "on"),
    "tn_selection": ("review", "mri_done", "specialist_dx"),
    "extrapolate_lumbar": ("true", "false"),
    "radiculopathy_action": ("pend", "not_met", "review"),
    "undocumented_action": ("pend", "not_met"),
    "unmapped_action": ("review", "not_met"),
    "fm_tpi_with_trigger_points": ("review", "not_met", "met_if_prereqs"),
    "generic_gate_scope": ("all_dx", "spine_only"),
    "confirmed_facet_other_code": ("met_if_prereqs", "review", "not_met"),
    "m5381_mapping": ("as_labelled_spine_axial", "reject_code_mismatch"),
    "g43819_mapping": ("as_labelled_migraine", "require_headache_days", "pend_for_code"),
}
# Settings of the numeric levers that the vignettes must try besides the default, the ends of the domain among them.
NUMBERS = {
    "pain_duration_months": ("0", "1", "6", "12"),
    "conservative_weeks": ("0", "8", "26"),
    "conservative_modalities_min": ("0", "2", "3"),
    "relief_pct": ("50", "75", "100"),
    "diagnostic_blocks_required": ("0", "1"),
    "tn_failed_drugs_min": ("0", "2", "3"),
    "migraine_preventives_failed_min": ("0", "2", "3", "4"),
    "fm_drugs_failed_min": ("0", "2", "3"),
    "headache_days_month_min": ("off", "0", "15", "28"),
    "repeat_min_relief_pct": ("off", "0", "50", "100"),
    "repeat_min_weeks": ("off", "12", "52"),
    "max_sessions_12m": ("off", "1", "3", "12"),
}

# Criteria that a documented fact can fail, and criteria that a missing fact can leave open.
CAN_FAIL = {
    *("pain_duration", "conservative_care", "conservative_modalities", "function_limited", "imaging_clear"),
    *("facet_confirmed", "trial_or_radiculopathy", "trigger_points", "image_guidance", "first_block_relief"),
    *("radicular_pain", "tn_drugs", "tn_mri", "tn_specialist", "fm_drugs", "migraine_preventives", "headache_days"),
    *("headache_days_g43819", "repeat_relief", "repeat_duration", "session_limit"),
}
CAN_BE_OPEN = CAN_FAIL - {"trial_or_radiculopathy"} | {
    *("radiculopathy_stated", "nerve_named", "block_stage", "facet_intent", "migraine_intent"),
}

# The case table of the contract (section 3) as far as a determination may read it.
COLUMNS = {
    *("dx", "cpt", "request_date", "onset_date", "pain_duration_days", "conservative_care_days"),
    *("conservative_care_failed", "tried_physical_therapy", "tried_nsaid", "tried_exercise"),
    *("conservative_care_contraindicated", "function_limited", "imaging_other_cause", "radiculopathy"),
    *("diagnostic_blocks_done", "block_1_relief_pct", "block_2_relief_pct", "blocks_comparative", "image_guidance"),
    *("intent", "trigger_points_on_exam", "nerve_named", "failed_anticonvulsants", "failed_preventives"),
    *("failed_fibromyalgia_drugs", "headache_days_per_month", "tn_specialist_diagnosis", "tn_mri_done"),
    *("clinical_trial", "site_of_service", "sessions_last_12m", "prior_relief_pct", "prior_relief_days"),
}
KEYS = {"name", "set", "change", "expect", "not_met", "not_documented", "ask", "reasons_mention"}

Vignette = dict[str, Any]
Settings = tuple[tuple[str, str], ...]


def read(path: Path) -> dict[str, Any]:
    """One vignette file; every scalar stays the text that stands in the file."""
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
    assert isinstance(content, dict), path.name
    return content


FILES: dict[str, dict[str, Any]] = {path.stem: read(path) for path in sorted(FOLDER.glob("*.yaml"))}


def facts(stem: str, vignette: Vignette) -> dict[str, str]:
    """The case of the file with the vignette's changes; not documented (null) is the empty text."""
    merged = {**FILES[stem]["case"], **(vignette.get("change") or {})}
    return {column: "" if value == "null" else value for column, value in merged.items()}


def settings_of(reading: str, vignette: Vignette) -> Settings:
    """The levers of a vignette under one reading, as a key."""
    return tuple(sorted({**READINGS[reading], **(vignette.get("set") or {})}.items()))


ALL: list[tuple[str, int, Vignette]] = [
    (stem, number, vignette) for stem, content in FILES.items() for number, vignette in enumerate(content["vignettes"])
]
ASKED: list[tuple[str, int, Vignette, str]] = [
    (stem, number, vignette, reading) for stem, number, vignette in ALL for reading in vignette["expect"]
]


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


@functools.cache
def rows_by_setting() -> dict[Settings, dict[str, dict[str, str]]]:
    """Settings -> case_id -> case, of all vignettes."""
    found: dict[Settings, dict[str, dict[str, str]]] = {}
    for stem, number, vignette, reading in ASKED:
        found.setdefault(settings_of(reading, vignette), {})[f"{stem}-{number}"] = facts(stem, vignette)
    return found


@functools.cache
def answers(key: Settings) -> dict[str, dict[str, str]]:
    """case_id -> determination, for every vignette that is read under these settings: one call for all of them."""
    frame = (
        pd.DataFrame.from_dict(rows_by_setting()[key], orient="index")
        .fillna("")
        .rename_axis("case_id")
        .reset_index()
        .astype("string")
    )
    document = nerve_blocks()
    cases = policy.Cases.from_frame(frame, document)
    table = policy.determine(document, cases, document.settings(dict(key))).frame()
    records = table.astype("string").fillna("").to_dict("records")
    return {record["case_id"]: {str(name): str(value) for name, value in record.items()} for record in records}


def listed(text: str) -> list[str]:
    return sorted(part for part in text.split(";") if part)


@pytest.mark.parametrize(
    ("stem", "number", "vignette", "reading"),
    [
        pytest.param(stem, number, vignette, reading, id=f"{stem}: {vignette['name']} [{reading}]")
        for stem, number, vignette, reading in ASKED
    ],
)
def test_vignette(stem: str, number: int, vignette: Vignette, reading: str) -> None:
    """The policy answers a case as a reader of the domain notes and the contract expects, in each reading that the
    vignette names; under the default also which criteria failed or stayed open and what is asked for."""
    found = answers(settings_of(reading, vignette))[f"{stem}-{number}"]
    assert found["outcome"] == vignette["expect"][reading], found
    if reading == "default":
        for column in ("not_met", "not_documented", "ask"):
            if column in vignette:
                assert listed(found[column]) == sorted(vignette[column]), (column, found)
        if "reasons_mention" in vignette:
            assert vignette["reasons_mention"] in found["reasons"].lower(), found


def test_every_vignette_was_answered_once() -> None:
    """No row is lost or doubled between the table handed in and the determinations."""
    wanted = Counter(settings_of(reading, vignette) for _, _, vignette, reading in ASKED)
    assert {key: len(answers(key)) for key in wanted} == dict(wanted)


def test_every_cell_of_the_matrix_has_its_file() -> None:
    """Five diagnoses by eight columns, and the codes outside the policy."""
    cells = {f"{diagnosis}_{procedure}" for diagnosis in DIAGNOSES for procedure in PROCEDURES}
    assert len(cells) == 40
    assert set(FILES) == cells | {"out_of_scope"}


@pytest.mark.parametrize("stem", sorted(set(FILES) - {"out_of_scope"}))
def test_a_file_stays_in_its_cell(stem: str) -> None:
    """The case of a file and every changed code of it belong to the diagnosis and procedure that name the file."""
    diagnosis, procedure = next((one, other) for one in DIAGNOSES for other in PROCEDURES if stem == f"{one}_{other}")
    assert FILES[stem]["cell"] == f"{diagnosis} x {procedure}"
    for vignette in FILES[stem]["vignettes"]:
        row = facts(stem, vignette)
        plain = row["dx"].upper().replace(".", "")
        assert plain in {code.replace(".", "") for code in DIAGNOSES[diagnosis]}, vignette["name"]
        assert row["cpt"] in PROCEDURES[procedure], vignette["name"]


@pytest.mark.parametrize("stem", sorted(FILES))
def test_a_file_is_well_formed(stem: str) -> None:
    """Known keys and columns only, no name twice, both readings, nothing changed to what the case says anyway."""
    content = FILES[stem]
    assert set(content) == {"cell", "about", "case", "vignettes"}
    names = [vignette["name"] for vignette in content["vignettes"]]
    assert len(names) == len(set(names)), [name for name, times in Counter(names).items() if times > 1]
    assert set(content["case"]) <= COLUMNS
    for vignette in content["vignettes"]:
        assert set(vignette) <= KEYS, vignette["name"]
        assert set(vignette.get("change") or {}) <= COLUMNS, vignette["name"]
        assert set(vignette.get("set") or {}) <= set(CHOICES) | set(NUMBERS), vignette["name"]
        assert set(vignette["expect"]) <= set(READINGS), vignette["name"]
        assert set(vignette["expect"].values()) <= set(OUTCOMES), vignette["name"]
        assert set(vignette.get("not_met", ())) <= CAN_FAIL, vignette["name"]
        assert set(vignette.get("not_documented", ())) <= CAN_BE_OPEN, vignette["name"]
        assert set(vignette.get("ask", ())) <= COLUMNS, vignette["name"]
    assert {reading for vignette in content["vignettes"] for reading in vignette["expect"]} == set(READINGS)


@pytest.mark.parametrize("stem", sorted(FILES))
def test_no_vignette_is_another_one_again(stem: str) -> None:
    """Two vignettes of a file never put the same case under the same levers: a repeated one proves nothing more."""
    seen: dict[tuple[Any, ...], str] = {}
    for vignette in FILES[stem]["vignettes"]:
        row = tuple(sorted((column, value) for column, value in facts(stem, vignette).items() if value))
        key = (row, tuple(sorted((vignette.get("set") or {}).items())))
        assert key not in seen, (seen.get(key), vignette["name"])
        seen[key] = vignette["name"]


def test_every_lever_value_is_tried() -> None:
    """Each choice of each categorical lever is set by some vignette, and numeric levers at the values listed above."""
    tried = {(name, value) for _, _, vignette in ALL for name, value in (vignette.get("set") or {}).items()}
    wanted = {(name, value) for values in (CHOICES, NUMBERS) for name, options in values.items() for value in options}
    assert wanted <= tried, sorted(wanted - tried)


@pytest.mark.parametrize("lever", sorted({*CHOICES, *NUMBERS}))
def test_every_lever_decides_somewhere(lever: str) -> None:
    """For each lever some case of one file has two answers that differ in nothing but this lever."""
    for reading in READINGS:
        by_case: dict[tuple[Any, ...], set[str]] = {}
        for stem, _, vignette in ALL:
            if reading not in vignette["expect"]:
                continue
            levers = dict(settings_of(reading, vignette))
            levers.pop(lever, None)
            row = tuple(sorted((column, value) for column, value in facts(stem, vignette).items() if value))
            key = (row, tuple(sorted(levers.items())))
            by_case.setdefault(key, set()).add(vignette["expect"][reading])
        if any(len(outcomes) > 1 for outcomes in by_case.values()):
            return
    pytest.fail(f"no pair of vignettes shows what {lever} changes")


@pytest.mark.parametrize("reading", sorted(READINGS))
def test_every_outcome_word_is_expected(reading: str) -> None:
    """Each of the six outcomes is the expectation of some vignette, in each reading."""
    seen = Counter(vignette["expect"].get(reading) for _, _, vignette in ALL)
    assert all(seen[outcome] for outcome in OUTCOMES), seen


def alone(column: str, outcome: str) -> dict[str, list[tuple[str, Vignette]]]:
    """criterion -> the vignettes in which it is the only one of its state under the default reading."""
    found: dict[str, list[tuple[str, Vignette]]] = {}
    for stem, _, vignette in ALL:
        if len(vignette.get(column, ())) == 1 and vignette["expect"].get("default") == outcome:
            found.setdefault(vignette[column][0], []).append((stem, vignette))
    return found


def test_every_criterion_decides_in_each_of_its_states() -> None:
    """Each criterion is once the only one that fails, with the outcome not_met, and once the only one left open, with
    the outcome pend."""
    assert set(alone("not_met", "not_met")) == CAN_FAIL
    assert set(alone("not_documented", "pend")) == CAN_BE_OPEN


@pytest.mark.parametrize(("column", "outcome"), [("not_met", "not_met"), ("not_documented", "pend")])
def test_every_criterion_decides_in_the_strict_reading_too(column: str, outcome: str) -> None:
    """The strict reading does not make a criterion idle: where it fails or stays open the answer is not_met, and
    under the same levers another case of the same file gets a better one."""
    for criterion, vignettes in alone(column, outcome).items():
        assert any(
            vignette["expect"].get("strict_reading") == "not_met"
            and any(
                other["expect"].get("strict_reading") in {"met", "review", "pend"}
                and (other.get("set") or {}) == (vignette.get("set") or {})
                for other in FILES[stem]["vignettes"]
            )
            for stem, vignette in vignettes
        ), criterion


def test_every_code_of_the_policy_is_tried() -> None:
    """Each procedure code and each diagnosis code in scope is the code of some vignette."""
    rows = [facts(stem, vignette) for stem, _, vignette in ALL]
    assert {code for codes in PROCEDURES.values() for code in codes} <= {row["cpt"] for row in rows}
    assert {code for codes in DIAGNOSES.values() for code in codes} <= {row["dx"] for row in rows}
