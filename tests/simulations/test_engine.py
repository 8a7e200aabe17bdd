"""An engine gives the determinations of the direct evaluation, word for word, and its counts at every setting."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

import policy
from policy.problems import ProblemsFound
from policy.sql import printed
from simulations.counting.counts import Counts
from simulations.counting.grouping import Groups
from simulations.warehouse.engines import DuckDB, Spark, collapse, counted, determinations
from simulations.warehouse.group_by import collapse_sql
from tests.policy.near_misses import Draws, settings_with_every_value
from tests.sampling import some
from tests.simulations import servers
from tests.simulations.undocumented import (
    as_warehouse,
    base_settings,
    by_determining,
    chosen,
    moved,
    nerve_blocks,
    undocumented,
    undocumented_table,
)

POLICY = nerve_blocks()
SIZE = 600
LATER = ["conservative_weeks", "relief_pct", "relief_rule", "axial_spine_stance", "max_sessions_12m"]


def nulls(frame: pd.DataFrame) -> pd.DataFrame:
    """Words as they are, nothing where nothing is written: codes, choices and yes-or-no columns stay text."""
    return frame.astype(object).where(frame != "", None)


def directly(frame: pd.DataFrame, settings: policy.Settings) -> pd.DataFrame:
    return as_text(policy.determine(POLICY, policy.Cases.from_frame(frame, POLICY), settings).frame())


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).fillna("").astype(str).sort_values("case_id", ignore_index=True)


def by_engine(engine: object, settings: policy.Settings) -> pd.DataFrame:
    return as_text(pd.concat(list(determinations(engine, settings)), ignore_index=True))


@pytest.mark.parametrize("seed", some(range(10), 3))
def test_duckdb_determines_as_the_direct_evaluation(seed: int) -> None:
    settings = base_settings(seed)
    frame = undocumented_table(settings, SIZE, seed)
    wanted = directly(frame, settings)
    for table in (nulls(frame), as_warehouse(frame), closely_typed(frame)):
        pd.testing.assert_frame_equal(by_engine(DuckDB(table, POLICY), settings), wanted)


def test_every_outcome_is_among_what_is_compared() -> None:
    found = [directly(undocumented_table(base_settings(seed), SIZE, seed), base_settings(seed)) for seed in range(10)]
    assert {*pd.concat(found)["outcome"]} == {*policy.OUTCOMES}


def closely_typed(frame: pd.DataFrame) -> pd.DataFrame:
    """As a warehouse that has counts as BIGINT and dates as DATE."""
    columns = {}
    for name, values in as_warehouse(frame).items():
        kind = POLICY.fields_.get(str(name))
        if kind is not None and kind.type == "date":
            values = values.dt.date
        elif values.dtype == float and (values.dropna() % 1 == 0).all():
            values = values.astype("Int64")
        columns[name] = values
    return pd.DataFrame(columns)


WRONG = {
    "conservative_care_days": ["-1", "36501", "1000000000000"], "diagnostic_blocks_done": ["3", "-2"],
    "prior_relief_pct": ["101", "-1", "9000000000"], "request_date": ["1899-12-31", "2100-01-02"],
    "onset_date": ["1899-12-31", "2099-12-31"],
}  # fmt: skip


def test_a_type_that_is_known_changes_no_answer() -> None:
    settings, draws = POLICY.settings({"generic_gate_scope": "all_dx", "repeat_min_weeks": 2}), Draws(11)
    frame = undocumented_table(settings, SIZE, 11)
    frame["prior_relief_pct"] = frame["prior_relief_pct"].where(
        ~frame["prior_relief_pct"].str.contains(".", regex=False), "50"
    )
    for row in range(0, SIZE, 3):
        column = draws.one([*WRONG])
        frame.loc[row, column] = draws.one(WRONG[column])
    known = DuckDB(closely_typed(frame), POLICY)
    assert {known.types[name] for name in WRONG} == {"integer", "date"}
    pd.testing.assert_frame_equal(by_engine(known, settings), by_engine(DuckDB(as_warehouse(frame), POLICY), settings))
    counts = [
        collapse(DuckDB(table, POLICY), settings, LATER, keep_good=True)
        for table in (closely_typed(frame), nulls(frame))
    ]
    assert 0 < counts[0].counts.cases == counts[1].counts.cases < SIZE
    for there in (moved(settings, LATER, draws) for _ in range(8)):
        assert counts[0].at(there).tolist() == counts[1].at(there).tolist()


@pytest.mark.slow
def test_duckdb_agrees_at_every_value_of_every_lever() -> None:
    for number, settings in enumerate(settings_with_every_value(POLICY, Draws(7))):
        frame = undocumented_table(settings, 200, number)
        found = by_engine(DuckDB(as_warehouse(frame), POLICY), settings)
        pd.testing.assert_frame_equal(found, directly(frame, settings))


def test_a_folder_of_parquet_files_of_doubles_and_timestamps(tmp_path: Path) -> None:
    settings = base_settings(3)
    frame = undocumented_table(settings, SIZE, 3)
    typed = as_warehouse(frame)
    for number, part in enumerate((typed.iloc[:200], typed.iloc[200:])):
        table = pa.table({name: pa.array(column, from_pandas=False) if column.dtype == float else pa.array(column)
                          for name, column in part.items()})  # NaN stays NaN  # fmt: skip
        assert number or table.schema.field("conservative_care_days").type == pa.float64()
        pyarrow.parquet.write_table(table, tmp_path / f"{number}.parquet")
    first = pyarrow.parquet.read_table(tmp_path / "0.parquet")
    assert any(np.isnan(first[name]).any() for name in first.column_names if pa.types.is_floating(first[name].type))
    pd.testing.assert_frame_equal(by_engine(DuckDB(tmp_path, POLICY), settings), directly(frame, settings))


def test_numbers_of_four_bytes_are_what_they_say() -> None:
    settings = POLICY.settings({"diagnostic_blocks_required": 1})
    frame = undocumented_table(settings, SIZE, 5)
    for value in ("79.99", "80"):
        frame["block_1_relief_pct"] = value
        frame["diagnostic_blocks_done"] = "1"
        frame["block_2_relief_pct"] = ""
        typed = as_warehouse(frame)
        typed["block_1_relief_pct"] = typed["block_1_relief_pct"].astype("float32")
        pd.testing.assert_frame_equal(by_engine(DuckDB(typed, POLICY), settings), directly(frame, settings))


def test_a_column_that_is_missing_is_not_documented() -> None:
    settings = base_settings(4)
    frame = undocumented_table(settings, SIZE, 4)
    fewer = frame.drop(columns=["onset_date", "blocks_comparative", "clinical_trial", "block_2_relief_pct"])
    pd.testing.assert_frame_equal(by_engine(DuckDB(as_warehouse(fewer), POLICY), settings), directly(fewer, settings))


def differences(answers: Counts, frame: pd.DataFrame, settings: list[policy.Settings]) -> list[str]:
    cases = policy.Cases.from_frame(frame, POLICY)
    by = Groups(POLICY, answers.groups.names)
    labels = by.of(cases)
    found = []
    for one in settings:
        wanted = by_determining(cases, one, labels if labels.size else None, len(by))
        given = answers.at(one).tolist()
        counts = dict(zip(map(tuple, answers.groups.frame().to_numpy()), given, strict=True))
        if counts != dict(zip(map(tuple, by.frame().to_numpy()), wanted.tolist(), strict=True)):
            found.append(str(one.provisions()))
    return found


@pytest.mark.parametrize("seed", some(range(6), 2))
def test_the_collapse_counts_as_determining_every_case(seed: int) -> None:
    draws, base = Draws(seed), base_settings(seed)
    frame = undocumented_table(base, SIZE, seed)
    levers = chosen(draws, 2, 3) if seed % 3 else list(POLICY.levers)
    groups = [(), ("diagnosis", "procedure", "sex"), ("dx", "cpt", "group_site")][seed % 3]
    table = as_warehouse(frame) if seed % 2 else nulls(frame)
    found = collapse(DuckDB(table, POLICY), base, levers, groups)
    assert found.counts.cases == SIZE
    assert found.rows < SIZE
    assert differences(found.counts, frame, [moved(base, levers, draws) for _ in range(12)]) == []


def test_profiles_of_the_engine_are_those_of_python() -> None:
    base = base_settings(8)
    cases = undocumented(base, SIZE, 8)
    found = collapse(DuckDB(as_warehouse(undocumented_table(base, SIZE, 8)), POLICY), base, LATER)
    levers = [name for name in LATER if name != "relief_rule"]
    for settings in (moved(base, levers, Draws(seed)) for seed in range(8)):
        assert found.at(settings).tolist() == by_determining(cases, settings).tolist()
    with pytest.raises(ProblemsFound, match="frozen"):
        found.at(POLICY.settings({**base, "generic_gate_scope": "spine_only", "tn_failed_drugs_min": 3}))


def test_a_group_of_a_column_that_is_not_there_is_one_group() -> None:
    """Of a group the text is a constant, which a GROUP BY would read as the place of a column."""
    base = POLICY.settings()
    engine = DuckDB(as_warehouse(undocumented_table(base, SIZE, 2)), POLICY)
    text = collapse_sql(base, LATER, ("rural",), engine.types, without=("rural",)).text
    found = engine.connection.sql(text).df()
    assert set(found["rural"]) == {-1}
    assert found["weight"].sum() == SIZE


def test_rows_of_a_collapse_come_back_from_a_file(tmp_path: Path) -> None:
    base, engine = POLICY.settings(), DuckDB(as_warehouse(undocumented_table(POLICY.settings(), SIZE, 2)), POLICY)
    text = printed(collapse_sql(base, LATER, (), engine.types).text, "duckdb")
    engine.connection.sql(text).df().rename(columns=str.upper).to_csv(tmp_path / "levels.csv", index=False)
    back = pd.read_csv(tmp_path / "levels.csv", dtype={"CPT": str}, keep_default_na=False)
    there = moved(base, LATER, Draws(2))
    assert counted(back, base, LATER).at(there).tolist() == collapse(engine, base, LATER).at(there).tolist()
    with pytest.raises(ProblemsFound, match="weight is missing"):
        counted(back.drop(columns="WEIGHT"), base, LATER)


def test_refusals(tmp_path: Path) -> None:
    frame = as_warehouse(undocumented_table(POLICY.settings(), 50, 1))
    with pytest.raises(ProblemsFound, match="did you mean intent"):
        DuckDB(frame.rename(columns={"intent": "intents"}), POLICY)
    with pytest.raises(ProblemsFound, match="looks like an identifier"):
        DuckDB(frame.assign(member_id="1"), POLICY)
    with pytest.raises(ProblemsFound, match=r"holds no \.parquet file"):
        DuckDB(tmp_path, POLICY)
    (tmp_path / "no.parquet").write_bytes(b"none")
    with pytest.raises(ProblemsFound, match="not a readable Parquet"):
        DuckDB(tmp_path, POLICY)
    engine = DuckDB(frame, POLICY)
    with pytest.raises(ProblemsFound, match="did you mean relief_pct"):
        collapse(engine, POLICY.settings(), ["relief_pc"])
    with pytest.raises(ProblemsFound, match="cannot group by 'intent'"):
        collapse(engine, POLICY.settings(), [], ["intent"])
    frame.loc[3, "conservative_care_days"] = -4
    wrong = DuckDB(frame, POLICY)
    with pytest.raises(ProblemsFound, match="1 rows have values that are not allowed"):
        collapse(wrong, POLICY.settings(), [])
    assert collapse(wrong, POLICY.settings(), [], keep_good=True).counts.cases == 49


def agreement(cases: int, settings: int, seed: int = 0) -> tuple[pd.DataFrame, list[policy.Settings]]:
    draws = Draws(seed)
    every = settings_with_every_value(POLICY, draws)
    stances = [s for s in every if s["axial_spine_stance"] != "conditional" or s["rfa_stance"] != "confirmed_pathway"]
    picked = [draws.one(stances if number % 2 else every) for number in range(settings)]
    parts = [undocumented_table(s, cases // settings, number) for number, s in enumerate(picked)]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(case_id=[f"c{i}" for i in range(len(frame))]), picked


@pytest.fixture(scope="module")
def session() -> object:
    with servers.spark() as running:
        yield running


def in_spark(session: object, cases: int, settings: int) -> None:
    frame, several = agreement(cases, settings)
    spark_frame = session.createDataFrame(pa.Table.from_pandas(as_warehouse(frame), preserve_index=False))
    engine = Spark(spark_frame, POLICY)
    for one in several:
        pd.testing.assert_frame_equal(by_engine(engine, one), directly(frame, one))
    found = collapse(engine, several[0], LATER)
    assert differences(found.counts, frame, [moved(several[0], LATER, Draws(3))]) == []


@pytest.mark.slow
def test_spark_determines_as_the_direct_evaluation(session: object) -> None:
    in_spark(session, cases=300, settings=1)


@pytest.mark.slow
def test_spark_on_10_000_cases_at_20_settings(session: object) -> None:
    in_spark(session, cases=10_000, settings=20)


def in_postgres(folder: Path, cases: int, settings: int) -> None:
    frame, several = agreement(cases, settings)
    with servers.postgres(folder) as server:
        server.fill(as_warehouse(frame), POLICY)
        for one in several:
            pd.testing.assert_frame_equal(as_text(server.determinations(one)), directly(frame, one))
        text = server.collapse_of(several[0], LATER)
        found = counted(text, several[0], LATER)
        assert differences(found.counts, frame, [moved(several[0], LATER, Draws(3))]) == []


@pytest.fixture
def short_folder() -> Iterator[Path]:
    with servers.open_folder() as folder:
        yield folder


def test_postgresql_determines_as_the_direct_evaluation(short_folder: Path) -> None:
    in_postgres(short_folder, cases=300, settings=2)


@pytest.mark.slow
def test_postgresql_on_10_000_cases_at_20_settings(short_folder: Path) -> None:
    in_postgres(short_folder, cases=10_000, settings=20)
