"""`--history` at the command: what is determined, explained and said; refusals before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from simulations.cli.command import main
from tests.policy.history import by_days

CASES = "case_id,dx,cpt,request_date\na,M54.2,64490,2026-03-31\nb,M54.2,64490,2026-03-31\nc,M54.2,64490,\n"
EVENTS = (
    "key,date,code,quantity\na,2026-01-05,64490,1\na,2026-01-05,64491,1\na,2025-09-01,64490,1\na,2026-02-01,N06AA09,30\n"
    "a,2026-02-01,N03AX12,30\nb,2026-02-01,N06AA09,30\nb,2026-02-01,N03AX12,30\n"
    + "".join(f"b,2025-{month}-01,64490,1\n" for month in ("09", "10"))
)
COMPLETE = (
    "key,codes,from,to\na,*,2020-01-01,2026-03-30\nb,6449*,2025-12-01,2026-03-30\nb,64490,2025-12-01,2026-03-30\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("cases", CASES), ("events", EVENTS), ("complete", COMPLETE)):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    return tmp_path


def run(folder: Path, verb: str, *options: str) -> Result:
    named = [str(folder / option) if option.endswith(".csv") else option for option in options]
    policy = ["--policy", str(by_days.POLICY)] if "--policy" not in options else []
    return CliRunner().invoke(main, [verb, str(folder / "cases.csv"), *policy, *named])


HISTORY = ("--history", "events.csv", "--history-complete", "complete.csv")


def test_determine_says_what_is_known_and_what_waits(folder: Path) -> None:
    done = run(folder, "determine", *HISTORY, "--out", "out.csv")
    assert done.exit_code == 0, done.output
    found = pd.read_csv(folder / "out.csv", keep_default_na=False).set_index("case_id")
    assert found["outcome"].to_dict() == {"a": "met", "b": "pend", "c": "pend"}
    assert found.loc["b", "not_documented"] == "few_sessions"
    assert found.loc["b", "ask"] == "sessions_last_12m"
    assert "events.csv: 9 events of 2 keys, 2025-09-01 to 2026-02-01" in done.stdout
    assert (
        "sessions_last_12m, in the 12 months before the request: 1 known, 1 at least so much (the history is not"
        " complete), 1 not documented" in done.stdout
    )


def test_the_same_inputs_give_the_same_bytes(folder: Path) -> None:
    for name in ("one.csv", "two.csv"):
        assert run(folder, "determine", *HISTORY, "--out", name).exit_code == 0
    assert (folder / "one.csv").read_bytes() == (folder / "two.csv").read_bytes()


def test_without_history_the_same_fields_are_columns_as_any_other(folder: Path) -> None:
    head, *rows = CASES.splitlines()
    told = "\n".join([f"{head},sessions_last_12m,days_since_session,drugs_tried", *(f"{row},2,40,2" for row in rows)])
    (folder / "cases.csv").write_text(told, "utf-8")
    done = run(folder, "determine", "--out", "out.csv")
    assert done.exit_code == 0, done.output
    assert set(pd.read_csv(folder / "out.csv")["outcome"]) == {"met"}
    both = run(folder, "determine", *HISTORY, "--out", "both.csv")
    assert both.exit_code == 1
    assert both.stderr.count("stands in the table, and --history gives it too: one source is needed") == 3
    assert not (folder / "both.csv").exists()


def test_explain_says_at_least_and_why(folder: Path) -> None:
    known, open_ = (run(folder, "explain", *HISTORY, "--case", case).stdout for case in "ab")
    assert "sessions_last_12m: 2 sessions in the 12 months before the request (needed: less than 4 sessions" in known
    assert "days_since_session: 85 days from the last one to the request" in known
    said = "sessions_last_12m: at least 2 sessions in the 12 months before the request; the history is not complete"
    assert said in open_
    assert "days_since_session: at least 121 days from the last one to the request; the history is not comp" in open_
    assert "Sessions in the last 12 months: met" in open_  # the document that could settle it
    assert "Sessions in the last 12 months: not_met" in open_


def test_what_would_change_it_knows_what_the_history_tells(folder: Path) -> None:
    done = run(folder, "explain", *HISTORY, "--case", "b", "--set", "most_sessions=2", "--format", "json")
    told = json.loads(done.stdout)
    assert (told["outcome"], told["documents"]) == ("not_met", [])
    done = run(folder, "explain", *HISTORY, "--case", "b", "--format", "json")
    told = json.loads(done.stdout)
    assert [(way["outcome"], way["changes"]) for way in told["documents"]] == [
        ("met", {"sessions_last_12m": "2"}),
        ("not_met", {"sessions_last_12m": "4"}),
    ]


def test_the_key_of_another_column(folder: Path) -> None:
    text = CASES.replace("case_id", "case_id,member_key").replace("\na,", "\nr1,a,").replace("\nb,", "\nr2,b,")
    (folder / "cases.csv").write_text(text.replace("\nc,", "\nr3,,"), "utf-8")
    done = run(folder, "determine", *HISTORY, "--history-key", "member_key", "--out", "out.csv")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(folder / "out.csv")["outcome"].tolist() == ["met", "pend", "pend"]
    assert "1 of 3 rows have no member_key: nothing of their history is documented" in done.stdout


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--history-complete", "complete.csv"), 2, "--history-complete needs --history"),
        (("--history-key", "case_id"), 2, "--history-key needs --history"),
        (("--history", "none.csv"), 1, "none.csv: cannot be read (No such file or directory)"),
        (("--history", "events.csv", "--history-key", "mk"), 1, "no column is called 'mk'"),
        (("--history", "complete.csv"), 1, "complete.csv:1: the required column 'date' is missing"),
        (("--history", "events.csv", "--policy", "nerve_blocks"), 1, "has no field with history:"),
    ],
)
def test_what_is_refused_is_told_and_nothing_is_written(
    folder: Path, options: tuple[str, ...], code: int, said: str
) -> None:
    done = run(folder, "determine", *options, "--out", "out.csv")
    assert done.exit_code == code
    assert isinstance(done.exception, SystemExit)
    assert said in done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["cases.csv", "complete.csv", "events.csv"]


@pytest.mark.parametrize("name", ["events.csv", "complete.csv"])
def test_a_history_is_never_written_over(folder: Path, name: str) -> None:
    before = (folder / name).read_bytes()
    done = run(folder, "determine", *HISTORY, "--out", name)
    assert done.exit_code == 1
    assert "itself; name another file" in done.stderr
    assert (folder / name).read_bytes() == before


def test_with_rejects_the_good_rows_are_determined_by_their_history(folder: Path) -> None:
    (folder / "events.csv").write_text(EVENTS + "a,2026-03-05,64491,401\n", "utf-8")
    done = run(folder, "determine", *HISTORY, "--rejects", "bad.csv", "--max-rejects", "50", "--out", "out.csv")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(folder / "out.csv")["case_id"].tolist() == ["b", "c"]
    rejected = pd.read_csv(folder / "bad.csv")
    assert rejected[["line", "column"]].to_numpy().tolist() == [[2, "units_last_month"]]


def test_a_proof_says_that_numbers_are_worked_out_otherwise(tmp_path: Path) -> None:
    """It holds of the numbers; of the same events the two may differ."""
    other = tmp_path / "other.yaml"
    other.write_text(by_days.POLICY.read_text("utf-8").replace("of: days, months: 12", "of: days, months: 6"), "utf-8")
    done = CliRunner().invoke(main, ["compare", str(by_days.POLICY), str(other), "--prove"])
    assert done.exit_code == 0
    assert "fields.sessions_last_12m, history: " in done.stdout
    assert "which the two work out of events otherwise: sessions_last_12m" in done.stdout
    done = CliRunner().invoke(main, ["compare", str(by_days.POLICY), str(by_days.POLICY), "--prove"])
    assert "otherwise" not in done.stdout
