"""The door of the case table: Parquet and frames; every road in gives the same integers."""

from __future__ import annotations

import datetime
import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import policy
from tests.policy.cases.reading import (
    AT_LEAST_ONE,
    BOOLEANS,
    CHOICES,
    COUNTS,
    DATES,
    GOOD,
    HEAD,
    PERCENTS,
    START,
    lines,
    nerve_blocks,
    read,
)


def every_column(rows: int = 200) -> pd.DataFrame:
    """A table of text, each column with legal values and gaps."""
    draw = random.Random(7)
    frame: dict[str, list[str | None]] = {
        "case_id": [f"R{i:05}" for i in range(rows)],
        "dx": [draw.choice(["M54.2", "M53.81", "G50.0", "M79.7", "G43.819", "E11.9"]) for _ in range(rows)],
        "cpt": [draw.choice(["64400", "64405", "64450", "20553", "64490", "64633"]) for _ in range(rows)],
    }
    kinds: dict[str, list[str]] = {
        **{name: [str(v) for v in (0, 1, most // 2, most)] for name, most in COUNTS.items()},
        **{name: ["0", "29", "57", "58", "79.99", "80", "100"] for name in PERCENTS},
        **{name: ["true", "false"] for name in BOOLEANS},
        **{name: list(words) for name, words in CHOICES.items()},
        "onset_date": ["2024-01-31", "2024-02-29", "2023-12-31"],
        "request_date": ["2024-03-31", "2024-05-30", "2025-01-01"],
        **{"race_ethnicity": ["a", "b"], "group_region": ["North", "South"]},
    }
    for name, values in kinds.items():
        frame[name] = [draw.choice([*values, None]) for _ in range(rows)]
    frame["diagnostic_blocks_done"] = [draw.choice(["2", None]) for _ in range(rows)]
    frame["age"] = [draw.choice(["45", "120", None]) for _ in range(rows)]  # born before the pain began
    return pd.DataFrame(frame, dtype=object)


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """The same as a data scientist would hold it: floats with NaN, nullable booleans, timestamps, categories."""
    result = frame.copy()
    for name in (*COUNTS, *PERCENTS):
        result[name] = frame[name].astype("float64")
    for name in BOOLEANS:
        result[name] = frame[name].map({"true": True, "false": False}).astype("boolean")
    for name in DATES:
        result[name] = pd.to_datetime(frame[name])
    for name in (*CHOICES, "dx"):
        result[name] = frame[name].astype("category")
    result["cpt"] = frame["cpt"].astype(int)
    return result


def assert_same(one: policy.Cases, other: policy.Cases) -> None:
    assert list(one.ids) == list(other.ids)
    assert list(one.dx) == list(other.dx)
    assert list(one.cpt) == list(other.cpt)
    assert set(one.facts) == set(other.facts)
    for name, values in one.facts.items():
        assert values.tolist() == other.facts[name].tolist(), name
        assert values.dtype == other.facts[name].dtype
    for name, words in one.groups.items():
        assert [*words.codes] == [*other.groups[name].codes], name
        assert [*words.categories] == [*other.groups[name].categories], name


def roads(folder: Path, frame: pd.DataFrame) -> dict[str, policy.Cases]:
    """The same table through every kind of file and frame."""
    held = typed(frame)
    found = {
        "csv of text": read(folder, frame.to_csv(index=False)),
        "csv of types": read(folder, held.to_csv(index=False)),
    }
    tables = {
        "text": pa.Table.from_pandas(frame, preserve_index=False),
        "types": pa.Table.from_pandas(held, preserve_index=False),
    }
    tables["dictionaries"] = pa.table({name: tables["text"][name].dictionary_encode() for name in frame.columns})
    numbers = {name: pa.array(held[name].to_numpy()) for name in (*COUNTS, *PERCENTS)}  # NaN, not null
    tables["NaN"] = pa.table({name: numbers.get(name, tables["types"][name]) for name in frame.columns})
    tables["integers"] = pa.table(
        {
            name: tables["types"][name].cast(pa.int32()) if name in COUNTS else tables["types"][name]
            for name in frame.columns
        }
    )
    for name, table in tables.items():
        pq.write_table(table, folder / "t.parquet", row_group_size=64)
        found[f"parquet of {name}"] = policy.read_cases(folder / "t.parquet", nerve_blocks())
    for name, given_frame in (
        ("text", frame),
        ("types", held),
        ("str", frame.astype("str").where(frame.notna(), None)),
    ):
        found[f"frame of {name}"] = policy.Cases.from_frame(given_frame, nerve_blocks())
    shuffled = held.set_index(np.arange(len(held))[::-1])
    found["frame with another index"] = policy.Cases.from_frame(shuffled, nerve_blocks())
    return found


def test_every_road_gives_the_same_integers(tmp_path: Path):
    frame = every_column()
    found = roads(tmp_path, frame)
    first = found["csv of text"]
    assert len(first) == len(frame)
    for name, column in frame.items():  # not only alike: what was written
        if name in PERCENTS:
            wanted = [-1 if text is None else int(Decimal(text) * 100) for text in column]
            assert first.facts[str(name)].tolist() == wanted
        elif name in COUNTS and name != "diagnostic_blocks_done":
            assert first.facts[str(name)].tolist() == [-1 if text is None else int(text) for text in column]
    for cases in found.values():
        assert_same(first, cases)


def test_no_fact_is_a_float(tmp_path: Path):
    for name, cases in roads(tmp_path, every_column(60)).items():
        for column, values in cases.facts.items():
            assert values.dtype.kind == "i", (name, column)
            low, high = nerve_blocks().fields_[column].span if column not in DATES else (0, 73049)
            nothing = (values == -1) | ((values == AT_LEAST_ONE) & (column == "diagnostic_blocks_done"))
            assert (nothing | ((values >= low) & (values <= high))).all(), (name, column)


def test_a_double_from_parquet_keeps_its_hundredths(tmp_path: Path):
    for kind in (pa.float64(), pa.float32()):
        relief = pa.array([79.99, 80.0, 29.0, None, float("nan"), 100.0, 1.0, 80.1], kind)
        table = {"case_id": [f"A{i}" for i in range(8)], "dx": ["M54.2"] * 8, "cpt": ["64405"] * 8}
        pq.write_table(pa.table({**table, "block_1_relief_pct": relief}), tmp_path / "r.parquet")
        cases = policy.read_cases(tmp_path / "r.parquet", nerve_blocks())
        assert cases.facts["block_1_relief_pct"].tolist() == [7999, 8000, 2900, -1, -1, 10000, 100, 8010]


def test_times_of_day_and_infinity_from_parquet_are_rejected_by_row(tmp_path: Path):
    midnight = datetime.datetime(2025, 1, 2)
    table = {
        **{"case_id": ["A", "B", "C"], "dx": ["M54.2"] * 3, "cpt": ["64405"] * 3},
        "onset_date": pa.array([midnight, midnight.replace(hour=5), None], pa.timestamp("us")),
        "age": pa.array([50.0, 50.0, float("inf")]),
    }
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    cases = policy.read_cases(tmp_path / "r.parquet", nerve_blocks(), keep_good=True)
    assert list(cases.ids) == ["A"]
    assert [(r.row, r.column, r.value) for r in cases.rejected.itertuples()] == [
        (2, "onset_date", "2025-01-02T05:00:00"),
        (3, "age", "inf"),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "+05:30"])
def test_an_instant_is_read_in_utc(tmp_path: Path, zone: str):
    midnight = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)
    moments = [midnight, midnight - datetime.timedelta(hours=2), midnight + datetime.timedelta(microseconds=1), None]
    table = {"case_id": ["A", "B", "C", "D"], "dx": ["M54.2"] * 4, "cpt": ["64405"] * 4}
    instants = pa.array(moments, pa.timestamp("us", tz=zone))
    frame = pd.DataFrame(table).assign(onset_date=pd.Series(moments, dtype=object))
    pq.write_table(pa.table({**table, "onset_date": instants}), tmp_path / "i.parquet")
    for cases in (
        policy.read_cases(tmp_path / "i.parquet", nerve_blocks(), keep_good=True),
        policy.Cases.from_frame(frame, nerve_blocks(), keep_good=True),
    ):
        assert list(cases.ids) == ["A", "D"]
        assert cases.facts["onset_date"].tolist() == [(datetime.date(2025, 6, 1) - START).days, -1]
        assert all("a time with a zone is read in UTC" in problem for problem in cases.rejected["problem"])


def test_a_decimal_zero_of_many_places_is_zero(tmp_path: Path):
    table = {"case_id": ["A", "B"], "dx": ["M54.2"] * 2, "cpt": ["64405"] * 2}
    values = pa.array([Decimal("0").scaleb(-18), Decimal("80").quantize(Decimal("1e-18"))], pa.decimal128(38, 18))
    pq.write_table(pa.table({**table, "prior_relief_pct": values}), tmp_path / "d.parquet")
    assert policy.read_cases(tmp_path / "d.parquet", nerve_blocks()).facts["prior_relief_pct"].tolist() == [0, 8000]


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ms", tz="UTC"), pa.date32()])
def test_a_date_that_python_does_not_know_is_a_rejected_row(tmp_path: Path, kind: pa.DataType):
    number = pa.int32() if kind.bit_width == 32 else pa.int64()
    far = pa.array([0, 2**30 if kind.bit_width == 32 else 2**60, None], number).view(kind)
    table = {"case_id": ["A", "B", "C"], "dx": ["M54.2"] * 3, "cpt": ["64405"] * 3, "onset_date": far}
    pq.write_table(pa.table(table), tmp_path / "r.parquet")
    cases = policy.read_cases(tmp_path / "r.parquet", nerve_blocks(), keep_good=True)
    assert list(cases.ids) == ["A", "C"]
    assert cases.facts["onset_date"].tolist() == [(datetime.date(1970, 1, 1) - START).days, -1]
    assert cases.rejected[["row", "column"]].values.tolist() == [[2, "onset_date"]]


@pytest.mark.parametrize("column", HEAD)
def test_bytes_are_no_text(tmp_path: Path, column: str):
    table = dict(zip(HEAD, ([word] for word in GOOD), strict=True))
    pq.write_table(pa.table({**table, column: pa.array([b"A"])}), tmp_path / "b.parquet")
    with pytest.raises(policy.ProblemsFound) as found:
        policy.read_cases(tmp_path / "b.parquet", nerve_blocks())
    (one,) = found.value.problems  # it is there, so it is not called missing too
    assert one.message == f"column '{column}' holds binary; each cell needs one plain value"


@pytest.mark.parametrize(
    "values",
    [pa.array([[1], [2]]), pa.array([{"a": 1}, {"a": 2}]), pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int8()))],
)
def test_a_column_of_lists_or_records_is_refused(tmp_path: Path, values: pa.Array):
    pq.write_table(
        pa.table({"case_id": ["A", "B"], "dx": ["M54.2"] * 2, "cpt": ["64405"] * 2, "age": values}),
        tmp_path / "n.parquet",
    )
    with pytest.raises(
        policy.ProblemsFound, match=r"n\.parquet:1: column 'age' holds .*; each cell needs one plain value"
    ):
        policy.read_cases(tmp_path / "n.parquet", nerve_blocks())


def good_parquet(path: Path) -> bytes:
    table = {
        "case_id": [f"A{i}" for i in range(50)],
        "dx": ["M54.2"] * 50,
        "cpt": ["64405"] * 50,
        "age": list(range(50)),
    }
    pq.write_table(pa.table(table), path)
    return path.read_bytes()


def test_a_broken_parquet_file_is_refused_in_our_words(tmp_path: Path):
    path = tmp_path / "b.parquet"
    whole = good_parquet(path)
    for content in (b"", whole[:-1], whole[: len(whole) // 2], b"PAR1", b"case_id,dx,cpt\nA,M54.2,64405\n"):
        path.write_bytes(content)
        with pytest.raises(policy.ProblemsFound) as found:
            policy.read_cases(path, nerve_blocks())
        assert str(found.value).startswith("b.parquet: is not a readable Parquet file (")
        assert str(tmp_path) not in str(found.value)


def test_an_empty_parquet_table_is_refused(tmp_path: Path):
    empty = {name: pa.array([], pa.string()) for name in HEAD}
    pq.write_table(pa.table(empty), tmp_path / "e.parquet")
    with pytest.raises(policy.ProblemsFound, match="has a header but no rows"):
        policy.read_cases(tmp_path / "e.parquet", nerve_blocks())


def test_no_flipped_bit_of_a_parquet_file_makes_anything_but_problems(tmp_path: Path):
    path = tmp_path / "f.parquet"
    whole = good_parquet(path)
    draw, refusals = random.Random(3), 0
    for _ in range(300):
        broken = bytearray(whole)
        broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
        path.write_bytes(broken)
        try:
            policy.read_cases(path, nerve_blocks(), keep_good=True)
        except policy.ProblemsFound:
            refusals += 1
    assert 0 < refusals < 300


def test_a_frame_with_doubled_columns_or_none_is_refused():
    frame = pd.DataFrame([["A", "M54.2", "64405", "64400"]], columns=["case_id", "dx", "cpt", "cpt"])
    with pytest.raises(policy.ProblemsFound, match="column 'cpt' stands twice"):
        policy.Cases.from_frame(frame, nerve_blocks())
    with pytest.raises(policy.ProblemsFound, match="the required column 'case_id' is missing"):
        policy.Cases.from_frame(pd.DataFrame(), nerve_blocks())


def test_a_frame_may_mix_objects():
    frame = pd.DataFrame(
        {
            **{"case_id": [1, "B", 3.0], "dx": ["M54.2"] * 3, "cpt": [64405, "64405", 64405.0]},
            "radiculopathy": [True, None, "no"],
            "onset_date": [datetime.date(2025, 1, 2), pd.NaT, "2025-01-03"],
            "block_1_relief_pct": [Decimal("79.99"), float("nan"), np.float64(80)],
            "age": [np.int64(4), pd.NA, 5.0],
        },
        dtype=object,
    )
    cases = policy.Cases.from_frame(frame, nerve_blocks())
    first = (datetime.date(2025, 1, 2) - START).days
    assert list(cases.ids) == ["1", "B", "3"]
    assert cases.facts["radiculopathy"].tolist() == [1, -1, 0]
    assert cases.facts["onset_date"].tolist() == [first, -1, first + 1]
    assert cases.facts["block_1_relief_pct"].tolist() == [7999, -1, 8000]
    assert cases.facts["age"].tolist() == [4, -1, 5]
    assert list(cases.cpt) == ["64405"] * 3


def test_what_a_notebook_shows_of_them_is_one_line(tmp_path: Path):
    content = lines(GOOD, ["B", "M54.2", "x"], ["C", "J30.1", "64405"])
    cases = read(tmp_path, content, keep_good=True)
    assert repr(cases) == "2 cases for nerve_blocks@2026.2, 1 row rejected"
    found = policy.determine(nerve_blocks(), cases, nerve_blocks().settings())
    assert repr(found) == "met 0, not_met 0, pend 1, review 0, mismatch 0, out_of_scope 1"
    shown = f"nerve_blocks@2026.2 (draft): {len(nerve_blocks().levers)} levers, {len(nerve_blocks().pathways)} pathways"
    assert repr(nerve_blocks()) == str(nerve_blocks()) == shown


def test_taking_some_cases_keeps_their_facts(tmp_path: Path):
    cases = roads(tmp_path, every_column(30))["frame of types"]
    rows = np.array([29, 3, 3, 0])
    some = cases.take(rows)
    assert list(some.ids) == [cases.ids[i] for i in rows]
    for name, values in cases.facts.items():
        assert some.facts[name].tolist() == [int(values[i]) for i in rows]
    assert list(some.groups["group_region"].astype(str)) == [str(cases.groups["group_region"][i]) for i in rows]


@pytest.mark.parametrize(
    ("values", "span"),
    [((1, 0, 1), "min 0, median 1, max 1"), ((1,), "min 1, median 1, max 1"), ((0, 0), ""), ((0, 1, 80), "")],
)
def test_a_relief_column_that_may_be_shares_is_asked_about(values: tuple[int, ...], span: str):
    """Faults: a relief column all <= 1. A value between 0 and 1 is rejected anyway; all 0 says that nothing helped."""
    rows = [{"case_id": f"c{i}", "dx": "M54.2", "cpt": "64490", "block_1_relief_pct": v} for i, v in enumerate(values)]
    rows.append({"case_id": "blank", "dx": "M54.2", "cpt": "64490", "block_1_relief_pct": None})
    cases = policy.Cases.from_frame(pd.DataFrame(rows, dtype=object), policy.load("nerve_blocks"))
    said = [remark for remark in cases.remarks if "0-1 or 0-100?" in remark]
    assert [("block_1_relief_pct" in remark, span in remark) for remark in said] == [(True, True)] * bool(span)


def test_values_that_a_dictionary_lists_and_no_row_has_are_not_read():
    """As a slice of a table, or a column of pandas categories, has them."""

    def column(words: list[str], listed: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array([listed.index(word) for word in words]), pa.array(listed))

    listed = {
        "dx": ["m54.2", "M54.2", "G50.0", "nonsense"],
        "cpt": ["64405", "64400", "1"],
        "group_site": ["a", "null", "jo@example.org"],
        "sex": ["other", "no such word"],
    }
    row = {"dx": "M54.2", "cpt": "64405", "group_site": "a", "sex": "other"}
    plain = pa.table({"case_id": ["A", "B"], **{name: [word, word] for name, word in row.items()}})
    table = pa.table({"case_id": ["A", "B"], **{n: column([w, w], listed[n]) for n, w in row.items()}})
    found, expected = (policy.Cases.from_table(one, nerve_blocks()) for one in (table, plain))
    assert found.remarks == expected.remarks
    assert list(found.dx.categories) == list(expected.dx.categories) == ["M54.2"]
    assert list(found.groups["group_site"].categories) == ["a"]
    assert all((found.facts[name] == expected.facts[name]).all() for name in expected.facts)
    assert len(found.rejected) == 0
