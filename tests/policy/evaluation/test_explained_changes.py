"""What an explanation says would change the outcome: documents, levers, criteria; each tried by determining anew."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

import policy
from tests.policy import oracle
from tests.policy.evaluation.explaining import WORDS, Told, neck, nerve_blocks, shown, stories, tell
from tests.policy.near_misses import Case, Draws, satisfied

NAMED = re.compile(r"lever (\w+) at (.+) instead of (.+): (\w+)")
ALONE = re.compile(r"(\w+)(?: alone|, the only cause): were it met, the outcome would be (\w+)")
TOGETHER = re.compile(r"(.+) together: were they met, the outcome would be (\w+)")
DOCUMENT = re.compile(r"document (\w+): .+")

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


def test_documents_are_exactly_the_ask() -> None:
    for told in stories():
        frame = policy.determine(nerve_blocks(), told.cases, told.settings).frame()
        ask = [column for column in str(frame["ask"].iloc[0]).split(";") if column]
        assert list(told.explanation.ask) == ask, told
        assert [column for (column,) in told.matches(DOCUMENT)] == ask, told
        for column in ask:
            assert f"document {column}: {nerve_blocks().fields_[column].ask}" in told.explanation.text()


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
