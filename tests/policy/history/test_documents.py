"""`history:` in a document: what is refused, with its line and what to write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import policy
from policy.model import Policy
from policy.problems import ProblemsFound
from simulations.cli.validation import json_schema_of
from tests.policy.history import by_days
from tests.policy.test_schema import read

COUNT = "{count: [64490, 64490*], days: 90}"
RUN = "{longest_run: [N03AX12, N03AX16], gap_days: 7, months: 12}"


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (COUNT, "{days: 90}", "needs one of count, distinct, longest_run, days_since_last; found none [history"),
        (COUNT, "{count: 64490, distinct: {a: 64490}, days: 90}", "; found count, distinct [history"),
        (COUNT, "{count: 64490}", "needs a window: months or days, one of them [history"),
        (COUNT, "{count: 64490, days: 90, months: 3}", "needs a window: months or days, one of them"),
        (COUNT, "{count: 64490, months: 0}", "history.months: 0 is no window; allowed 1 to 600"),
        (COUNT, "{count: 64490, months: 601}", "history.months: 601 is no window; allowed 1 to 600"),
        (COUNT, "{count: 64490, day: 90}", "did you mean days?"),
        (COUNT, "{count: 64490, days: 90, of: sessions}", "'sessions' is not allowed; one of events, days, quantity"),
        (COUNT, "{count: [], days: 90}", "history.count: must hold at least one entry"),
        (COUNT, "{count: [n03], days: 90}", "'n03' is not allowed; write a code in capitals such as 64490 or N03AX16"),
        (COUNT, "[64490]", "must be a mapping of keys to values"),
        (COUNT, "{count: 64490, days: 90, request: case_id}", "history.request: 'case_id' must be of type date"),
        (COUNT, "{count: 64490, days: 90, request: request_day}", "no field is called 'request_day': it is the day of"),
        (COUNT, "{days_since_last: 64490}", "days_since_last counts days: the field needs the unit days"),
        (RUN, "{longest_run: N03AX12, months: 12}", "history.gap_days: this key is missing"),
        (RUN, "{longest_run: N03AX12, months: 12, gap_days: -1}", "-1 is no gap; allowed 0 to 18,300 days"),
        (RUN, "{longest_run: N03AX12, months: 13, gap_days: 7}", "can be 397, and the field ends at max 366"),
        ("max: 3\n", "max: 2\n", "can be 3, and the field ends at max 2; make max at least that"),
        ("max: 3\n", "max: 3\n    min: 1\n", "belongs to a field of type whole, from min 0, without a step"),
        ("max: 3\n", "max: 3\n    required: true\n", "cannot stand beside history, which is its one source"),
        ("max: 3\n", "max: 3\n    implied_by: {claims_90d: 1}\n", "cannot stand beside history"),
        (
            "Groups of drugs filled",
            "Groups of drugs that failed",
            "speaks of failure, which no event shows: a fill is a",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_what_to_write(tmp_path: Path, was: str, now: str, said: str) -> None:
    text = by_days.POLICY.read_text("utf-8")
    assert was in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(was, now), "utf-8")
    with pytest.raises(ProblemsFound) as found:
        policy.load(path)
    lines = str(found.value).splitlines()
    assert any(said in line for line in lines), lines
    start = text[: text.index(was)].count("\n")
    assert all(abs(int(line.removeprefix(f"{path}:").partition(":")[0]) - start) < 9 for line in lines), lines


def test_a_policy_with_history_is_written_and_read_as_any_other() -> None:
    document = policy.load(by_days.POLICY)
    again = Policy.model_validate(document.model_dump(mode="json", by_alias=True, exclude_unset=True))
    assert again == document
    assert again.fields_["drugs_tried"].history == document.fields_["drugs_tried"].history
    words = {name: kind.history.when for name, kind in document.fields_.items() if kind.history}
    assert words["claims_90d"] == "in the 90 days before the request"
    assert words["units_last_month"] == "in the month before the request"
    assert words["days_since_session"] == "from the last one to the request"


@pytest.mark.parametrize(
    "now",
    [
        "{days: 90}", "{count: 64490}", "{count: 64490, days: 90, months: 3}", "{count: 64490, day: 90}", "[64490]",
        "{count: [], days: 90}", "{count: [n03], days: 90}", "{count: 64490, days: 90, of: sessions}",
    ],
)  # fmt: skip
def test_an_editor_sees_a_fault_of_form_too(now: str) -> None:
    text = by_days.POLICY.read_text("utf-8")
    schema = Draft202012Validator(json.loads(json_schema_of("policy")))
    assert schema.is_valid(read(text))
    assert not schema.is_valid(read(text.replace(COUNT, now)))
