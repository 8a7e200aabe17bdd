"""Every broken file is refused by `workbook validate` with its code and its line, in one pass over a folder of them."""

import functools
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from policy.problems import SHOWN
from simulations.cli.command import main
from tests.policy import broken

NO_ENTRY = {"missing-key", "unit", "direction", "fields", "closing", "schema", "ignored-field"}  # of that name
READER = {  # test_document.py has these
    "alias", "anchor", "tag", "duplicate-key", "key", "no-value", "length", "syntax", "hidden-character", "merge-key",
}  # fmt: skip
FILES = {file.name: file for file in broken.files()}


@functools.cache
def said(name: str) -> list[str]:
    """What the command prints of a file, each line without its path."""
    with tempfile.TemporaryDirectory() as folder:
        return printed(broken.write(FILES[name], Path(folder)))


def printed(path: Path) -> list[str]:
    result = CliRunner().invoke(main, ["validate", str(path)])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    lines = result.stderr.splitlines()
    assert all(re.match(rf"{re.escape(str(path))}.*:\d+: |\.\.\. and \d+ more problems$", line) for line in lines), (
        lines
    )
    return [line.removeprefix(f"{path}:") for line in lines]


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused_with_its_code_its_line_and_its_cure(name: str) -> None:
    """The problems come in the order of the file, short, and at most fifty of them."""
    file, lines = FILES[name], said(name)
    wanted = re.compile(rf"{file.line}: .*{re.escape(file.said)}.* \[{file.code}, column [1-9]\d*\]")
    assert any(wanted.fullmatch(line) for line in lines), lines[:5]
    numbered = [int(line.partition(":")[0]) for line in lines if not line.startswith("...")]
    assert numbered == sorted(numbered)
    assert len(numbered) <= SHOWN
    assert all(len(line) < 700 and line.isprintable() for line in lines)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("policy ", "scenario ", "population "))])
def test_what_stands_at_the_line_and_column_is_what_the_path_leads_to(name: str) -> None:
    text = FILES[name].content.decode().splitlines()
    for line in said(name):
        found = re.match(r"(\d+): (?:\S+\.)?([^\W\d]\w*): .* \[([\w-]+), column (\d+)\]$", line)
        if found and found[3] not in NO_ENTRY | READER:
            assert text[int(found[1]) - 1][int(found[4]) - 1 :].startswith(found[2]), line


def test_a_folder_is_refused_in_one_pass(tmp_path: Path) -> None:
    names = [name for name in FILES if name.startswith(("file ", "population "))]
    paths = {broken.write(FILES[name], tmp_path): name for name in names}
    assert len(paths) > 40
    wanted = [(path, line) for path in sorted(paths) for line in said(paths[path])]
    lines = printed(tmp_path)
    assert lines == [line if line.startswith("...") else f"{tmp_path}/{path.name}:{line}" for path, line in wanted]


def test_there_is_a_file_for_each_kind_of_fault() -> None:
    codes = {file.code for file in FILES.values()}
    assert len(FILES) > 200
    assert {
        "alias", "anchor", "tag", "merge-key", "duplicate-key", "key", "hidden-character", "depth", "length", "size",
        "documents", "empty", "no-value", "syntax", "encoding", "schema", "missing-key", "unknown-key", "number",
        "domain", "lever-value", "pattern", "choice", "type", "empty-list", "count", "comparison", "gap", "overlap",
        "unreachable", "code-twice", "unknown-lever", "unknown-field", "unknown-criterion", "unit", "stale",
        "scenario-policy", "date", "period", "shares", "based-on", "example",
    } <= codes  # fmt: skip


@pytest.mark.parametrize(
    "name", ["exhausting 60,000 aliases", "policy minimum above maximum", "population misspelt column"]
)
def test_a_fault_of_form_is_said_without_waiting_for_what_reads_cases(tmp_path: Path, name: str) -> None:
    path = broken.write(FILES[name], tmp_path)
    program = "import sys; from simulations.cli.command import main; main(sys.argv[1:], standalone_mode=False)"
    loaded = [sys.executable, "-X", "importtime", "-c", program, "validate", str(path)]
    done = subprocess.run(loaded, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"[{FILES[name].code}, column " in done.stderr
    assert "policy.reading.yaml" in done.stderr
    assert not re.search(r"\| +(pandas|pyarrow|matplotlib|sqlglot|papermill)$", done.stderr, re.M)
