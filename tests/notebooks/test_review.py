"""A case under review in plain Python: what is said of it is what the policy determines, whoever picked or typed it."""

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import policy as core
import simulations
from notebooks.page import plain
from notebooks.review import case_page
from notebooks.review.as_example import add_example, comes_out, draft_for, proposed_example
from notebooks.review.picking import Picks
from notebooks.review.reviewing import CaseReview, Finding, same_cases
from notebooks.review.typed_case import CaseForm
from policy import Cases, Draft, Policy
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from policy.reading.loading import shipped

POLICIES = ["nerve_blocks", "lower_back_procedures", "occipital_myofascial", "positive_airway_pressure"]


@pytest.fixture(scope="module", params=POLICIES)
def review(request: pytest.FixtureRequest) -> CaseReview:
    chosen = core.load(request.param)
    return CaseReview(chosen, simulations.cases_of(chosen, size=400, seed=3))


@pytest.fixture(scope="module")
def frame(review: CaseReview) -> pd.DataFrame:
    settings = review.policy.settings()
    return core.determine(review.policy, review.picks.cases, settings).frame().astype(str)


pytestmark = pytest.mark.usefixtures("workspace")


def each_outcome(review: CaseReview) -> Iterator[str]:
    for word in review.picks.outcomes():
        review.pick(word)
        yield word


def test_every_shipped_policy_is_tried():
    assert {name.partition("@")[0] for name in shipped()} == set(POLICIES)


# Picking --------------------------------------------------------------------------------------------------------------


def test_the_lists_count_what_is_determined(review: CaseReview, frame: pd.DataFrame):
    assert review.picks.outcomes() == {w: n for w in OUTCOMES if (n := int((frame["outcome"] == w).sum()))}
    for word, count in review.picks.outcomes().items():
        few = frame[frame["outcome"] == word]
        assert review.picks.pathways(word) == {
            name: n for name in review.policy.pathways if (n := int((few["pathway"] == name).sum()))
        }
        assert len(review.picks.places(word)) == count


def test_a_reason_is_that_of_each_case_in_its_list(review: CaseReview, frame: pd.DataFrame):
    for reason, count in review.picks.reasons().items():
        places = review.picks.places(reason=reason)
        assert len(places) == count
        said = frame["reasons"].iloc[places].str.lower()
        assert said.str.contains(reason.partition(": ")[2].lower() or reason.lower(), regex=False).all(), reason


def test_cases_of_a_kind_have_the_same_pathway_outcome_and_reasons(review: CaseReview, frame: pd.DataFrame):
    kinds = frame[["pathway", "outcome", "reasons"]].agg("|".join, axis=1)
    for place in range(0, len(frame), 37):
        assert review.picks.alike(place).tolist() == np.flatnonzero(kinds == kinds[place]).tolist()


def test_going_on_comes_round_and_back(review: CaseReview):
    count = review.pick("not_met")
    first = review.case_id
    for _ in range(count):
        review.step(1)
    assert review.case_id == first
    review.step(-1)
    assert review.at == count - 1
    review.step(1)
    alike = review.next_alike()
    assert alike == 1 or review.case_id != first
    assert review.now().outcome == "not_met"


def test_a_case_is_found_by_its_id_or_a_part_of_it(review: CaseReview):
    wanted = str(review.picks.cases.ids[123])
    assert review.find(wanted.lower()) == 1
    assert review.case_id == wanted
    assert review.find(wanted[-3:]) >= 1
    before = review.case_id
    assert review.find("no such case") == 0
    assert review.find("  ") == 0
    assert review.case_id == before


# What is said ---------------------------------------------------------------------------------------------------------


def test_what_is_shown_is_what_is_determined(review: CaseReview, frame: pd.DataFrame):
    for word in each_outcome(review):
        row, now = frame.iloc[review.place], review.now()
        assert now.outcome == word
        assert now.pathway == row["pathway"]
        read = {0: "not_met", 1: "not_documented"}
        for truth, column in read.items():
            assert [n for n, t in now.truths.items() if t == truth] == list(filter(None, row[column].split(";")))
        assert list(now.told.ask) == list(filter(None, row["ask"].split(";")))


def test_nothing_stands_there_by_the_name_of_an_entry(review: CaseReview):
    document = review.policy
    entries = {*document.fields_, *document.criteria, *document.levers, *document.pathways, *document.evidence}
    named = {name for name in entries if "_" in name}
    for _ in each_outcome(review):
        pages = (case_page.case_headline, case_page.criteria, case_page.way_out, case_page.notices)
        words = set(re.findall(r"[\w-]+", " ".join(plain(page(review)) for page in pages)))
        assert words & named == set()


def test_each_smallest_change_makes_it_met_when_it_is_typed(review: CaseReview):
    tried = 0
    for word in each_outcome(review):
        if word in ("not_met", "pend"):
            for way in review.now().changes.to_meet:
                typed = review.form.begun_from(review.case, 0)
                columns = {fact: review.policy.fields_[fact].column(fact) for fact in way.changes}
                for fact in way.changes:
                    for end in review.policy.fields_[fact].ends if not review.policy.fields_[fact].told else ():
                        typed.pop(end, None)
                case, said = review.form.read({**typed, **{columns[f]: v for f, v in way.changes.items()}})
                assert case is not None, said
                assert Finding(review.tweaks.settings, case).outcome == "met"
                tried += 1
    assert tried


def test_a_lever_at_the_value_that_is_named_gives_the_outcome_that_is_named(review: CaseReview):
    review.pick("met")
    for lever, value, word in review.now().changes.levers:
        review.tweaks.move(lever, value)
        assert (review.before().outcome, review.now().outcome) == ("met", word)
        assert review.tweaks.undo()
    assert review.changed() == []


def test_the_line_of_the_population_is_that_of_its_study(nerve_blocks: Policy):
    review = CaseReview(nerve_blocks, simulations.cases_of(nerve_blocks, size=2_000, seed=1))
    assert case_page.population_line(review.tweaks) == ""
    review.tweaks.move("conservative_weeks", 8)
    study = simulations.ask(provisions={"conservative_weeks": 8}, size=2_000, seed=1)
    assert case_page.population_line(review.tweaks) == study.impact.finding() + "."


# Typing ---------------------------------------------------------------------------------------------------------------


def test_a_case_typed_as_it_is_on_file_comes_out_alike(review: CaseReview):
    settings = review.policy.settings()
    for place in range(0, 400, 9):
        typed = review.form.begun_from(review.picks.cases, place)
        case, said = review.form.read(typed)
        assert case is not None, said
        there = Finding(settings, review.picks.cases.take(np.array([place])))
        here = Finding(settings, case)
        assert (here.outcome, here.truths, here.told.ask) == (there.outcome, there.truths, there.told.ask)


def test_no_entry_starts_as_no_where_nothing_is_documented(review: CaseReview):
    cases = review.picks.cases
    for place in range(0, 400, 9):
        typed = review.form.begun_from(cases, place)
        silent = {n for n in review.form.facts if n in cases.facts and cases.facts[n][place] < 0}
        assert not silent & typed.keys()
        assert all(review.policy.fields_[name].absent != text for name, text in typed.items())


def test_the_facts_that_are_shown_first_are_those_that_decide(review: CaseReview):
    """Emptying any other fact changes nothing."""
    settings = review.policy.settings()
    for place in range(0, 400, 40):
        typed = review.form.begun_from(review.picks.cases, place)
        read = review.form.read_for(typed)
        case, said = review.form.read({name: text for name, text in typed.items() if name in read})
        assert case is not None, said
        there = Finding(settings, review.picks.cases.take(np.array([place])))
        assert Finding(settings, case).told.why == there.told.why


def test_all_that_is_wrong_is_told_at_once_and_by_labels(nerve_blocks: Policy):
    form = CaseForm(nerve_blocks)
    case, said = form.read(
        {
            "dx": "m54.22", "cpt": "2055", "pain_duration_days": "-3", "conservative_care_days": "six weeks",
            "intent": "acut", "diagnostic_blocks_done": "0", "block_1_relief_pct": "80", "request_date": "3/4/2026",
        }
    )  # fmt: skip
    assert case is None
    assert {*said} == {
        "dx", "cpt", "pain_duration_days", "conservative_care_days", "intent", "block_1_relief_pct", "request_date",
    }  # fmt: skip
    assert "did you mean M54.2 (Neck pain (cervicalgia))?" in said["dx"]
    assert "did you mean 20553" in said["cpt"]
    assert said["block_1_relief_pct"] == "contradicts “Controlled diagnostic blocks performed” = 0"
    assert form.read({}) == (None, {"dx": "is needed", "cpt": "is needed"})


def test_a_code_outside_the_policy_is_a_case_that_is_worth_a_look(nerve_blocks: Policy):
    case, said = CaseForm(nerve_blocks).read({"dx": "M54.3", "cpt": "20553"})
    assert case is not None
    assert said["dx"].startswith("M54.3 is outside this policy, did you mean M54.")
    assert Finding(nerve_blocks.settings(), case).outcome == "out_of_scope"


# Documents ------------------------------------------------------------------------------------------------------------


def test_another_version_or_draft_judges_the_same_case(nerve_blocks: Policy, cases: simulations.Caseload):
    review = CaseReview(nerve_blocks, cases)
    review.find("S0000000007")
    draft = Draft.of("nerve_blocks@2026.2")
    draft.set_default("conservative_weeks", 26)
    assert draft.place
    review.open(draft.place.name)
    assert (review.case_id, review.policy) == ("S0000000007", draft.policy)
    review.type_in({"dx": "M54.2", "cpt": "20553", "pain_duration_days": "200"})
    review.open("nerve_blocks@2026.1")
    assert review.typed is not None
    assert review.case_id == "as typed"
    with pytest.raises(ProblemsFound, match="is not there any more"):
        review.open("nerve_blocks.9.json")
    assert review.key == "nerve_blocks@2026.1"


def test_cases_whose_columns_a_document_has_not_are_refused(cases: simulations.Caseload):
    with pytest.raises(ProblemsFound, match="columns that it does not know"):
        same_cases(cases, core.load("positive_airway_pressure"))


# Examples -------------------------------------------------------------------------------------------------------------


def test_an_example_comes_out_alike_and_holds_nothing_that_identifies(review: CaseReview):
    fields = review.policy.fields_
    for place in range(0, 400, 5):
        review.place, review.typed = place, None
        found = review.now()
        example = proposed_example(found)
        assert all(fields[name].type not in ("date", "text") for name in example.case)
        assert (example.expect, comes_out(example, review.tweaks.settings)) == (found.outcome, found.outcome)
        read = review.form.read_for(example.case)
        assert set(example.case) <= read


def test_a_case_exactly_three_calendar_months_long_keeps_its_truth_in_days(nerve_blocks: Policy):
    """28 February to 28 May are three months and 89 days, which alone would be fewer; 92 would exceed three."""
    typed = {"dx": "M54.2", "cpt": "20553", "onset_date": "2026-02-28", "request_date": "2026-05-31"}
    case, _ = CaseForm(nerve_blocks).read(typed)
    assert isinstance(case, Cases)
    found = Finding(nerve_blocks.settings(), case)
    example = proposed_example(found)
    assert comes_out(example, nerve_blocks.settings()) == found.outcome
    assert {"onset_date", "request_date"} & example.case.keys() == set()


def test_the_draft_holds_what_the_same_line_of_python_writes(nerve_blocks: Policy, cases: simulations.Caseload):
    review = CaseReview(nerve_blocks, cases)
    review.tweaks.move("conservative_weeks", 8)
    example = proposed_example(review.now())
    draft = draft_for(nerve_blocks)
    done = add_example(draft, example)
    assert (done.done, done.problems) == (True, ())
    by_hand = Draft.of("nerve_blocks@2026.2", anew=True)
    by_hand.add_example(example.name, example.case, example.expect, levers={"conservative_weeks": 8})
    assert draft.text == by_hand.text
    with pytest.raises(ProblemsFound, match="is there already"):
        add_example(draft, example)


def test_a_policy_that_is_no_version_has_no_draft(nerve_blocks: Policy):
    changed = nerve_blocks.model_copy(update={"title": "Another"})
    with pytest.raises(ProblemsFound, match="is not the text of a version"):
        draft_for(Policy.model_validate(changed.model_dump(mode="json", by_alias=True, exclude_unset=True)))


def test_picks_of_no_case_are_empty(nerve_blocks: Policy, cases: simulations.Caseload):
    picks = Picks(cases.part(0), nerve_blocks.settings())
    assert len(picks.places(reason="Not met: what nobody says")) == 0
