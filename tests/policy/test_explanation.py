"""What `explain` says of a case is true: checked against the oracle and by determining again, not against its code."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

import policy
from tests.policy import oracle
from tests.policy.near_misses import STRANGERS, Case, Draws, near_misses, random_settings, satisfied, table, written

NAMED = re.compile(r"lever (\w+) at (.+) instead of (.+): (\w+)")
ALONE = re.compile(r"(\w+)(?: alone|, the only cause): were it met, the outcome would be (\w+)")
TOGETHER = re.compile(r"(.+) together: were they met, the outcome would be (\w+)")
DOCUMENT = re.compile(r"document (\w+): .+")
WORDS = {True: "met", False: "not met", None: "not documented"}

# Facts that make a criterion met, without touching what the other criteria of its pathway read.
REPAIRS: dict[str, Case] = {
    "pain_duration": {"onset_date": None, "request_date": None, "pain_duration_days": 4000},
    "conservative_care": {"conservative_care_days": 3000, "conservative_care_failed": True},
    "conservative_modalities": dict.fromkeys(("tried_physical_therapy", "tried_nsaid", "tried_exercise"), True),
    "function_limited": {"function_limited": True},
    "imaging_clear": {"imaging_other_cause": False},
    "trigger_points": {"trigger_points_on_exam": True},
    "image_guidance": {"image_guidance": "ct"},
    "first_block_relief": {"block_1_relief_pct": Decimal(100)},
    "facet_confirmed": {
        **{"diagnostic_blocks_done": 2, "blocks_comparative": True},
        **{"block_1_relief_pct": Decimal(100), "block_2_relief_pct": Decimal(100)},
    },
    "trial_or_radiculopathy": {"clinical_trial": True},
    "nerve_named": {"nerve_named": True},
    "tn_drugs": {"failed_anticonvulsants": 9},
    "tn_mri": {"tn_mri_done": True},
    "tn_specialist": {"tn_specialist_diagnosis": True},
    "fm_drugs": {"failed_fibromyalgia_drugs": 9},
    "migraine_preventives": {"failed_preventives": 9},
    "headache_days": {"headache_days_per_month": 31},
    "headache_days_g43819": {"headache_days_per_month": 31},
    "repeat_relief": {"prior_relief_pct": Decimal(100)},
    "repeat_duration": {"prior_relief_days": 3000},
}


@functools.cache
def nerve_blocks() -> policy.Policy:
    return policy.load("nerve_blocks")


@dataclasses.dataclass(frozen=True)
class Told:
    """One case, its setting, what the oracle finds and what is explained."""

    case: Case
    settings: policy.Settings
    cases: policy.Cases
    finding: oracle.Finding
    explanation: policy.Explanation

    def __str__(self) -> str:
        facts = {column: written(value) for column, value in self.case.items() if value is not None}
        return f"case {facts}\nlevers {self.settings.provisions()}\n{self.explanation.text()}"

    def matches(self, pattern: re.Pattern[str]) -> list[tuple[str, ...]]:
        """The lines of what would change the outcome that have this form."""
        found = (pattern.fullmatch(line) for line in self.explanation.changes)
        return [match.groups() for match in found if match]


def tell(case: Case, settings: policy.Settings) -> Told:
    cases = policy.Cases.from_frame(table([case]), nerve_blocks())
    explanation = policy.explain(nerve_blocks(), cases, 0, settings)
    return Told(case, settings, cases, oracle.determine(case, dict(settings)), explanation)


@functools.cache
def stories() -> list[Told]:
    """Near misses under random settings; a third of them under the default."""
    draws, found = Draws(77), []
    for number in range(24):
        levers = nerve_blocks().settings() if number % 3 == 0 else random_settings(nerve_blocks(), draws)
        found += [tell(case, levers) for case in near_misses(dict(levers), 5, draws)]
    levers = nerve_blocks().settings()
    for dx, cpt in STRANGERS[:2]:
        found.append(tell(satisfied(dx, cpt, dict(levers), draws), levers))
    for dx, cpt in (
        ("M54.2", "20553"),
        ("M54.2", "64633"),
        ("G50.0", "64400"),
        ("M79.7", "20552"),
        ("G43.709", "64400"),
    ):
        twice = {"radiculopathy": False, "function_limited": draws.one([None, False]), "conservative_care_days": 41}
        found.append(tell(satisfied(dx, cpt, dict(levers), draws) | twice, levers))
    return found


def outcome(told: Told, **provisions: object) -> str:
    """The outcome of the same case with other levers, by the oracle."""
    levers = nerve_blocks().settings({**told.settings.provisions(), **provisions})
    return oracle.determine(told.case, dict(levers)).outcome


def test_the_stories_are_not_all_the_same() -> None:
    outcomes = Counter(told.finding.outcome for told in stories())
    assert all(outcomes[word] >= 2 for word in policy.OUTCOMES), outcomes
    for pattern, least in ((NAMED, 150), (ALONE, 20), (TOGETHER, 5), (DOCUMENT, 12)):
        assert sum(len(told.matches(pattern)) for told in stories()) >= least, pattern.pattern


def test_outcome_and_criteria_are_those_of_the_oracle() -> None:
    """Each criterion that was read, with its truth; none that was not."""
    for told in stories():
        assert told.explanation.outcome == told.finding.outcome, told
        shown = {
            reason.criterion: WORDS[{0: False, 1: None, 2: True}[reason.truth]] for reason in told.explanation.reasons
        }
        assert shown == {name: WORDS[truth] for name, truth in (told.finding.truths or {}).items()}, told


def test_the_text_holds_everything_the_record_holds() -> None:
    """Case, outcome, and for each criterion on its lines: truth, sentence, details and citation."""
    for told in stories():
        text = told.explanation.text()
        for wanted in (
            told.explanation.case_id,
            told.case["dx"],
            told.case["cpt"],
            f"Outcome: {told.explanation.outcome}",
        ):
            assert wanted in text
        for reason in told.explanation.reasons:
            assert re.search(
                rf"^ *{('not met', 'not documented', 'met')[reason.truth]} +{reason.criterion}: ", text, re.M
            )
            assert reason.says in text
            nothing_read = reason.criterion == "facet_confirmed" and told.settings["diagnostic_blocks_required"] == 0
            assert bool(reason.details) != nothing_read, told
            assert all(detail in text for detail in reason.details)
            assert reason.citation == nerve_blocks().criteria[reason.criterion].citation
            assert reason.citation in text
        for change in told.explanation.changes:
            assert change in text


def test_the_text_has_its_parts_in_order() -> None:
    told = tell(neck(function_limited=None), nerve_blocks().settings())
    lines = told.explanation.text().splitlines()
    place = lines.index("What would change the outcome")
    assert lines[:2] == [
        f"Case {told.explanation.case_id}: {told.explanation.heading}", "Outcome: pend (information is needed)",
    ]  # fmt: skip
    assert lines[2] == told.explanation.why
    assert lines[3] == lines[place - 1] == ""
    assert lines[place + 1 :] == [f"  - {change}" for change in told.explanation.changes]
    reasons = [line.split(":")[0].split()[-1] for line in lines[4 : place - 1] if not line.startswith(" " * 18)]
    assert reasons == [reason.criterion for reason in told.explanation.reasons]


def test_every_line_of_what_would_change_is_of_a_form_that_is_checked() -> None:
    for told in stories():
        for line in told.explanation.changes:
            assert any(pattern.fullmatch(line) for pattern in (NAMED, ALONE, TOGETHER, DOCUMENT)), line


# ------------------------------------------------------------------------------------------------------- documents


def test_documents_are_exactly_the_ask() -> None:
    for told in stories():
        frame = policy.determine(nerve_blocks(), told.cases, told.settings).frame()
        ask = [column for column in str(frame["ask"].iloc[0]).split(";") if column]
        assert list(told.explanation.ask) == ask, told
        assert [column for (column,) in told.matches(DOCUMENT)] == ask, told
        for column in ask:
            assert f"document {column}: {nerve_blocks().fields_[column].ask}" in told.explanation.text()


# ---------------------------------------------------------------------------------------------------------- levers


def shown(name: str, value: object) -> str:
    return nerve_blocks().levers[name].show(value)  # type: ignore[arg-type]


def changing(told: Told, name: str) -> dict[object, str]:
    """Every legal value of one lever at which the outcome is another, by determining again."""
    before = told.finding.outcome
    after = {value: outcome(told, **{name: value}) for value in nerve_blocks().levers[name].values()}
    return {value: word for value, word in after.items() if word != before}


def nearest(values: Mapping[object, str], here: object) -> Iterator[object]:
    """The nearest of these numbers below and above; from off, no number is nearer than another."""
    numbers = [value for value in values if isinstance(value, int)]
    if isinstance(here, int):
        yield from ([max(v for v in numbers if v < here)] if any(v < here for v in numbers) else [])
        yield from ([min(v for v in numbers if v > here)] if any(v > here for v in numbers) else [])


def test_levers_that_are_named_change_the_outcome_and_no_lever_is_missed() -> None:
    """Each named value gives the outcome that is named; every lever that alone could change it is named: a choice with
    all its values, a number with the nearest value on each side."""
    for told in stories():
        named: dict[str, dict[str, str]] = {}
        for name, value, here, word in told.matches(NAMED):
            assert here == shown(name, told.settings[name]), told
            assert value not in named.setdefault(name, {}), told
            named[name][value] = word
        for name, lever in nerve_blocks().levers.items():
            possible = changing(told, name)
            true = {shown(name, value): word for value, word in possible.items()}
            said = named.get(name, {})
            assert said.items() <= true.items(), f"{name}: {said} is named, {true} is so\n{told}"
            assert bool(said) == bool(true), f"{name} at {true} is missed\n{told}"
            wanted = possible if lever.choices else dict.fromkeys(nearest(possible, told.settings[name]))
            missed = {shown(name, value) for value in wanted} - set(said)
            assert not missed, f"{name} at {missed} is missed\n{told}"
            if lever.domain and isinstance(told.settings[name], int):
                assert set(said) <= {shown(name, value) for value in [*wanted, None]}, f"{name}: {said}\n{told}"


def test_switching_a_limit_on_names_the_first_value_that_bites() -> None:
    """Five sessions so far: a limit of 5 changes the outcome; that a limit of 1 does so too tells the reader little."""
    case = satisfied("M79.7", "20553", dict(nerve_blocks().settings()), Draws(1)) | {"sessions_last_12m": 5}
    told = tell(case, nerve_blocks().settings())
    assert set(changing(told, "max_sessions_12m")) == {1, 2, 3, 4, 5}
    assert [value for name, value, *_ in told.matches(NAMED) if name == "max_sessions_12m"] == ["5 sessions"]


# -------------------------------------------------------------------------------------------------------- criteria


def test_the_only_cause_is_the_only_one_and_mending_it_has_the_outcome_that_is_named() -> None:
    """Facts are changed so that the criterion is met and no other one differs; the oracle then gives that outcome."""
    mended = Counter[str]()
    for told in stories():
        short = told.finding.not_met | told.finding.not_documented
        for line in told.explanation.changes:
            if not (match := ALONE.fullmatch(line)):
                continue
            criterion, word = match.groups()
            assert criterion in short, told
            assert ("the only cause" in line) == (short == {criterion}), told
            if criterion not in REPAIRS:
                continue
            after = oracle.determine({**told.case, **REPAIRS[criterion]}, dict(told.settings))
            truths = {**(told.finding.truths or {}), criterion: True}
            if after.truths == truths:  # else the facts are shared with another criterion
                assert after.outcome == word, told
                mended[criterion] += 1
    assert mended.total() > 12, mended
    assert len(mended) > 5, mended


def test_mending_all_of_them_has_the_outcome_that_is_named() -> None:
    mended = 0
    for told in stories():
        short = told.finding.not_met | told.finding.not_documented
        for names, word in told.matches(TOGETHER):
            assert set(names.split(" and ")) == short, told
            if short <= set(REPAIRS):
                facts = {column: value for name in short for column, value in REPAIRS[name].items()}
                after = oracle.determine({**told.case, **facts}, dict(told.settings))
                if after.truths == dict.fromkeys(told.finding.truths or {}, True):
                    assert after.outcome == word, told
                    mended += 1
    assert mended > 2, mended


def test_a_criterion_that_alone_decides_is_named() -> None:
    """One thing is short and mending it changes the outcome: the reader is told so."""
    checked = 0
    for told in stories():
        short = sorted(told.finding.not_met | told.finding.not_documented)
        if len(short) != 1 or short[0] not in REPAIRS:
            continue
        after = oracle.determine({**told.case, **REPAIRS[short[0]]}, dict(told.settings))
        if after.truths == {**(told.finding.truths or {}), short[0]: True} and after.outcome != told.finding.outcome:
            checked += 1
            line = f"{short[0]}, the only cause: were it met, the outcome would be {after.outcome}"
            assert line in told.explanation.changes, told
    assert checked > 8, checked


def test_mending_what_is_unknown_promises_no_more_than_it_can() -> None:
    """Radiculopathy not stated: whether the request is met hangs on what the record then says."""
    told = tell(neck(radiculopathy=None), nerve_blocks().settings())
    for answer, word in ((False, "met"), (True, "pend")):
        assert oracle.determine({**told.case, "radiculopathy": answer}, dict(told.settings)).outcome == word
    promised = [word for name, word in told.matches(ALONE) if name == "radiculopathy_stated"]
    assert promised == [], f"stated is not the same as absent, so that {promised} is not certain\n{told}"


# ---------------------------------------------------------------------------------- value, threshold and distance


def neck(**changes: object) -> Case:
    """Neck pain with a trigger point injection, everything met, with changes."""
    case = satisfied("M54.2", "20553", dict(nerve_blocks().settings()), Draws(1))
    case |= {"radiculopathy": False, "onset_date": None, "request_date": None, "pain_duration_days": 92}
    case |= {"sessions_last_12m": 0, "prior_relief_pct": None, "prior_relief_days": None}
    return {**case, **changes}


def details(case: Case, criterion: str, **provisions: object) -> str:
    """The lines of one criterion, joined."""
    explanation = tell(case, nerve_blocks().settings(provisions)).explanation
    return "\n".join(next(reason for reason in explanation.reasons if reason.criterion == criterion).details)


DATED = {"onset_date": datetime.date(2024, 1, 31), "pain_duration_days": None}


@pytest.mark.parametrize(
    ("criterion", "changes", "provisions", "wanted"),
    [
        ("conservative_care", {"conservative_care_days": 35}, {}, ["35 days", "6 weeks", "7 days short"]),
        ("conservative_care", {"conservative_care_days": 41}, {}, ["41 days", "1 day short"]),
        ("conservative_care", {"conservative_care_days": 42}, {}, ["42 days", "6 weeks", "reached"]),
        (
            "conservative_care",
            {"conservative_care_days": 42},
            {"conservative_weeks": 8},
            ["8 weeks", "14 days short", "2 weeks"],
        ),
        ("conservative_care", {"conservative_care_days": None}, {}, ["days: not documented", "6 weeks"]),
        ("pain_duration", {"pain_duration_days": 90}, {}, ["90 days", "more than 3 months", "2 days short"]),
        ("pain_duration", {"pain_duration_days": 91}, {}, ["91 days", "1 day short"]),
        ("pain_duration", {"pain_duration_days": 92}, {}, ["92 days", "reached"]),
        (
            "pain_duration",
            {"pain_duration_days": 90},
            {"pain_duration_operator": "at_least"},
            ["90 days", "at least 3 months", "1 day short"],
        ),
        (
            "pain_duration",
            {**DATED, "request_date": datetime.date(2024, 4, 30)},
            {},
            ["2024-01-31", "2024-04-30", "more than 3 months", "1 day short"],
        ),
        ("pain_duration", {**DATED, "request_date": datetime.date(2024, 5, 1)}, {}, ["2024-05-01", "reached"]),
        (
            "pain_duration",
            {**DATED, "request_date": datetime.date(2024, 2, 1)},
            {"pain_duration_months": 12},
            ["12 months", "366 days short"],
        ),
        (
            "facet_confirmed",
            {"cpt": "64405", "block_1_relief_pct": Decimal("79.99"), "block_2_relief_pct": Decimal(60)},
            {},
            ["block_1_relief_pct: 79.99 %", "at least 80 %", "0.01 % short", "60 %", "20 % short"],
        ),
        (
            "facet_confirmed",
            {"cpt": "64405", "block_1_relief_pct": Decimal(100), "block_2_relief_pct": Decimal(75)},
            {"relief_pct": 95},
            ["at least 95 %", "reached", "20 % short"],
        ),
        (
            "session_limit",
            {"sessions_last_12m": 3},
            {"max_sessions_12m": 3},
            ["less than 3 sessions", "1 session too many"],
        ),
        ("session_limit", {"sessions_last_12m": 5}, {"max_sessions_12m": 3}, ["5 sessions", "3 sessions too many"]),
        (
            "repeat_duration",
            {"sessions_last_12m": 2, "prior_relief_days": 50},
            {"repeat_min_weeks": 12},
            ["50 days", "12 weeks", "34 days short"],
        ),
        (
            "repeat_relief",
            {"sessions_last_12m": 2, "prior_relief_pct": Decimal("49.5")},
            {"repeat_min_relief_pct": 50},
            ["49.5 %", "at least 50 %", "0.5 % short"],
        ),
        ("trigger_points", {"trigger_points_on_exam": False}, {}, ["trigger_points_on_exam: false", "true"]),
        ("imaging_clear", {"imaging_other_cause": True}, {}, ["imaging_other_cause: true", "not true"]),
    ],
)  # fmt: skip
def test_value_threshold_and_distance(
    criterion: str, changes: Case, provisions: dict[str, Any], wanted: list[str]
) -> None:
    """Each in the unit of the lever or of the column, worked out by hand."""
    base = {"diagnostic_blocks_done": 2, "block_1_relief_pct": Decimal(80), "block_2_relief_pct": Decimal(80)}
    text = details({**neck(**base, blocks_comparative=True), **changes}, criterion, **provisions)
    for part in wanted:
        assert re.search(rf"(?<![\d.]){re.escape(part)}(?!\w)", text), f"{part!r} is not in\n{text}"


def test_the_mean_of_two_blocks_is_shown_with_its_distance() -> None:
    """70 and 79 are 74.5 on average: half a per cent short of 75."""
    blocks = {"diagnostic_blocks_done": 2, "block_1_relief_pct": Decimal(70), "block_2_relief_pct": Decimal(79)}
    case = neck(cpt="64405", blocks_comparative=True, **blocks)
    text = details(case, "facet_confirmed", relief_rule="mean", relief_pct=75)
    assert "74.5 %" in text, text
    assert "0.5 % short" in text, text


def rewritten(criterion: str, test: dict[str, Any], **changes: object) -> str:
    """What is said of a criterion whose test is another, for a facet ablation with two blocks of 80 %."""
    tree = nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True)
    tree["criteria"][criterion]["test"] = test
    tree["examples"] = []
    document = policy.Policy.model_validate(tree)
    blocks = {"diagnostic_blocks_done": 2, "block_1_relief_pct": Decimal(80), "block_2_relief_pct": Decimal(80)}
    case = neck(cpt="64633", image_guidance="ct", **{**blocks, **changes})
    cases = policy.Cases.from_frame(table([case]), document)
    found = policy.explain(document, cases, 0, document.settings())
    reason = next(reason for reason in found.reasons if reason.criterion == criterion)
    return "; ".join(f"{WORDS[{0: False, 1: None, 2: True}[reason.truth]]}: {detail}" for detail in reason.details)


K = "facet_confirmed"
PCT, DONE, CARE = "block_1_relief_pct", "diagnostic_blocks_done", "conservative_care_days"
LASTS = "pain_duration"
MEAN = "(needed: mean of less than 80 %)"


@pytest.mark.parametrize(
    ("test", "changes", "said"),
    [
        ({"at_least": {PCT: "90"}}, {}, f"not met: {PCT}: 80 % (needed: at least 90 %; 10 % short)"),
        ({"more_than": {PCT: "80"}}, {}, f"not met: {PCT}: 80 % (needed: more than 80 %; 0.01 % short)"),
        ({"less_than": {PCT: "80"}}, {}, f"not met: {PCT}: 80 % (needed: less than 80 %; 0.01 % too much)"),
        ({"none_of": [{"more_than": {DONE: "2"}}]}, {}, f"met: {DONE}: 2 blocks (needed: at most 2 blocks; kept)"),
        (
            {"none_of": [{"more_than": {DONE: "1"}}]}, {},
            f"not met: {DONE}: 2 blocks (needed: at most 1 block; 1 block too many)",
        ),
        (
            {"none_of": [{"at_least": {PCT: "relief_pct"}}]}, {},
            f"not met: {PCT}: 80 % (needed: less than 80 %; 0.01 % too much)",
        ),
        ({"at_most": {PCT: "79"}}, {}, f"not met: {PCT}: 80 % (needed: at most 79 %; 1 % too much)"),
        ({"at_most": {PCT: "80"}}, {}, f"met: {PCT}: 80 % (needed: at most 80 %; kept)"),
        ({"none_of": [{"at_most": {DONE: "1"}}]}, {}, f"met: {DONE}: 2 blocks (needed: more than 1 block; reached)"),
        ({"none_of": [{"less_than": {DONE: "2"}}]}, {}, f"met: {DONE}: 2 blocks (needed: at least 2 blocks; reached)"),
        (
            {"none_of": [{"none_of": [{"at_least": {DONE: "2"}}]}]}, {},
            f"met: {DONE}: 2 blocks (needed: at least 2 blocks; reached)",
        ),
        (
            {"none_of": [{"at_least": {CARE: "conservative_weeks"}}]}, {CARE: 56},
            f"not met: {CARE}: 56 days (needed: less than 6 weeks; 15 days too many)",
        ),
        ({"less_than": {LASTS: "3"}}, {}, f"not met: {LASTS}: 92 days (needed: less than 3 months; 2 days too long)"),
        (
            {"none_of": [{"more_than": {LASTS: "3"}}]}, {},
            f"not met: {LASTS}: 92 days (needed: at most 3 months; 1 day too long)",
        ),
        ({"less_than": {LASTS: "12"}}, {}, f"met: {LASTS}: 92 days (needed: less than 12 months; kept)"),
        (
            {"none_of": [{"mean": {"of": [PCT, "block_2_relief_pct"], "reaches": "relief_pct"}}]}, {},
            f"not met: {PCT}: 80 % {MEAN}; not met: block_2_relief_pct: 80 % {MEAN}; not met: mean: 80 %; not below",
        ),
        (
            {"mean": {"of": [CARE], "reaches": "conservative_weeks"}}, {CARE: 35},
            f"not met: {CARE}: 35 days (needed: mean of at least 6 weeks); not met: mean: 35 days; 7 days short",
        ),
        (
            {"none_of": [{"is": {"image_guidance": ["ct", "ultrasound"]}}]}, {},
            "not met: image_guidance: ct (asked for: neither ct nor ultrasound)",
        ),
        ({"none_of": [{"on_file": PCT}]}, {}, f"not met: {PCT}: 80 % (asked for: not on file)"),
    ],
)  # fmt: skip
def test_number_unit_and_sense_of_any_comparison(test: dict[str, Any], changes: Case, said: str) -> None:
    """Plain numbers are in the unit of their field; under `none_of` what would meet the criterion is said."""
    assert rewritten(K, test, **changes) == said


def test_a_distance_is_said_in_grammar() -> None:
    """One week, one day, one session: no plural after 1."""
    for told in stories():
        assert not re.search(r"(?<![\d.])1 \w+s\b(?<!les)", told.explanation.text()), told
    assert "(1 week)" in details(neck(conservative_care_days=35), "conservative_care")


def test_nothing_is_said_of_a_lever_that_is_not_in_force() -> None:
    """The relief rule in force is the only one that is shown, and one block where one is required."""
    case = neck(cpt="64405", diagnostic_blocks_done=2, block_1_relief_pct=Decimal(85), block_2_relief_pct=Decimal(70))
    one = details(case, "facet_confirmed", diagnostic_blocks_required=1)
    assert "block_2_relief_pct" not in one
    assert "at least 1 block" in one
    assert "block_1_relief_pct: 85 %" in one.splitlines()  # that it is on file says that one block was done
    assert "block_1_relief_pct" not in details(case, "facet_confirmed", relief_rule="second_only")
    assert "conservative_care_contraindicated" not in details(
        case, "conservative_care", contraindication_counts_as_met="false"
    )


# --------------------------------------------------------------------------------------------- sentences and settings


def read_levers(criterion: str) -> set[str]:
    """The levers that a criterion's test compares with."""
    references = (node.reference() for node in nerve_blocks().criteria[criterion].test.walk())
    return {name for name in references if name in nerve_blocks().levers}


def test_sentences_show_the_settings_in_force() -> None:
    """No name of a lever is left in a sentence, and each threshold that a criterion compares with stands in it."""
    thresholds = 0
    for told in stories():
        assert not re.search(r"[{}]", told.explanation.text()), told
        for reason in told.explanation.reasons:
            if reason.criterion == "facet_confirmed" and told.settings["diagnostic_blocks_required"] == 0:
                continue
            for name in read_levers(reason.criterion):
                value = shown(name, told.settings[name])
                assert re.search(rf"(?<![\d.]){re.escape(value)}(?!\w)", reason.says), (
                    f"{name} = {value}: {reason.says}"
                )
                thresholds += 1
    assert thresholds > 100


SHOWN_BY = {
    "pain_duration_months": ("pain_duration", "G50.0", "64400"),
    "conservative_weeks": ("conservative_care", "G50.0", "64400"),
    "conservative_modalities_min": ("conservative_modalities", "M54.2", "20553"),
    "relief_pct": ("facet_confirmed", "M54.2", "64405"),
    "diagnostic_blocks_required": ("facet_confirmed", "M54.2", "64405"),
    "tn_failed_drugs_min": ("tn_drugs", "G50.0", "64400"),
    "migraine_preventives_failed_min": ("migraine_preventives", "G43.709", "64400"),
    "fm_drugs_failed_min": ("fm_drugs", "M79.7", "20553"),
    "headache_days_month_min": ("headache_days", "G43.709", "64405"),
    "repeat_min_relief_pct": ("repeat_relief", "G50.0", "64400"),
    "repeat_min_weeks": ("repeat_duration", "G50.0", "64400"),
    "max_sessions_12m": ("session_limit", "G50.0", "64400"),
}


def test_every_numeric_lever_has_its_sentence() -> None:
    assert set(SHOWN_BY) == {name for name, lever in nerve_blocks().levers.items() if lever.domain}


@pytest.mark.parametrize("name", SHOWN_BY)
def test_another_setting_is_another_sentence(name: str) -> None:
    """The sentence shows the value in force, with its unit, at both ends of the lever's domain."""
    criterion, dx, cpt = SHOWN_BY[name]
    domain = nerve_blocks().levers[name].domain
    assert domain is not None
    for value in (domain.min, domain.max):
        told = tell(neck(dx=dx, cpt=cpt, intent="preventive"), nerve_blocks().settings({name: value}))
        says = next(reason.says for reason in told.explanation.reasons if reason.criterion == criterion)
        words = "No diagnostic block" if (name, value) == ("diagnostic_blocks_required", 0) else shown(name, value)
        assert re.search(rf"(?<!\d){re.escape(words)}(?!\w)", says), says


def test_no_sentence_speaks_of_what_the_setting_has_switched_off() -> None:
    """A contraindication that does not count, and two anaesthetics where one block is enough, are not offered."""
    levers = nerve_blocks().settings({"contraindication_counts_as_met": "false", "diagnostic_blocks_required": 1})
    says = {reason.criterion: reason.says for reason in tell(neck(cpt="64405"), levers).explanation.reasons}
    assert "contraindicated" not in says["conservative_care"], says["conservative_care"]
    assert "two blocks" not in says["facet_confirmed"], says["facet_confirmed"]


def test_the_words_fit_the_outcome() -> None:
    """A met case is not told that something it needs is not documented, a waiting one is told what it waits for."""
    for told in stories():
        if told.finding.outcome == "met":
            assert "not met" not in told.explanation.why, told
        if told.finding.closable:
            assert told.explanation.ask, told
        assert told.explanation.why.removeprefix("Because: ").strip(), told


def test_an_assumed_intent_is_called_assumed() -> None:
    """Intent not stated and taken as preventive: the outcome is met, so that no reason may read like a gap."""
    case = satisfied("G43.709", "64405", dict(nerve_blocks().settings()), Draws(1)) | {"intent": None}
    levers = {"intent_missing_action": "assume_preventive", "insufficient_evidence_action": "met_if_prereqs"}
    told = tell(case, nerve_blocks().settings(levers))
    assert told.finding.outcome == told.explanation.outcome == "met"
    assert "preventive" in told.explanation.why or "assum" in told.explanation.why, told.explanation.why
