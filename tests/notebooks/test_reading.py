import re
from pathlib import Path

import pytest

from notebooks.levers import legend
from notebooks.page import dated, esc, evidence_mark, evidence_marks, plain, table
from notebooks.reading import Manual
from notebooks.rules import ends, sentence, statements_behind
from policy import Draft, load
from policy.model import OUTCOMES, Policy
from policy.problems import ProblemsFound
from policy.reading.workspace import SERVED, VARIABLE
from tests.notebooks.hostile import NASTY, SCRIPT, Elements
from tests.notebooks.hostile import policy as hostile_policy

PAGES = (
    "contents", "notices", "texts", "pathways", "levers", "evidence", "statements", "open_questions", "references",
)  # fmt: skip


@pytest.fixture(scope="module")
def manual(nerve_blocks: Policy) -> Manual:
    return Manual(nerve_blocks)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_html_and_the_same_as_text(manual: Manual, name: str):
    page = getattr(manual, name)()
    assert Elements(page.html).open == []
    assert page.text == plain(page.html)
    assert "<" not in page.text
    assert repr(page) == page.text


def test_what_a_pathway_stands_on_is_told_to_its_end(manual: Manual):
    """Two of the pathways name statements that no card is behind, one a single statement."""
    told = [line for line in manual.pathways().text.splitlines() if line.startswith("Stands on")]
    assert "Stands on S28." in told
    assert [line for line in told if line.endswith(":")] == []
    assert "\n1 statement behind it" in manual.pathways().text


def test_in_lab_unsaved_drafts_are_named_with_the_way_to_them(
    manual: Manual, nerve_blocks: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    Draft.of(nerve_blocks.name).set_default("conservative_weeks", 8)
    assert "Not read here" not in manual.contents().text  # runs elsewhere stay equal
    monkeypatch.setenv(SERVED, str(tmp_path))
    page = manual.contents()
    assert "Not read here: Unsaved draft from version 2026.2, 1 edit. To see it: Author a draft." in page.text
    assert ("a", {"href": "5_author_a_draft.ipynb"}) in [(tag, dict(attrs)) for tag, attrs in Elements(page.html).found]


def test_every_pathway_is_told_with_its_rule_and_its_statements(manual: Manual, nerve_blocks: Policy):
    page = manual.pathways()
    ids = {attrs.get("id") for tag, attrs in Elements(page.html).found if tag == "h3"}
    assert ids == {f"pathway-{name}" for name in nerve_blocks.pathways}
    for name, pathway in nerve_blocks.pathways.items():
        part = page.html.partition(f'id="pathway-{name}"')[2].partition("<h3")[0]
        assert esc(pathway.title) in part
        for statement in statements_behind(nerve_blocks, name):
            assert esc(nerve_blocks.statements[statement].says) in part
        for rule in pathway.rule.walk():
            always = [step.because for step in rule.then if not step.while_]
            assert all(esc(text) in part for text in (rule.because, *always) if text), name


def test_every_criterion_that_a_pathway_can_ask_for_is_there_with_its_question(manual: Manual, nerve_blocks: Policy):
    text = manual.pathways().html
    for name, criterion in nerve_blocks.criteria.items():
        assert sentence(manual.settings, name) in text or esc(criterion.says) in text, name
    assert esc(nerve_blocks.criteria["imaging_clear"].ask) in text


def test_a_moved_lever_is_read_with_its_present_value(nerve_blocks: Policy):
    page = Manual(nerve_blocks, nerve_blocks.settings({"conservative_weeks": 8})).pathways("neck_pain")
    assert "At least 8 weeks of conservative care" in page.text
    assert "At least 6 weeks" not in page.text


def test_a_stance_changes_what_a_pathway_says(nerve_blocks: Policy):
    def says(stance: str) -> str:
        page = Manual(nerve_blocks, nerve_blocks.settings({"axial_spine_stance": stance})).pathways("neck_pain").text
        return page.partition("Epidural injection for spine pain\n")[2]

    assert "The request is part of a clinical trial" not in says("conditional").partition("Not asked for now")[0]
    assert "The request is part of a clinical trial" in says("never_outside_trial").partition("If one is false")[0]
    assert says("no_position").splitlines()[2].startswith("In force because")


def test_the_two_wrong_labels_stand_there_with_their_levers(manual: Manual, nerve_blocks: Policy):
    text = manual.notices().text
    for notice in nerve_blocks.code_notices:
        assert notice.code in text
        assert notice.official_meaning in text
        for choice in (nerve_blocks.levers[notice.lever].choices or {}).values():
            assert choice in text


def test_contested_evidence_says_so_by_word_and_shape(nerve_blocks: Policy):
    cards = nerve_blocks.evidence.values()
    for card in cards:
        marked = plain(evidence_mark(card))
        assert marked.startswith({"current": "● current", "contested": "▲ CONTESTED"}[card.status])
    assert {card.status for card in cards} == {"current", "contested"}
    assert "▲ CONTESTED: BMJ 2025, strong recommendation" in Manual(nerve_blocks).pathways("neck_pain").text


@pytest.mark.parametrize("name", ["nerve_blocks", "lower_back_procedures", "occipital_myofascial"])
def test_no_two_cards_of_a_policy_have_one_mark(name: str):
    policy = load(name)
    marks = [plain(evidence_marks(policy, [key])) for key in policy.evidence]
    assert sorted(set(marks)) == sorted(marks)
    for lever in policy.levers.values():
        told = plain(evidence_marks(policy, lever.evidence))
        assert all(told.count(plain(evidence_marks(policy, [key]))) == 1 for key in lever.evidence)
        assert told in Manual(policy).levers().text


def test_every_lever_card_statement_question_and_reference_is_listed(manual: Manual, nerve_blocks: Policy):
    levers, evidence = manual.levers().text, manual.evidence().text
    assert all(name in levers and lever.citation in levers for name, lever in nerve_blocks.levers.items())
    assert all(card.title in evidence and card.verified in evidence for card in nerve_blocks.evidence.values())
    statements = manual.statements().text
    assert all(f"{name} | {s.says}" in statements for name, s in nerve_blocks.statements.items())
    questions = manual.open_questions().text
    assert all(q.question in questions for q in nerve_blocks.open_questions.values())
    assert all(q.why_open in questions for q in nerve_blocks.open_questions.values() if "_" not in q.why_open)
    assert all(f"{r} | {text}" in manual.references().text for r, text in nerve_blocks.references.items())
    assert all(t.says.split("  ")[0][:60] in manual.texts().text for t in nerve_blocks.texts.values())


def test_the_outcomes_of_a_pathway_are_those_that_happen(nerve_blocks: Policy, cases):
    """What the manual says a pathway can come out as, against what cases come out as."""
    from policy.determinations.determination import determine

    for provisions in ({}, {"axial_spine_stance": "never_outside_trial", "undocumented_action": "not_met"}):
        settings = nerve_blocks.settings(provisions)
        (part,) = cases.slices()
        found = determine(nerve_blocks, part, settings)
        seen = {(int(p), OUTCOMES[o]) for p, o in zip(found.pathway, found.outcome, strict=True) if p >= 0}
        said = {
            (i, word) for i, p in enumerate(nerve_blocks.pathways.values()) for word in ends(settings, p.rule)
        }  # fmt: skip
        assert seen <= said
        assert len(seen) > 20


def test_marks_are_set_apart_without_their_frames(manual: Manual):
    """Lab shows a notebook that has not run without its look: only the words are left to tell a mark from its text."""
    assert "Trigger point injection for spine pain | Neck pain and thoracic spine pain | Met, Not met, Pend" in (
        manual.contents().text
    )
    text = manual.pathways().text
    assert "Always Mismatch – a block of a facial nerve does not belong to spine pain." in text
    assert "If one is false: Not met. If none is false but one is not documented: Pend." in text
    assert "Facial nerve block for spine pain · assumption\n" in text
    assert manual.contents().html.count("<td") == manual.contents().html.count('<td style="text-align:left">')


def test_an_unknown_diagnosis_is_refused_with_the_nearest(manual: Manual):
    with pytest.raises(ProblemsFound, match="did you mean migraine"):
        manual.pathways("migrane")


@pytest.mark.parametrize("name", PAGES)
def test_no_identifier_is_read_but_as_code(manual: Manual, nerve_blocks: Policy, name: str):
    html = re.sub(r"(?s)<code>.*?</code>|<[^>]*>", " ", getattr(manual, name)().html)
    sections = (nerve_blocks.levers, nerve_blocks.criteria, nerve_blocks.pathways, nerve_blocks.fields_)
    known = {nerve_blocks.id, "met_if_prereqs"}.union(*sections)
    assert {word for word in re.findall(r"\w+", html) if "_" in word} & known == set()


def test_a_source_that_is_not_named_is_told_by_its_title(nerve_blocks: Policy):
    card = nerve_blocks.evidence["seed-uncited-prevalence"]
    assert plain(evidence_mark(card)) == f"▲ CONTESTED: {card.title}, no source named, not graded"
    assert plain(evidence_mark(card, titled=True)) == "▲ CONTESTED: no source named, not graded"


@pytest.mark.parametrize("name", PAGES)
def test_hostile_text_stays_text(name: str):
    policy = hostile_policy()
    page = getattr(Manual(policy), name)()
    tags = {tag for tag, _ in Elements(page.html).found}
    assert tags <= {"style", "div", "p", "b", "i", "small", "span", "h2", "h3", "h4", "ul", "li", "table", "caption",
                    "thead", "tbody", "tr", "th", "td", "details", "summary", "dl", "dt", "dd", "br",
                    "code"}  # fmt: skip
    attributes = {name for _, attrs in Elements(page.html).found for name in attrs}
    assert attributes <= {"class", "id", "title", "scope", "style", "role", "tabindex", "aria-label"}
    for name, said in (("style", "text-align:left"), ("role", "region"), ("tabindex", "0")):
        assert {attrs.get(name) for _, attrs in Elements(page.html).found} <= {None, said}
    assert NASTY in page.text
    assert SCRIPT not in page.html


def test_braces_are_only_filled_with_levers():
    policy = hostile_policy()
    told = plain(sentence(policy.settings(), "conservative_care"))
    assert "{x} {conservative_weeks.__class__}" in told
    assert "At least 6 weeks" in told


def test_a_table_has_headers_for_rows_and_columns():
    html = table(("A", "B"), [("x", "1")], "Title")
    assert re.findall(r'<th scope="(\w+)"', html) == ["col", "col", "row"]


def test_letters_behind_a_sentence_are_told_once_from_the_document(manual: Manual, nerve_blocks: Policy):
    said = plain(legend(nerve_blocks))
    assert said in manual.contents().text
    for part in ("S statement of the source assessment", "R reference", "C contradiction", "(GK) general knowledge"):
        assert part in said
    assert plain(legend(load("positive_airway_pressure"))) == "Letters: P statement of the source, R reference."


def test_a_year_that_the_source_names_is_told_once(nerve_blocks: Policy):
    for card in nerve_blocks.evidence.values():
        assert dated(card).count(card.year) == 1 or not card.year[:1].isdigit()
    assert dated(nerve_blocks.evidence["bmj-2025"]) == "BMJ 2025"
