"""The policy document holds the whole source assessment: each statement where it belongs, nothing without a source."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import policy

ROOT = Path(__file__).resolve().parents[2]
POPULATION = ROOT / "simulations" / "populations" / "seed_low_prevalence.yaml"
ORACLE: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "seed.yaml").read_text("utf-8"))
ALL = [f"S{number}" for number in range(1, 67)]
KINDS = {"rule", "lever", "evidence", "documentation", "text"}
OPEN_QUESTIONS = {
    "evidence_precedence",
    "require_concordance",
    "conservative_lookback_months",
    "imaging_max_age_months",
    "function_evidence",
    "dx_confirmation_required",
    "tn_first_line_set",
    "lesser_occipital_as_gon",
    "multi_dx_rule",
    "one_modality_per_visit",
    "pend_unresolved_after_days",
    "approval_window_days",
    "craniocervical_pathway",
    "gon_preventive_action",
}
NAMED_SOURCES = {
    "bmj-2025": ("S3", "S6", "S7", "S8", "S9"),
    "va-dod-2023": ("S4", "S23", "S35", "S37", "S38"),
    "aspn-2022": ("S33",),
    "acns-lumbar-2014": ("S11", "S12"),
}
# lever: default, least, greatest, step
THRESHOLDS = {
    "pain_duration_months": ("3", 0, 12, 1),
    "conservative_weeks": ("6", 0, 26, 1),
    "conservative_modalities_min": ("1", 0, 3, 1),
    "relief_pct": ("80", 50, 100, 5),
    "diagnostic_blocks_required": ("2", 0, 2, 1),
    "tn_failed_drugs_min": ("1", 0, 3, 1),
    "migraine_preventives_failed_min": ("1", 0, 4, 1),
    "fm_drugs_failed_min": ("1", 0, 3, 1),
    "headache_days_month_min": ("off", 0, 28, 1),
    "repeat_min_relief_pct": ("off", 0, 100, 5),
    "repeat_min_weeks": ("off", 0, 52, 1),
    "max_sessions_12m": ("off", 1, 12, 1),
}

Element = tuple[str, str, tuple[str, ...], str | None]


@pytest.fixture(scope="module", params=sorted(n for n in policy.shipped() if n.startswith("nerve_blocks@")))
def document(request: pytest.FixtureRequest) -> policy.Policy:
    """Each version that ships holds the whole of it."""
    return policy.load(str(request.param))


@pytest.fixture(scope="module")
def elements(document: policy.Policy) -> list[Element]:
    """(kind, id, statements, origin) of everything that must stand on the source assessment."""
    labels = {c: x for g in document.diagnoses.values() for c, x in (g.codes | g.prefixes).items()}
    named = {c: x for f in document.procedures.values() for c, x in f.codes.items() if x.statements}
    notices = {n.code: n for n in document.code_notices}
    groups: list[tuple[str, Mapping[str, Any]]] = [
        ("rule", document.criteria), ("rule", document.pathways), ("lever", document.levers),
        ("evidence", document.evidence), ("documentation", document.fields_), ("text", document.texts),
        ("text", labels), ("text", named), ("text", notices), ("text", document.open_questions),
    ]  # fmt: skip
    return [
        (kind, key, element.statements, getattr(element, "origin", None))
        for kind, group in groups
        for key, element in group.items()
    ]


def not_landed(elements: Iterable[Element], oracle: dict[str, list[str]]) -> list[str]:
    """'S42 in no lever' for each kind of element that a statement should be in and is not; populations are left out."""
    found = {(statement, kind) for kind, _, statements, _ in elements for statement in statements}
    return [
        f"{statement} in no {kind}"
        for statement, kinds in oracle.items()
        for kind in kinds
        if kind != "population" and (statement, kind) not in found
    ]


def test_the_oracle_is_whole():
    assert list(ORACLE) == ALL
    assert {kind for kinds in ORACLE.values() for kind in kinds} == KINDS | {"population"}
    assert [statement for statement, kinds in ORACLE.items() if "population" in kinds] == ["S20"]


def test_all_statements_are_there(document: policy.Policy):
    assert list(document.statements) == ALL
    sentences = [statement.says for statement in document.statements.values()]
    assert len(set(sentences)) == 66
    assert [says for says in sentences if not says.endswith(".") or re.search(r"[.!?] [A-Z]", says)] == []


def test_each_statement_lands_where_it_belongs(elements: list[Element]):
    assert not_landed(elements, ORACLE) == []


def test_the_seed_prevalence_is_a_population_parameter():
    assert re.search(r"statements: \[[^]]*\bS20\b", POPULATION.read_text("utf-8"))


@pytest.mark.parametrize("statement", ["S1", "S16", "S28", "S42", "S54", "S66"])
def test_a_statement_that_lands_nowhere_is_seen(elements: list[Element], statement: str):
    for kind in ORACLE[statement]:
        rest = [e for e in elements if not (e[0] == kind and statement in e[2])]
        assert f"{statement} in no {kind}" in not_landed(rest, ORACLE)


def test_every_element_has_a_source(document: policy.Policy, elements: list[Element]):
    assert {kind for kind, *_ in elements} == KINDS
    assert [(kind, name) for kind, name, statements, origin in elements if not statements and origin is None] == []
    assert {origin for *_, origin in elements} <= {None, "alternative", "assumption"}
    assert [(name, s) for _, name, statements, _ in elements for s in statements if s not in document.statements] == []


def test_the_elements_are_all_of_the_document(document: policy.Policy, elements: list[Element]):
    names = {(kind, name) for kind, name, *_ in elements}
    for kind, group in {
        "rule": [*document.criteria, *document.pathways],
        "lever": document.levers,
        "evidence": document.evidence,
        "documentation": document.fields_,
        "text": [*document.texts, *document.open_questions, *(notice.code for notice in document.code_notices)],
    }.items():
        assert {(kind, name) for name in group} <= names


def test_the_bmj_guideline_is_contested(document: policy.Policy):
    card = document.evidence["bmj-2025"]
    assert card.status == "contested"
    assert card.status_note
    assert "34 societies" in card.status_note


@pytest.mark.parametrize("card", NAMED_SOURCES)
def test_a_named_source_has_its_card(document: policy.Policy, card: str):
    assert set(NAMED_SOURCES[card]) <= set(document.evidence[card].statements)


def test_a_statement_and_its_card_name_each_other(document: policy.Policy):
    sourced = [(name, s.source) for name, s in document.statements.items() if s.source]
    assert len(sourced) > 30
    assert [(s, card) for s, card in sourced if card and s not in document.evidence[card].statements] == []


def test_migraine_evidence_is_not_used_for_trigeminal_neuralgia(document: policy.Policy):
    assert document.statements["S23"].source == "va-dod-2023"
    using = {name for name, criterion in document.criteria.items() if "va-dod-2023" in criterion.evidence}
    assert using
    assert not [name for name in using if name.startswith("tn_")]


@pytest.mark.parametrize(
    ("code", "lever", "statement"), [("M53.81", "m5381_mapping", "S63"), ("G43.819", "g43819_mapping", "S66")]
)
def test_a_wrong_label_has_a_notice_and_a_lever(document: policy.Policy, code: str, lever: str, statement: str):
    (notice,) = [n for n in document.code_notices if n.code == code]
    assert (notice.lever, notice.statements) == (lever, (statement,))
    assert notice.likely_intended
    assert statement in document.levers[lever].statements
    assert document.levers[lever].default not in notice.pend_while
    assert set(notice.pend_while) < set(document.levers[lever].choices or ())
    assert "wrong" in document.statements[statement].says


def test_only_the_wrong_labels_have_notices(document: policy.Policy):
    assert len(document.code_notices) == 2


def test_the_open_questions_are_those_of_the_contract(document: policy.Policy):
    assert set(document.open_questions) == OPEN_QUESTIONS
    assert not OPEN_QUESTIONS & set(document.levers)
    assert all(len(question.options) >= 2 for question in document.open_questions.values())


def test_every_contradiction_is_answered(document: policy.Policy):
    answered = {int(number) for number in re.findall(r"\bC(\d{1,2})\b", document.model_dump_json())}
    assert answered == set(range(1, 34))


def test_the_numeric_levers_have_their_domains(document: policy.Policy):
    numeric = {name: lever for name, lever in document.levers.items() if lever.domain}
    found = {n: (x.default, x.domain.min, x.domain.max, x.domain.step) for n, x in numeric.items() if x.domain}
    assert found == THRESHOLDS
    assert {name for name, lever in numeric.items() if lever.off_allowed} == {
        name for name, (default, *_) in THRESHOLDS.items() if default == "off"
    }
    looser = [name for name, lever in numeric.items() if lever.direction == "stricter_when_lower"]
    assert looser == ["max_sessions_12m"]


def test_a_choice_names_its_default_first(document: policy.Policy):
    choices = {name: lever for name, lever in document.levers.items() if lever.choices}
    assert len(choices) == 22
    assert [name for name, lever in choices.items() if next(iter(lever.choices or ())) != lever.default] == []


# Four or five words that give a licensed procedure descriptor away; none of them is a descriptor.
TELL_TALES = (
    "anesthetic agent s and or steroid",
    "other peripheral nerve or branch",
    "trigeminal nerve each branch",
    "single or multiple trigger point",
    "paravertebral facet zygapophyseal",
    "nerves innervating that joint",
    "third and any additional level",
    "destruction by neurolytic agent",
    "not including neurolytic substances",
    "diagnostic or therapeutic substance",
    "interlaminar epidural or subarachnoid",
    "continuous infusion or intermittent bolus",
    "transforaminal epidural with imaging",
    "list separately in addition to",
)
READABLE = {".py", ".yaml", ".ipynb", ".html", ".j2", ".md", ".csv", ".json", ".css", ".svg"}


def descriptor_phrases(text: str) -> list[str]:
    """The tell-tales in `text`, whatever its case, punctuation, line breaks (also those inside JSON) and spelling."""
    plain = text.lower().replace("\\n", " ").replace("anaesth", "anesth")
    words = f" {' '.join(re.findall('[a-z0-9]+', plain))} "
    return [phrase for phrase in TELL_TALES if f" {phrase}" in words]


def shipped() -> list[Path]:
    inside = [path for folder in ("policy", "simulations", "notebooks", "docs") for path in (ROOT / folder).rglob("*")]
    noise = {"__pycache__", ".ipynb_checkpoints"}
    readable = [p for p in (*inside, *ROOT.glob("*.md")) if p.is_file() and p.suffix in READABLE]
    return sorted(path for path in readable if not noise & set(path.parts))


def test_no_procedure_descriptor_ships():
    files = shipped()
    assert {ROOT / "policy" / "problems.py", *policy.shipped().values(), POPULATION} <= set(files)
    found = [(path.relative_to(ROOT).as_posix(), descriptor_phrases(path.read_text("utf-8"))) for path in files]
    assert [(path, phrases) for path, phrases in found if phrases] == []


@pytest.mark.parametrize("phrase", TELL_TALES)
def test_a_descriptor_is_seen_however_it_is_written(phrase: str):
    disguised = phrase.replace("anesth", "anaesth").replace(" s ", "(s) ").title()
    assert descriptor_phrases(f"x: '{disguised}(s)'") == [phrase]
    assert descriptor_phrases("before " + phrase.replace(" ", "\\n  ") + "; after") == [phrase]
    assert descriptor_phrases("before " + phrase.replace(" ", ",\n# ")) == [phrase]


def test_our_own_labels_are_no_descriptors(document: policy.Policy):
    labels = [label.label for family in document.procedures.values() for label in family.codes.values()]
    assert len(labels) == len(set(labels)) == 27
    assert descriptor_phrases(" | ".join(labels)) == []
