"""`workbook sql` prints one SELECT that a warehouse can run as it stands, and says what it reads."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest
import sqlglot
from click.testing import CliRunner, Result

import policy
from policy.sql import DIALECTS
from simulations import population
from simulations.cli.command import main
from simulations.warehouse.engines import counted

NOTICE = "Synthetic data, policy simulation only, not for individual determinations."


def workbook(*words: object) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cases") / "cases.parquet"
    population.generate(population.load("seed_low_prevalence"), 400, 3).to_parquet(path)
    return path


def run(text: str, path: Path, columns: str = "*") -> pd.DataFrame:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW cases AS SELECT {columns} FROM read_parquet('{path}')")
        return connection.execute(text).df()


def test_the_text_gives_what_determine_writes(cases: Path, tmp_path: Path) -> None:
    words = ["--scenario", "strict_reading", "--set", "conservative_weeks=8"]
    said = workbook("sql", *words)
    assert said.exit_code == 0
    assert workbook("determine", cases, *words, "--out", tmp_path / "d.csv").exit_code == 0
    found = run(said.output, cases).sort_values("case_id", ignore_index=True).fillna("")
    wanted = pd.read_csv(tmp_path / "d.csv", dtype=str, keep_default_na=False).sort_values("case_id", ignore_index=True)
    assert found["outcome"].nunique() > 2
    assert wanted.pop("policy").unique().tolist() == ["nerve_blocks@2026.2"]
    assert len(wanted.pop("fingerprint").unique()) == 1
    pd.testing.assert_frame_equal(found.astype(object), wanted.astype(object))


def test_it_says_what_it_stands_on(cases: Path) -> None:
    said = workbook("sql", "--set", "relief_pct=70", "--without", "clinical_trial", "--dialect", "snowflake").output
    comment = said[: said.index("*/")]
    for words in (NOTICE, "fingerprint", "70 %", "Code notice", "truth_benefit", "ignored", "case_id, dx, cpt"):
        assert words in comment
    assert "Not in the table, not documented for every row: clinical_trial." in comment
    assert said == workbook(
        "sql", "--set", "relief_pct=70", "--without", "clinical_trial", "--dialect", "snowflake"
    ).output  # fmt: skip


def test_levels_come_back_as_counts_of_all_cases(cases: Path) -> None:
    said = workbook("sql", "--what", "levels", "--move", "conservative_weeks", "--without", "radiculopathy")
    assert said.exit_code == 0
    rows = run(said.output, cases, "* EXCLUDE (radiculopathy)")
    document = policy.load("nerve_blocks")
    found = counted(rows, document.settings(), ["conservative_weeks"])
    frame = pd.read_parquet(cases).drop(columns="radiculopathy")
    table = policy.Cases.from_frame(frame, document)
    for weeks in (0, 6, 26):
        settings = document.settings({"conservative_weeks": weeks})
        assert found.counts.counts(settings) == policy.determine(document, table, settings).counts()
    assert found.counts.cases == 400
    assert not rows.drop(columns="weight").duplicated().any()
    every = run(
        workbook("sql", "--what", "levels", "--without", "radiculopathy").output, cases, "* EXCLUDE (radiculopathy)"
    )
    assert len(rows) <= len(every) <= 400


def levels_parsed_back(dialect: str) -> sqlglot.exp.Expression:
    said = workbook("sql", "--what", "levels", "--move", "relief_pct", "--dialect", dialect).output
    (back,) = sqlglot.parse(said, read=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert back is not None
    return back


def test_the_help_names_every_dialect() -> None:
    assert [word for word in DIALECTS if word not in workbook("sql", "--help").output] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_levels_are_parsed_back_in_every_dialect(dialect: str) -> None:
    back = levels_parsed_back(dialect)
    steps = {step.alias for step in back.find_all(sqlglot.exp.CTE)}
    assert {found.name for found in back.find_all(sqlglot.exp.Table)} - steps == {"cases"}
    assert {"pathway", "dx", "cpt", "weight"} < {column.alias_or_name for column in back.selects}


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_levels_that_are_parsed_back_still_say_the_same(cases: Path, dialect: str) -> None:
    text = levels_parsed_back(dialect).sql("duckdb").replace("TEXT(MAX)", "TEXT").replace("REAL", "DOUBLE")
    rows = [run(one, cases) for one in (text, levels_parsed_back("duckdb").sql("duckdb"))]
    first, second = (found.sort_values(list(found), ignore_index=True) for found in rows)
    pd.testing.assert_frame_equal(first, second, check_dtype=False)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--dialect", "snowflak"], 1, "--dialect: 'snowflak' is unknown"),
        (["--dialect", "snowflak"], 1, "did you mean snowflake?"),
        (["--what", "levles"], 2, "'levles' is not one of"),
        (["--without", "clinical_trail"], 1, "did you mean clinical_trial?"),
        (["--without", "dx"], 1, "the column 'dx' is required"),
        (["--what", "levels", "--move", "relief_pc"], 1, "did you mean relief_pct?"),
        (["--move", "relief_pct"], 2, "--move belongs to --what levels"),
        (["--set", "relief_pct=83"], 1, "in steps of 5"),
        (["cases.csv"], 2, "unexpected extra argument"),
    ],
)
def test_mistakes(words: list[str], code: int, said: str) -> None:
    result = workbook("sql", *words)
    assert result.exit_code == code
    assert said in result.output
    assert "SELECT" not in result.output
