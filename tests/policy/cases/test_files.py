"""The door of the case table: CSV files as programs write them, and where a problem lies."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policy
from policy.case_files import files, reader
from policy.problems import SHOWN
from tests.policy.cases.reading import GOOD, HEAD, lines, nerve_blocks, read, refused

IN_HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfcase_id,dx,cpt\nA,M54.2,64405\n",
        b"case_id,dx,cpt\r\nA,M54.2,64405\r\n",
        b"case_id,dx,cpt\rA,M54.2,64405\r",
        b'\xef\xbb\xbf"case_id","dx","cpt"\r\n"A","M54.2","64405"\r\n',
        b"case_id,dx,cpt\nA,M54.2,64405",
        b"case_id,dx,cpt\n\n,,\nA,M54.2,64405\n\n",
    ],
)
def test_a_file_as_other_programs_write_it(tmp_path: Path, content: bytes):
    cases = read(tmp_path, content)
    assert (list(cases.ids), list(cases.dx), list(cases.cpt)) == (["A"], ["M54.2"], ["64405"])


def test_a_quoted_field_may_hold_commas_quotes_and_line_ends(tmp_path: Path):
    body = "".join(f'A{i},M54.2,64405,"North, ""upper"""\n' for i in range(3))
    cases = read(tmp_path, f"case_id,dx,cpt,group_region\n{body}")
    assert list(cases.groups["group_region"]) == ['North, "upper"'] * 3
    many = "".join(f'A{i},M54.2,64405,"first\nB{i},M79.7,20553,last"\n' for i in range(60000))
    assert len(many) > 2 << 20  # lines of a field fall on the borders of the blocks that are read
    cases = read(tmp_path, f"case_id,dx,cpt,remark\n{many}", ignore=["remark"])
    assert (len(cases), cases.ids[-1], list(cases.dx.categories)) == (60000, "A59999", ["M54.2"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "requests.csv:1: the first line is empty"),
        (b"\n\ncase_id,dx,cpt\nA,M54.2,64405\n", "requests.csv:1: the first line is empty"),
        (b"case_id,dx,cpt", "requests.csv:2: has a header but no rows"),
        (b"case_id,dx,cpt\n", "requests.csv:2: has a header but no rows"),
        (b"case_id,dx,cpt\n\n,,\n", "requests.csv:2: has a header but no rows"),
        (
            b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml",
            "is a spreadsheet (.xlsx) or another zip archive, which is not",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old spreadsheet (.xls), which is not read; save it as CSV UTF-8"),
        (b"\x1f\x8b\x08\x00abc", "is not a readable .gz file"),
        (b"PAR1case", "is a Parquet file; give it a name that ends in .parquet"),
        (b"<!DOCTYPE html>\n<html></html>\n", "requests.csv:1: the header has no comma"),
        (b"Requests of May\ncase_id,dx,cpt\nA,M54.2,64405\n", "requests.csv:1: the header has no comma"),
        ("case_id,dx,cpt\nA,M54.2,64405\n".encode("utf-16"), "requests.csv:1: is not UTF-8 text"),
        (b"case_id,dx,cpt\nA,M54.2,64405\n\xe9,M54.2,64405\n", "requests.csv:3: is not UTF-8 text"),
        (b"case_id,dx,cpt\nA,M54.2,64405\nB,M54.2,\xe9,\n", "requests.csv:3: is not UTF-8 text"),
        (b'"case_id,dx,cpt\nA,M54.2,64405\n', "requests.csv:1: "),
        (b'case_id,dx,"cpt\nA,M54.2,64405\n', "requests.csv:1: the header cannot be read"),
        (b'case_id,dx,"c\npt"\nA,M54.2,64405\n', "requests.csv:1: the header cannot be read"),
        (b"case_id,dx,cpt,\nA,M54.2,64405,\n", "requests.csv:1: a column has no name in the header"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(tmp_path: Path, content: bytes, said: str):
    assert said in refused(tmp_path, content)
    assert said in refused(tmp_path, content, keep_good=True)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_file_may_be_separated_otherwise_and_compressed(tmp_path: Path, separator: str):
    text = separator.join(["case_id", "dx", "cpt", "age"]) + "\n" + separator.join([*GOOD, "50"]) + "\n"
    assert read(tmp_path, text).facts["age"].tolist() == [50]
    assert read(tmp_path, gzip.compress(text.encode())).facts["age"].tolist() == [50]
    assert "requests.csv:2: column age: 'x'" in refused(tmp_path, gzip.compress(text.replace("50", "x").encode()))


def test_a_folder_of_parquet_files_is_one_table(tmp_path: Path):
    for number in range(3):
        table = pa.table({"case_id": [f"r{number}"], "dx": ["M54.2"], "cpt": ["64405"], "age": [float(number)]})
        pq.write_table(table, tmp_path / f"{number}.parquet")
    cases = policy.read_cases(tmp_path, nerve_blocks())
    assert (list(cases.ids), cases.facts["age"].tolist()) == (["r0", "r1", "r2"], [0, 1, 2])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_is_named_by_its_line_also_after_line_breaks_in_cells(tmp_path: Path, end: str):
    cells = ['"one\ntwo\nthree"', '"a ""b""\n\nc"', "", 'd"e', '"x,y"', '"\n"']
    rows = [f"r{i},M54.2,64405,{cell},{'' if i % 2 else 'bad'}" for i, cell in enumerate(cells)]
    rows += ["short,M54.2", "last,M54.2,64405,,bad"]
    text = end.join(["case_id,dx,cpt,comments,age", *rows])
    kept = read(tmp_path, text, ignore=["comments"], keep_good=True)
    starts = {line.partition(",")[0]: number for number, line in enumerate(text.split("\n"), 1)}
    assert kept.rejected["row"].tolist() == [starts[name] for name in ("r0", "r2", "r4", "short", "last")]


def test_a_comma_at_the_end_of_every_row_shifts_nothing(tmp_path: Path):
    text = "case_id,dx,cpt\nA,M54.2,64405,\nB,M54.2,64405,\n"
    assert refused(tmp_path, text).splitlines() == [
        "requests.csv:2: the row has 4 fields, the header 3",
        "requests.csv:3: the row has 4 fields, the header 3",
    ]
    assert len(read(tmp_path, text, keep_good=True)) == 0


def test_row_numbers_stay_right_after_blank_short_long_and_bad_rows(tmp_path: Path):
    text = "\n".join(
        [
            "case_id,dx,cpt,age",
            "A,M54.2,64405,50",
            "",
            "B,M54.2,64405",  # line 4: short
            "C,M54.2,64405,50,1",  # line 5: long
            ",,,",
            "D,M54.2,64405,x",  # line 7
            "   ",  # line 8: a blank with one space is no empty cell, so a short row of nothing: passed over
            "E,M54.2,64405,50",
            "F,M54.2,6440\x005,50",  # line 10
            'G,M54.2,"64405",130',  # line 11
            "H,M54.2,64405,50",
        ]
    )
    cases = read(tmp_path, text, keep_good=True)
    assert list(cases.ids) == ["A", "E", "H"]
    assert list(cases.rejected.columns) == ["row", "case_id", "column", "value", "problem"]
    assert [(r.row, r.column, r.value) for r in cases.rejected.itertuples()] == [
        (4, "", ""), (5, "", ""), (7, "age", "x"), (10, "cpt", "6440\\u00005"), (11, "age", "130"),
    ]  # fmt: skip
    assert [line.split(":")[1] for line in refused(tmp_path, text).splitlines()] == ["4", "5", "7", "10", "11"]


def test_one_bad_value_in_row_300_001(tmp_path: Path):
    rows = [f"A{i},M54.2,64405,40\n" for i in range(2, 300_050)]
    rows[300_001 - 2] = "A300001,M54.2,64405,forty\n"
    text = "case_id,dx,cpt,age\n" + "".join(rows)
    assert refused(tmp_path, text) == (
        "requests.csv:300001: column age: 'forty' is not a plain number; allowed 0 to 120 years"
    )
    assert len(read(tmp_path, text, keep_good=True)) == 300_047


def test_rows_of_a_wrong_length_far_apart_keep_their_numbers(tmp_path: Path):
    rows, wrong = [], []
    for line in range(2, 120_002):
        bad = line % 997 == 5
        rows.append("\n" if line % 1009 == 3 else f"A{line},M54.2,64405{',' * bad}\n")
        wrong += [line] if bad and line % 1009 != 3 else []
    cases = read(tmp_path, "case_id,dx,cpt\n" + "".join(rows), keep_good=True)
    assert cases.rejected["row"].tolist() == wrong
    assert list(cases.ids) == [row.partition(",")[0] for row in rows if row.count(",") == 2]


def test_a_file_with_many_problems_shows_the_first_and_counts_the_rest(tmp_path: Path):
    def said(bad: int) -> list[str]:
        return refused(tmp_path, lines(*([f"A{i}", "x", "y"] for i in range(bad)), GOOD)).splitlines()

    assert len(said(SHOWN // 2)) == SHOWN
    more = said(200)
    assert len(more) == SHOWN
    assert more[-1] == f"requests.csv: and {400 - SHOWN + 1} more problems; 200 rows have problems"
    assert all(line.startswith("requests.csv:") for line in more)


def test_several_problems_of_one_row_are_all_listed(tmp_path: Path):
    kept = read(tmp_path, "case_id,dx,cpt,age,rural\n,zz,1,-1,perhaps\n", keep_good=True)
    assert kept.rejected["column"].tolist() == ["age", "case_id", "cpt", "dx", "rural"]
    assert set(kept.rejected["row"]) == {2}


def test_a_table_of_more_rows_than_are_held_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "MOST_ROWS", 3)
    rows = [[f"A{n}", *GOOD[1:]] for n in range(4)]
    assert len(read(tmp_path, lines(*rows[:3]))) == 3
    assert "requests.csv: has more than 3 rows; so many are not held at once" in refused(tmp_path, lines(*rows))


def test_where_many_ids_repeat_the_lines_are_looked_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a file whose cells hold line breaks, finding them is another reading of the file."""
    looked_up, lines_of, limit = [], files.Csv.lines, csv.field_size_limit()
    monkeypatch.setattr(files.Csv, "lines", lambda self, records: looked_up.append(1) or lines_of(self, records))
    rows = [[f"A{n % 40}", *GOOD[1:], '"two\nlines"'] for n in range(80)]
    kept = read(tmp_path, lines(*rows, header=[*HEAD, "group_region"]), keep_good=True)
    assert sorted({*kept.rejected["row"]}) == [2 + 2 * n for n in range(80)]
    assert kept.rejected["problem"][0] == "stands more than once: rows 2 and 82"
    assert len(looked_up) <= 3
    assert csv.field_size_limit() == limit  # another reader in this process keeps its own


def test_a_missing_file_or_a_folder_is_said_plainly(tmp_path: Path):
    for name in ("none.csv", "none.parquet"):
        with pytest.raises(policy.ProblemsFound, match=rf"^{name}: cannot be read \(No such file or directory\)$"):
            policy.read_cases(tmp_path / name, nerve_blocks())
        (tmp_path / name).mkdir()
        with pytest.raises(policy.ProblemsFound, match=rf"^{name}: cannot be read \("):
            policy.read_cases(tmp_path / name, nerve_blocks())


KINDS = {
    "good": ("{id},M54.2,64405,50", True),
    "missing": ("{id},M542,64405.0,", True),
    "short": ("{id},M54.2,64405", False),
    "long": ("{id},M54.2,64405,50,", False),
    "bad code": ("{id},x,64405,50", False),
    "bad age": ("{id},M54.2,64405,121", False),
    "no id": (",M54.2,64405,50", False),
    "blank": ("", None),
    "commas": (",,,", None),
}


MORE = (
    {  # a cell that holds a line break, an id that may stand more than once, what is remarked on
        "break": '{id},M54.2,64405,50,North,"two\nlines"',
        "again": "AGAIN,M79.7,20553,50,South,",
        "weeks": "{id},m542,64405,6,none,",
    }
    | {kind: f"{KINDS[kind][0]},East," for kind in ("good", "bad age", "short", "no id")}
    | {"blank": "", "commas": ",,,,,"}
)


@IN_HERE
@given(st.lists(st.sampled_from(sorted(MORE)), max_size=30), st.data())
def test_a_table_read_in_batches_is_the_table(tmp_path: Path, kinds: list[str], data: st.DataObject):
    """However few rows and bytes a batch has: facts, remarks, and the line of every row with a problem."""
    rows = [MORE[kind].format(id=f"A{n}") for n, kind in enumerate(kinds)]
    content = "\n".join(["case_id,dx,cpt,age,group_region,remark", *rows, ""])
    if not {*kinds} - {"blank", "commas"}:
        assert "has a header but no rows" in refused(tmp_path, content, keep_good=True, ignore=["remark"])
        return
    found = []
    for batch, block in ((1 << 17, 1 << 20), (data.draw(st.integers(1, 9)), data.draw(st.integers(60, 200)))):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "BATCH", batch)
            patch.setattr(files, "_BLOCK", block)
            found.append(read(tmp_path, content, keep_good=True, ignore=["remark"]))
    whole, parts = found
    once = {"good", "break", "weeks"} | ({"again"} if kinds.count("again") == 1 else set())
    good = ["AGAIN" if kind == "again" else f"A{n}" for n, kind in enumerate(kinds) if kind in once]
    assert parts.ids.tolist() == whole.ids.tolist() == good
    assert (parts.remarks, parts.left_out) == (whole.remarks, whole.left_out)
    assert parts.rejected.equals(whole.rejected)
    assert {n: v.tolist() for n, v in parts.facts.items()} == {n: v.tolist() for n, v in whole.facts.items()}
    for one, other in (
        (parts.dx, whole.dx),
        (parts.cpt, whole.cpt),
        *zip(*(x.groups.values() for x in found), strict=True),
    ):
        assert one.tolist() == other.tolist()


@IN_HERE
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=24), st.integers(0, 24), st.integers(1, 9), st.integers(2, 9),
    st.integers(1, 24),
)  # fmt: skip
def test_parquet_is_read_alike_whether_its_words_repeat_at_first_later_or_never(
    tmp_path: Path, kinds: list[int], half: int, group: int, batch: int, first: int
):
    """As CSV is, whatever the groups of rows and the parts of the folder."""
    region = [("East", f"place {n}", None)[kind] for n, kind in enumerate(kinds)]
    age = [("50", f" {n}", "old")[kind] for n, kind in enumerate(kinds)]
    rows = [
        (f"A{n}", "M79.7", "20553", years, where or "")
        for n, (years, where) in enumerate(zip(age, region, strict=True))
    ]
    table = pa.table({
        "case_id": [row[0] for row in rows], "dx": ["M79.7"] * len(rows), "cpt": ["20553"] * len(rows), "age": age,
        "group_region": pa.array(region, pa.string()),
    })  # fmt: skip
    whole = read(tmp_path, "\n".join(map(",".join, [table.column_names, *rows, ""])), keep_good=True)
    folder = tmp_path / "parts"
    folder.mkdir(exist_ok=True)
    for name, part in (("a", table[:half]), ("b", table[half:])):
        pq.write_table(part, folder / f"{name}.parquet", row_group_size=group)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BATCH", batch)
        patch.setattr(files, "_FIRST", first)
        parts = policy.read_cases(folder, nerve_blocks(), keep_good=True)
    assert parts.ids.tolist() == whole.ids.tolist()
    assert parts.facts["age"].tolist() == whole.facts["age"].tolist()
    assert parts.groups["group_region"].tolist() == whole.groups["group_region"].tolist()
    columns = ["case_id", "column", "value", "problem"]
    assert parts.rejected[columns].equals(whole.rejected[columns])
    assert parts.remarks == whole.remarks


@IN_HERE
@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_every_row_is_read_or_rejected_or_empty(tmp_path: Path, kinds: list[str], end: str):
    body = [KINDS[kind][0].format(id=f"A{i}") for i, kind in enumerate(kinds)]
    fates = [KINDS[kind][1] for kind in kinds]
    content = end.join(["case_id,dx,cpt,age", *body]) + end
    if set(fates) == {None}:
        assert "no rows" in refused(tmp_path, content)
        return
    cases = read(tmp_path, content, keep_good=True)
    assert list(cases.ids) == [f"A{i}" for i, fate in enumerate(fates) if fate]
    assert sorted(set(cases.rejected["row"])) == [i + 2 for i, fate in enumerate(fates) if fate is False]


@IN_HERE
@given(st.data())
def test_whatever_the_bytes_only_problems_come_out(tmp_path: Path, data: st.DataObject):
    content = bytearray(b'case_id,dx,cpt,age,group_x\nA,M54.2,64405,50,"a"\nB,G50.0,64400,,b\n')
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b",", b"\n", b"\r", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf"])
        )
    said = ["requests.csv: read"]
    try:
        cases = read(tmp_path, bytes(content), keep_good=True)
    except policy.ProblemsFound as found:
        said = str(found).splitlines()
    else:
        assert len(cases) + len(cases.rejected) > 0
    assert [line for line in said if not line.startswith("requests.csv:")] == []


def test_a_code_of_white_space_is_blank_and_no_code_in_another_form(tmp_path: Path):
    cases = read(tmp_path, "case_id,dx,cpt\nA,M79.7,20553\nB,M79.7,  \n", keep_good=True)
    assert cases.rejected["problem"].tolist() == ["is blank, and a code is required"]
    assert not [said for said in cases.remarks if "standard form" in said]
