"""Every broken file is refused by `workbook validate` with its code and its line, in one pass over a folder of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from policy.problems import SHOWN
from simulations.command import main
from tests.policy import broken

FILES = {file.name: file for file in broken.files()}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the command prints of each file."""
    folder = tmp_path_factory.mktemp("broken")
    paths = {broken.write(file, folder): name for name, file in FILES.items()}
    result = CliRunner().invoke(main, ["validate", str(folder)])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    lines: dict[str, list[str]] = {name: [] for name in FILES}
    name = ""
    for line in result.stderr.splitlines():
        found = re.match(r"(.*?\.yaml):\d+: ", line)
        name = paths[Path(found[1])] if found else name
        assert found or re.fullmatch(r"\.\.\. and \d+ more problems", line), line
        lines[name].append(line.removeprefix(f"{found[1]}:" if found else ""))
    return lines


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused_with_its_code_its_line_and_its_cure(name: str, said: dict[str, list[str]]) -> None:
    file = FILES[name]
    wanted = re.compile(rf"{file.line}: .*{re.escape(file.said)}.* \[{file.code}, column [1-9]\d*\]")
    assert any(wanted.fullmatch(line) for line in said[name]), said[name][:5]


def test_the_problems_of_a_file_come_in_its_order_short_and_at_most_fifty(said: dict[str, list[str]]) -> None:
    for lines in said.values():
        numbered = [int(line.partition(":")[0]) for line in lines if not line.startswith("...")]
        assert numbered == sorted(numbered)
        assert len(numbered) <= SHOWN
        assert all(len(line) < 700 and line.isprintable() for line in lines)


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
    program = "import sys; from simulations.command import main; main(sys.argv[1:], standalone_mode=False)"
    loaded = [sys.executable, "-X", "importtime", "-c", program, "validate", str(path)]
    done = subprocess.run(loaded, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"[{FILES[name].code}, column " in done.stderr
    assert "policy.reading" in done.stderr
    assert not re.search(r"\| +(pandas|pyarrow|matplotlib|sqlglot|papermill)$", done.stderr, re.M)
