"""A case table is read with the same options by every verb; a report names them, and what was left out."""

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from policy import load
from policy.problems import ProblemsFound
from policy.reading.workspace import CASES, IMPORT, OPENED, SERVED
from policy.storage.files import save
from simulations import ask, cases_of
from simulations.cli import lab
from simulations.cli.command import main
from simulations.reports import report
from simulations.reports.notices import stamped
from simulations.runs import run
from simulations.storage import folders
from simulations.studies.import_options import ImportOptions, TooManyRejected, options_of
from tests.policy.history import by_days
from tests.simulations.test_history_command import COMPLETE, EVENTS

OPTIONS = {"--map", "--ignore", "--case-id-is-key", "--history", "--history-complete", "--history-key", "--rejects",
           "--max-rejects"}  # fmt: skip
READ = ("--map", "nr=case_id", "--map", "care=conservative_care_days", "--ignore", "note")
HOW = {"map": {"nr": "case_id", "care": "conservative_care_days"}, "ignore": ["note"]}


def table(good: int, bad: int = 0) -> bytes:
    """Rows under other names, with a column too many; the bad ones have days of care that are no number."""
    rows = [f"c{i},M54.2,20553,{40 + i},x" for i in range(good)] + [f"b{i},M54.2,20553,some,x" for i in range(bad)]
    return "\n".join(["nr,dx,cpt,care,note", *rows, ""]).encode()


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False)


@pytest.fixture
def unexecuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report is what its notebook would write, without a kernel."""

    def told(_: Any, asked: Any, __: Any, ___: Any, ____: Any, _____: Any, name: str, line: str) -> Any:
        found = report.summary(asked) | {"stamp": {"template": name, "complete": True, "command": line}, "files": {}}
        return found, {"summary.json": report.json_bytes(found)}

    monkeypatch.setattr(run, "_report", told)


def test_every_verb_that_reads_cases_has_the_same_options() -> None:
    context = click.Context(main)
    commands = {verb: main.get_command(context, verb) for verb in main.list_commands(context)}
    names = {verb: {o for p in c.params for o in p.opts} for verb, c in commands.items() if c is not None}
    assert {verb for verb, options in names.items() if options >= OPTIONS} == {
        "app", "compare", "determine", "explain", "lab", "simulate",
    }  # fmt: skip
    assert {verb for verb, options in names.items() if "--map" in options and not options >= OPTIONS} == set()


def test_a_report_names_how_the_table_was_read_and_is_made_again(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once with a kernel: history, columns by other names, rows left out; the line in it gives the same bytes."""
    cases = "nr,dx,cpt,request_date,note\n" + "".join(f"{c},M54.2,64490,2026-03-31,x\n" for c in "abcdefg")
    files = {"cases.csv": f"{cases}z,M54.2,64490,some day,x\n", "events.csv": EVENTS, "complete.csv": COMPLETE}
    for name in ("one", "two"):
        (there / name).mkdir()
        for file, text in files.items():
            save(there / name / file, text.encode())
        save(there / name / "policy.yaml", by_days.POLICY.read_bytes())
    monkeypatch.chdir(there / "one")
    options = ("--map", "nr=case_id", "--ignore", "note", "--history", "events.csv", "--rejects", "bad.csv")
    asked = ("--policy", "policy.yaml", "--history-complete", "complete.csv", "--exact", "--out", "o")
    done = ran("simulate", "--population", "cases.csv", *options, *asked)
    assert done.exit_code == 0, done.output
    assert "1 row rejected: bad.csv (row level, not for release)" in done.stdout
    found = json.loads(Path("o/summary.json").read_bytes())
    told = found["population"]["import_options"]
    sha = hashlib.sha256(EVENTS.encode()).hexdigest()
    assert told["map"] == {"nr": "case_id"}
    assert told["ignore"] == ["note"]
    assert told["history"] == {"file": "events.csv", "sha256": sha}
    assert (told["max_rejects"], told["rejected_rows"]) == (20, 1)
    assert found["outcomes"]["baseline"]["met"] == 1  # by its history alone
    notebook, page = (Path(f"o/approval_impact.{end}").read_text("utf-8") for end in ("ipynb", "html"))
    assert "import_options = {" in notebook
    assert "history/events.csv" in notebook
    assert "nr read as case_id; without note; history of events.csv, key case_id" in page
    assert ran("determine", "cases.csv", "--policy", "policy.yaml", *options[:-1], "same.csv", "--out", "d.csv",
               "--history-complete", "complete.csv").exit_code == 0  # fmt: skip
    assert Path("same.csv").read_bytes() == Path("bad.csv").read_bytes()
    monkeypatch.chdir(there / "two")
    assert ran(*shlex.split(found["stamp"]["command"])[1:]).exit_code == 0
    for folder in ("o", "."):
        mine = {p.name: p.read_bytes() for p in (there / "one" / folder).iterdir() if p.is_file()}
        again = {p.name: p.read_bytes() for p in (there / "two" / folder).iterdir() if p.is_file()}
        assert {name: mine[name] for name in again} == again


@pytest.mark.usefixtures("unexecuted")
def test_a_few_rejected_rows_of_people_are_not_counted(there: Path) -> None:
    for bad, words in ((0, "0"), (3, "Fewer than 11"), (11, "11")):
        save(there / "cases.csv", table(60, bad))
        done = ran("simulate", "--population", "cases.csv", *READ, "--rejects", "r.csv", "--out", f"o{bad}")
        assert f"{words} rows rejected" in done.stdout
        told = json.loads(Path(f"o{bad}/summary.json").read_bytes())
        count = told["population"]["import_options"]["rejected_rows"]
        assert (count is None, "withheld" in told["population"]["import_options"]) == (bad == 3, bad == 3)
        assert any("left out, and are in no number" in line for line in told["notices"]) == (bad > 0)
        assert len(pd.read_csv("r.csv")) == bad
    assert (
        dict(stamped(ask(population="cases.csv", import_options={**HOW, "max_rejects": 20})))["Rows left out"] == "11"
    )


@pytest.mark.usefixtures("unexecuted")
def test_rejected_rows_and_report_are_new_or_neither_is(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(there / "cases.csv", table(60, 3))
    line = ("simulate", "--population", "cases.csv", *READ, "--out", "o", "--rejects", "r.csv")

    def broken(*_: Any) -> None:
        raise ProblemsFound([])

    with monkeypatch.context() as patched:
        patched.setattr(folders, "_swap", broken)
        assert ran(*line).exit_code == 1
        assert sorted(p.name for p in there.iterdir()) == ["cases.csv"]
        save(there / "r.csv", b"old")
        assert ran(*line).exit_code == 1
    assert (there / "r.csv").read_bytes() == b"old"
    assert sorted(p.name for p in there.iterdir()) == ["cases.csv", "r.csv"]
    assert ran(*line).exit_code == 0
    assert b"b2" in (there / "r.csv").read_bytes()
    assert (there / "o" / "summary.json").is_file()


@pytest.mark.parametrize(("good", "bad", "most"), [(60, 3, "4"), (0, 5, "100"), (60, 61, None)])
def test_of_too_many_rejected_rows_only_they_are_written(there: Path, good: int, bad: int, most: str | None) -> None:
    save(there / "cases.csv", table(good, bad))
    options = (*READ, "--rejects", "r.csv", *(["--max-rejects", most] if most else []))
    for line in (
        ("simulate", "--population", "cases.csv", *options, "--out", "o"),
        ("determine", "cases.csv", *options, "--out", "o.csv"),
        ("compare", "nerve_blocks", "--withdraw", next(iter(load().evidence)), "--population", "cases.csv", *options),
        ("lab", "--no-browser", "--cases", "cases.csv", *options),
    ):
        done = ran(*line)
        assert done.exit_code == 1, line
        assert f"{bad} of {good + bad} rows were rejected" in done.stderr
        assert len(pd.read_csv(there / "r.csv")) == bad
        (there / "r.csv").unlink()
        assert [p.name for p in there.iterdir()] == ["cases.csv"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--rejects", "o/r.csv"), "o/r.csv: lies in o, which holds the report and nothing else"),
        (("--rejects", "cases.csv"), "cases.csv: is the population itself; name another file"),
        (("--rejects", "r.txt"), "r.txt: cannot be written as '.txt'"),
        (("--rejects", ""), "--rejects is empty; name a file"),
        (("--max-rejects", "3"), "--max-rejects needs --rejects"),
        (("--rejects", "r.csv", "--max-rejects", "nan"), "--max-rejects needs a per cent from 0 to 100"),
        (("--map", "nr"), "--map needs COLUMN_IN_FILE=COLUMN_OF_THE_CONTRACT"),
        (("--history-key", "nr"), "--history-key needs --history"),
        (("--history", "gone.csv"), "has no field with history:"),
        (("--ignore", "nosuch"), "no column is called 'nosuch'"),
        ((), "unknown column 'nr'"),
    ],
)  # fmt: skip
def test_refused_in_a_line_before_a_kernel_starts(there: Path, options: tuple[str, ...], says: str) -> None:
    save(there / "cases.csv", table(60))
    (there / "o").mkdir()
    done = ran("simulate", "--population", "cases.csv", *options, "--out", "o")
    assert done.exit_code in (1, 2)
    assert says in done.stderr
    assert sorted(p.name for p in there.iterdir()) == ["cases.csv", "o"]


def test_cases_that_are_drawn_are_not_read(there: Path) -> None:
    done = ran("simulate", "--map", "a=b", "--rejects", "r.csv", "--out", "o")
    assert done.exit_code == 1
    assert "--map, --rejects: only a case table can be read so, and seed_low_prevalence is drawn here" in done.stderr
    for line in (("lab", "--map", "a=b"), ("compare", "nerve_blocks", "strict_reading", "--ignore", "a")):
        assert ran(*line).exit_code == 2
    assert not any(there.iterdir())


def test_a_fingerprint_says_what_was_read(there: Path) -> None:
    save(there / "cases.csv", table(60))
    whole = {"map": HOW["map"], "ignore": ["note"]}
    prints = [cases_of(load(), "cases.csv", options=how).fingerprint for how in (whole, {**whole, "max_rejects": 9})]
    assert prints[0] == prints[1]  # of the same cases
    swapped = {**whole, "map": {"nr": "case_id", "care": "pain_duration_days"}}
    assert cases_of(load(), "cases.csv", options=swapped).fingerprint != prints[0]
    save(there / "plain.csv", b"case_id,dx,cpt\n" + b"".join(b"c%d,M54.2,20553\n" % i for i in range(20)))
    plain = hashlib.sha256(Path("plain.csv").read_bytes()).hexdigest()
    assert cases_of(load(), "plain.csv").fingerprint == plain
    assert cases_of(load(), "plain.csv", options={"case_id_is_key": True}).fingerprint == plain


def test_every_wrong_option_is_told_at_once() -> None:
    wrong = {"mpa": {}, "map": {"a": 1}, "ignore": "note", "case_id_is_key": "yes", "max_rejects": True,
             "history_key": "nr"}  # fmt: skip
    with pytest.raises(ProblemsFound) as found:
        options_of(wrong)
    said = str(found.value)
    assert len(found.value.problems) == 6
    assert "'mpa' is none of" in said
    assert "did you mean map?" in said
    assert "history_key: needs history" in said
    assert options_of({**HOW, "max_rejects": 20.0}) == ImportOptions(HOW["map"], ("note",), max_rejects=20)  # type: ignore[arg-type]


def test_a_notebook_refuses_too_many_rejected_rows_by_itself(there: Path) -> None:
    save(there / "cases.csv", table(60, 30))
    with pytest.raises(TooManyRejected, match=r"30 of 90 rows were rejected, more than --max-rejects 20 %"):
        ask(population="cases.csv", import_options={**HOW, "max_rejects": 20})


def test_notebooks_read_their_table_as_they_were_told(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (CASES, IMPORT, OPENED, SERVED, "PATH", "WORKBOOK_WORKSPACE"):
        monkeypatch.setenv(name, "")
    save(there / "cases.csv", table(60, 3))
    lab.prepared(None, "cases.csv", options_of({**HOW, "max_rejects": 20}), "r.csv")
    assert len(pd.read_csv(there / "r.csv")) == 3
    for given in (None, there / "cases.csv"):
        assert cases_of(load(), given).size == 60
    with pytest.raises(ProblemsFound, match="unknown column"):
        cases_of(load(), there / "cases.csv", options={})
    lab.prepared(None)
    with pytest.raises(ProblemsFound, match="unknown column"):
        cases_of(load(), there / "cases.csv")


def test_explain_writes_what_determine_rejects(there: Path) -> None:
    save(there / "cases.csv", table(60, 3))
    assert ran("determine", "cases.csv", *READ, "--rejects", "d.csv", "--out", "o.csv").exit_code == 0
    done = ran("explain", "cases.csv", *READ, "--case", "c1", "--rejects", "e.csv")
    assert done.exit_code == 0, done.output
    assert (there / "e.csv").read_bytes() == (there / "d.csv").read_bytes()


def test_an_empty_name_is_neither_a_folder_nor_the_usual_cases(there: Path) -> None:
    for line in (
        ("explain", "", "--case", "c1"),
        ("determine", "", "--out", "x.csv"),
        ("simulate", "--population", "", "--out", "o"),
        ("page", "--population", " ", "--out", "p.html"),
        ("compare", "nerve_blocks", "--withdraw", "x", "--population", ""),
    ):
        done = ran(*line)
        assert done.exit_code == 2
        assert "the name is empty" in done.stderr
    assert not any(there.iterdir())


def test_a_folder_of_parquet_files_is_a_case_table(there: Path, unexecuted: None) -> None:
    for out in ("made", "made.parquet"):
        assert ran("population", "trial_10_15", "--size", "60", "--out", out).exit_code == 0
        assert ran("simulate", "--population", out, "--out", f"{out}_report").exit_code == 0
    folder, file = (json.loads(Path(f"{out}_report/summary.json").read_bytes()) for out in ("made", "made.parquet"))
    assert folder["outcomes"] == file["outcomes"]
    assert (folder["population"]["file"], folder["population"]["size"]) == ("made", 60)
    before = folder["population"]["fingerprint"]
    (there / "made" / "cases_000000.parquet").rename(there / "made" / "other.parquet")
    assert cases_of(load(), "made").fingerprint != before
    (there / "trial_10_15").mkdir()
    (there / "trial_10_15" / "other.parquet").write_bytes((there / "made.parquet").read_bytes())
    assert cases_of(load(), "trial_10_15").drawn  # a population is called so
    assert "is a table of cases" in ran("page", "--population", "made", "--out", "p.html").stderr
