"""What stands on which source, worked out from the document by hand and from its plain entries by another way."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd
import pytest

import policy
from policy.authoring.evidence import (
    STATUSES,
    Conflict,
    Due,
    Support,
    Withdrawal,
    downgrade,
    due_for_review,
    last_year,
    support,
    withdraw,
)
from policy.entries.sources import Evidence
from policy.model import Policy
from policy.problems import ProblemsFound
from policy.trees.policies import required_somewhere

SPINE = {
    "dx": "M54.2", "pain_duration_days": 200, "conservative_care_days": 42, "conservative_care_failed": "true",
    "tried_nsaid": "true", "function_limited": "true", "imaging_other_cause": "false", "radiculopathy": "false",
}  # fmt: skip
BLOCKS = {"diagnostic_blocks_done": 2, "block_1_relief_pct": 80, "block_2_relief_pct": 80, "blocks_comparative": "true"}
MIGRAINE = {
    "dx": "G43.709", "pain_duration_days": 400, "conservative_care_days": 90, "conservative_care_failed": "true",
    "function_limited": "true", "failed_preventives": 2,
}  # fmt: skip
STRICT = {"axial_spine_stance": "never_outside_trial", "rfa_stance": "never_outside_trial"}


@cache
def nerve_blocks() -> Policy:
    return policy.load("nerve_blocks@2026.2")


@cache
def without(*cards: str) -> Withdrawal:
    return withdraw(nerve_blocks(), *cards)


def of(section: str, name: str, document: Policy | None = None) -> Support:
    every = support(document or nerve_blocks())
    return next(one for one in every if (one.section, one.name) == (section, name))


def outcome(document: Policy, case: dict[str, Any], levers: dict[str, str]) -> str:
    frame = pd.DataFrame([{"case_id": "a", **case}])
    cases = policy.Cases.from_frame(frame.astype(str), document)
    return str(policy.determine(document, cases, document.settings(levers)).frame()["outcome"][0])


# Read in the document, before the program was asked: S3, S6 to S10 are the BMJ's, S4, S23, S35 to S38 VA/DoD's; an
# entry is left where neither these statements nor its own list has another card.
BY_HAND = {
    "bmj-2025": {
        "criteria": ("trial_or_radiculopathy",),  # radicular_pain has S11, the lumbar guideline's
        "levers": ("radiculopathy_action",),
        "pathways": ("spine_occipital_block", "spine_peripheral_block", "spine_epidural"),
    },
    "va-dod-2023": {
        "criteria": ("migraine_intent",),
        "levers": ("gon_acute_action", "intent_missing_action"),  # insufficient_evidence_action has two other cards
        "pathways": ("migraine_supraorbital_block", "migraine_occipital_block"),
    },
}


@pytest.mark.parametrize("card", BY_HAND)
def test_what_is_left_without_support_is_what_was_read_in_the_document(card: str) -> None:
    assert {section: without(card).named(section) for section in BY_HAND[card]} == BY_HAND[card]


def test_what_the_bmj_alone_demands_is_dropped_wherever_it_stands() -> None:
    (edit,) = without("bmj-2025").edits
    assert edit.remove == "trial_or_radiculopathy"
    assert set(edit.from_) == {
        "spine_occipital_block", "spine_peripheral_block", "spine_trigger_point", "spine_facet_injection",
        "spine_facet_ablation", "spine_epidural",
    }  # fmt: skip
    assert without("bmj-2025").kept == ()


def test_no_requirement_stands_on_va_dod_alone_and_the_switch_that_does_is_said_to_stay() -> None:
    found = without("va-dod-2023")
    assert found.edits == ()
    assert found.without is found.policy
    (said,) = found.kept
    assert said.startswith("pathway migraine_occipital_block chooses its branch by what migraine_intent asks for")


# As in domain.md, section 4: cards, case, levers; outcome now, without the criteria, and with the pathways judged.
VIGNETTES = [
    ("strict, trigger point, all on file", "bmj-2025", SPINE, "20553", {"trigger_points_on_exam": "true"}, STRICT,
     ("not_met", "met", "met")),
    ("conditional, the same", "bmj-2025", SPINE, "20553", {"trigger_points_on_exam": "true"}, {},
     ("met", "met", "met")),
    ("strict, ablation after two blocks", "bmj-2025", SPINE, "64633", {**BLOCKS, "image_guidance": "ct"}, STRICT,
     ("not_met", "met", "met")),
    ("occipital block after two blocks", "bmj-2025", SPINE, "64405", BLOCKS, {}, ("met", "met", "review")),
    ("the same, strict", "bmj-2025", SPINE, "64405", BLOCKS, STRICT, ("not_met", "met", "review")),
    ("occipital block, care too short", "bmj-2025", SPINE, "64405", {**BLOCKS, "conservative_care_days": 41}, {},
     ("not_met", "not_met", "not_met")),
    ("epidural for axial pain: the lumbar guideline still counts", "bmj-2025", SPINE, "62321", {}, {},
     ("not_met", "not_met", "not_met")),
    ("epidural for radicular pain", "bmj-2025", SPINE, "62321", {"radiculopathy": "true"}, {},
     ("pend", "pend", "review")),
    ("acute occipital block", "va-dod-2023", MIGRAINE, "64405", {"intent": "acute"}, {}, ("met", "met", "review")),
    ("acute, no preventive failed", "va-dod-2023", MIGRAINE, "64405", {"intent": "acute", "failed_preventives": 0}, {},
     ("not_met", "not_met", "not_met")),
    ("preventive, refused on insufficient evidence", "va-dod-2023", MIGRAINE, "64405", {"intent": "preventive"},
     {"insufficient_evidence_action": "not_met"}, ("not_met", "not_met", "review")),
    ("supraorbital, met on insufficient evidence", "va-dod-2023", MIGRAINE, "64400", {},
     {"insufficient_evidence_action": "met_if_prereqs"}, ("met", "met", "review")),
    ("no intent stated: both ways now lead to a clinician", "va-dod-2023", MIGRAINE, "64405", {}, {},
     ("pend", "pend", "review")),
    ("neck pain does not stand on a headache guideline", "va-dod-2023", SPINE, "64405", BLOCKS, {},
     ("met", "met", "met")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "card", "case", "cpt", "more", "levers", "expected"), VIGNETTES)
def test_a_case_when_a_guideline_is_withdrawn(
    name: str, card: str, case: dict[str, Any], cpt: str, more: dict[str, Any], levers: dict[str, str],
    expected: tuple[str, str, str],
) -> None:  # fmt: skip
    found = without(card)
    documents = (nerve_blocks(), found.without, found.judged)
    assert tuple(outcome(one, {**case, "cpt": cpt, **more}, levers) for one in documents) == expected, name


def test_a_rule_of_which_all_would_go_is_not_dropped_but_said() -> None:
    """Epidural: with both guidelines gone nothing would be required, and every epidural would leave its refusal."""
    found = without("bmj-2025", "acns-lumbar-2014")
    assert "radicular_pain" in found.named("criteria")
    (said,) = (line for line in found.kept if line.startswith("pathway spine_epidural"))
    assert "has a rule that would require nothing without trial_or_radiculopathy, radicular_pain: not dropped" in said
    assert not any("spine_epidural" in edit.from_ for edit in found.edits)
    case = {**SPINE, "cpt": "62321"}
    assert [outcome(one, case, {}) for one in (found.policy, found.without, found.judged)] == [
        "not_met", "not_met", "review",
    ]  # fmt: skip


def test_nor_is_the_only_requirement_that_is_always_in_force() -> None:
    """Epidural asks for a trial only while the stance is strict: without the other, nothing is asked by default."""
    radicular = nerve_blocks().criteria["radicular_pain"]
    lumbar = radicular.model_copy(update={"statements": ("S11",), "evidence": ("acns-lumbar-2014",)})
    criteria = {**nerve_blocks().criteria, "radicular_pain": lumbar}
    found = withdraw(nerve_blocks().model_copy(update={"criteria": criteria}), "acns-lumbar-2014")
    assert "trial_or_radiculopathy" not in found.named("criteria")
    assert any(line.startswith("pathway spine_epidural has a rule that would require nothing") for line in found.kept)
    assert outcome(found.without, {**SPINE, "cpt": "62321"}, {}) == "not_met"


def test_a_mismatch_stays_a_mismatch() -> None:
    """It is about codes, even where the document should name a source for it."""
    ways = dict(nerve_blocks().pathways)
    lumbar = ways["spine_lumbar_level"].model_copy(update={"statements": ("S10",), "origin": None})
    found = withdraw(nerve_blocks().model_copy(update={"pathways": ways | {"spine_lumbar_level": lumbar}}), "bmj-2025")
    assert "spine_lumbar_level" in found.named("pathways")
    assert outcome(found.judged, {**SPINE, "cpt": "64493"}, {}) == "mismatch"


def test_nothing_is_left_by_a_card_that_nothing_names() -> None:
    assert not any("twin-page" in one.cards for one in support(nerve_blocks()))
    found = without("twin-page")
    assert (found.left, found.edits, found.kept) == ((), (), ())
    assert found.without is found.judged is found.policy


def test_nothing_is_left_by_a_card_that_stands_beside_another() -> None:
    """The studies of thresholds stand beside the lumbar guideline under two levers, and nowhere else."""
    named = [one.name for one in support(nerve_blocks()) if "block-threshold-studies" in one.cards]
    assert named == ["relief_pct", "relief_rule"]
    assert without("block-threshold-studies").left == ()
    assert {"relief_rule"} <= {*without("block-threshold-studies", "acns-lumbar-2014").named("levers")}


@pytest.mark.parametrize("status", STATUSES)
def test_a_card_beside_it_supports_while_it_is_current_or_contested(status: str) -> None:
    """radicular_pain names the BMJ and the lumbar guideline."""
    found = withdraw(downgrade(nerve_blocks(), "acns-lumbar-2014", status), "bmj-2025")
    assert ("radicular_pain" in found.named("criteria")) == (status in ("superseded", "retracted"))


# Another way to the same, from the plain document -------------------------------------------------------------------


def plain_cards(tree: dict[str, Any], section: str, name: str) -> set[str]:
    entry = tree[section][name]
    sources = {tree["statements"][s].get("source") for s in entry.get("statements", ())}
    return {*entry.get("evidence", ()), *sources} - {None}


SECTIONS = ("criteria", "levers", "pathways")


@pytest.mark.parametrize("name", sorted(policy.shipped()))
def test_every_card_of_every_document_is_withdrawn(name: str) -> None:
    """What is left is what the plain entries say; what was dropped is gone, and what could not be is said."""
    document = policy.load(name)
    tree = document.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    standing = {key for key, card in tree["evidence"].items() if card["status"] in ("current", "contested")}
    for card in tree["evidence"]:
        found = withdraw(document, card)
        for section in SECTIONS:
            cards = {entry: plain_cards(tree, section, entry) for entry in tree[section]}
            left = {entry for entry, mine in cards.items() if card in mine and not (mine & standing) - {card}}
            assert {*found.named(section)} == left, (card, section)
        for way, after in found.without.pathways.items():
            required = {*required_somewhere(found.without, after.rule)} & {*found.named("criteria")}
            assert all(any(f"pathway {way} " in line and one in line for line in found.kept) for one in required)
        changed = {n for n, way in found.judged.pathways.items() if way != found.without.pathways[n]}
        assert changed <= {*found.named("pathways")}
        assert {edit.remove for edit in found.edits} <= {*found.named("criteria")}


# Conflicts, and a status that changes --------------------------------------------------------------------------------


def test_conflicts_are_those_that_the_document_tells_of() -> None:
    """Ablation (S6 against S60, C2) and trigger points (S9 against S33, C4)."""
    assert of("levers", "rfa_stance").conflicts == (Conflict("bmj-2025", "seed-uncited-rfa", ("S6", "S60")),)
    assert of("levers", "tpi_is_im_injection").conflicts == (Conflict("bmj-2025", "aspn-2022", ("S9", "S33")),)
    assert of("levers", "conservative_weeks").conflicts == ()
    torn = [one.name for one in support(nerve_blocks()) if one.section == "levers" and one.conflicts]
    assert torn == ["rfa_stance", "tpi_is_im_injection", "fm_tpi_with_trigger_points"]
    assert all(nerve_blocks().levers[name].contradictions for name in torn)


@pytest.mark.parametrize("source", [None, "cohen-2010"])
def test_a_source_is_not_in_conflict_with_itself_nor_what_has_none_with_its_like(source: str | None) -> None:
    said = nerve_blocks().statements
    alike = {**said, **{name: said[name].model_copy(update={"source": source}) for name in ("S6", "S60")}}
    document = nerve_blocks().model_copy(update={"statements": alike})
    assert of("levers", "rfa_stance", document).conflicts == ()


def test_a_retracted_source_is_in_conflict_with_nothing() -> None:
    retracted = downgrade(nerve_blocks(), "bmj-2025", "retracted")
    assert of("levers", "rfa_stance", retracted).conflicts == ()
    assert of("pathways", "spine_facet_ablation", retracted).conflicts == ()
    assert of("levers", "fm_tpi_with_trigger_points", retracted).conflicts  # it is not the BMJ's


def test_a_changed_status_shows_wherever_the_card_is_named() -> None:
    document = downgrade(nerve_blocks(), "va-dod-2023", "superseded")
    for one in support(document):
        assert ("va-dod-2023 (superseded; Weak for" in str(one)) == ("va-dod-2023" in one.cards)
    assert of("levers", "gon_acute_action", document).standing == ()
    assert "va-dod-2023" in [due.card for due in due_for_review(document, "2026-11-30", 100)]
    assert document.evidence["va-dod-2023"].status == "superseded"
    assert nerve_blocks().evidence["va-dod-2023"].status == "current"
    assert document.fingerprint != nerve_blocks().fingerprint
    assert downgrade(document, "va-dod-2023", "current") == nerve_blocks()


def test_all_that_cannot_be_is_said_at_once_with_what_is_near() -> None:
    with pytest.raises(ProblemsFound) as found:
        downgrade(nerve_blocks(), "bmj-2024", "retractd")
    unknown, status = str(found.value).splitlines()
    assert "'bmj-2024' is no evidence card of nerve_blocks@2026.2, did you mean bmj-2025?" in unknown
    assert "current, contested, superseded, retracted, did you mean retracted?" in status
    with pytest.raises(ProblemsFound) as found:
        withdraw(nerve_blocks(), "bmj-2024", "va-dod")
    assert len(found.value.problems) == 2


# What is due for review ---------------------------------------------------------------------------------------------


def due(day: str, years: int, document: Policy | None = None) -> dict[str, str]:
    return {one.card: "\n".join(one.reasons) for one in due_for_review(document or nerve_blocks(), day, years)}


def test_a_card_is_due_for_its_status_its_check_and_its_age_each_said() -> None:
    found = due("2026-11-30", 5)
    assert found["bmj-2025"].startswith("is contested: 34 societies asked for its retraction")
    assert "full text not seen" in found["bmj-2025"]
    assert found["cohen-2010"] == "is of 2010, more than 5 years ago"  # current, and read
    assert found["block-threshold-studies"] == "states no year (several)"
    assert "icd-10-cm-2026" not in due("2026-11-30", 5, stated("icd-10-cm-2026", in_full=True))
    assert found["icd-10-cm-2026"].startswith("was not verified in full: read in a packaged copy")
    assert "was not verified in full: not seen" in found["seed-uncited-rfa"]


def test_what_is_due_comes_in_the_order_of_what_matters() -> None:
    found = due_for_review(nerve_blocks(), "2026-11-30", 5)
    cards = nerve_blocks().evidence

    def matters(one: Due) -> tuple[int, int, int]:
        year = last_year(cards[one.card].year)
        return int(cards[one.card].status == "current"), 9999 if year is None else year, -one.named_by

    order = [matters(one) for one in found]
    assert order == sorted(order)
    assert "bmj-2025" in [one.card for one in found if not matters(one)[0]]
    for one in found:
        assert one.named_by == sum(f"{one.card} (" in str(entry) for entry in support(nerve_blocks()))
        assert len(one.rules) == len(one.reasons)
    of_2010 = next(one for one in found if one.card == "cohen-2010")
    assert of_2010.rules == ("more than 5 years old",)


@pytest.mark.parametrize(("day", "expected"), [("2025-12-31", False), ("2026-01-01", True)])
def test_a_source_is_as_old_as_the_end_of_its_year(day: str, expected: bool) -> None:
    """Of 2010: on the last day of 2025 it may be fifteen years old and not a day more."""
    assert ("cohen-2010" in due(day, 15)) == expected


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2025", 2025), ("2021-22", 2022), ("2024 to 2026", 2026), ("several", None), ("as read lately", None),
        ("1998 and 2004", 2004), ("2019-11-30", 2019), ("12345", None),
    ],
)  # fmt: skip
def test_the_last_year_of_a_card(text: str, year: int | None) -> None:
    assert last_year(text) == year


def stated(card: str, **keys: object) -> Policy:
    cards = nerve_blocks().evidence
    changed = Evidence.model_validate(cards[card].model_dump() | keys)
    return nerve_blocks().model_copy(update={"evidence": {**cards, card: changed}})


@pytest.mark.parametrize("words", ["read", "not seen", "gelesen, ganz", "vom Titel abgesehen nicht gelesen"])
@pytest.mark.parametrize("in_full", ["true", "false", None])
def test_whether_a_source_was_verified_is_what_the_card_states_and_no_matter_of_its_words(
    words: str, in_full: str | None
) -> None:
    """Without a statement only the one word that qualifies nothing; whatever else it says is for a person to read."""
    document = stated("icd-10-cm-2026", verified=words, in_full=in_full)
    verified = in_full == "true" or (in_full is None and words == "read")
    assert ("icd-10-cm-2026" not in due("2026-11-30", 5, document)) == verified


def test_documents_that_do_not_state_it_keep_their_fingerprint() -> None:
    assert stated("icd-10-cm-2026").fingerprint == nerve_blocks().fingerprint
    assert stated("icd-10-cm-2026", in_full="true").fingerprint != nerve_blocks().fingerprint


@pytest.mark.parametrize(("day", "years", "said"), [("2026-02-30", 5, "is no day"), ("2026-11-30", -1, "below 0")])
def test_a_day_that_is_none_is_refused(day: str, years: int, said: str) -> None:
    with pytest.raises(ProblemsFound, match=said):
        due_for_review(nerve_blocks(), day, years)
