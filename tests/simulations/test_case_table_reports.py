"""Reports on a case table, whose cases may be people: no count of 1 to 10 of them stands in a table, picture or
sentence, none follows from a rate or from the difference of two rows, and no case is named."""

import ast
import json
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from policy import load
from policy.model import OUTCOMES
from simulations import ask, population
from simulations.run import FOLDER, shipped
from simulations.subgroup_flow import flow_by
from simulations.suppression import SMALL, STEP, rounded

SIZE = 300
POLICY = load("nerve_blocks")
ELSEWHERE = ("calibration",)  # it counts made cases of the shipped populations, whatever it is asked about
TEMPLATES = [name for name in shipped() if name not in ELSEWHERE]
FEW_MOVE = [("approval_impact", {"conservative_weeks": 7}), ("lever_sweep", {"conservative_weeks": 7})]
NO_PEOPLE = {"value", "values", "step", "distance", "blocks", "cut_off", "replicates", "p_value", *POLICY.levers}
NO_TABLES = ("levers", "sources")
COUNTED = (
    r"cases|requests|of [\d,]+ (?:cases|not met|open|requests)|lose|gain|move|stricter|looser|would|alone|then met"
)


class Told(NamedTuple):
    """What a template says: its tables, the cells of its page, its sentences and the alternative texts."""

    tables: dict[str, pd.DataFrame]
    cells: list[str]
    prose: str
    summary: dict[str, Any]


def told(name: str, out: Path, **question: Any) -> Told:
    """The cells of a notebook run here, without a kernel: what each would show."""
    out.mkdir(parents=True)
    cells = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]
    space: dict[str, Any] = {}
    shown: list[Any] = []
    for number, cell in enumerate(cell for cell in cells if cell["cell_type"] == "code"):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), space)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), name, "eval"), space))
        space |= {"out": str(out), **question} if not number else {}
    page = BeautifulSoup("".join(one.html for one in shown if hasattr(one, "html")), "html.parser")
    inside = [cell.text for cell in page.select(".wide td, .wide th")]
    for table in page.select(".wide table"):
        table.tbody.decompose()
    alts = [str(one.alt) for one in shown if hasattr(one, "alt")]
    tables = {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in out.glob("*.csv")}
    prose = "\n".join([page.get_text("\n"), *alts])
    return Told(tables, inside, prose, json.loads((out / "summary.json").read_bytes()))


def few(told: Told) -> Iterator[str]:
    """Every count of 1 to 10 that is printed."""
    for name, table in told.tables.items():
        for column in table.columns if name not in NO_TABLES else ():
            values = [v for v in table[column] if v]
            if column in NO_PEOPLE or re.search("_(pct|points|low|high)$", column):
                continue
            if all(re.fullmatch(r"-?\d+", v) for v in values):
                yield from (f"{name}.csv {column}: {v}" for v in values if 1 <= abs(int(v)) <= SMALL)
    for cell in told.cells:
        counts = re.fullmatch(r"([+−]?[\d,]+)( → [\d,]+| · .*)?", cell.strip())
        numbers = re.findall(r"^[+−]?([\d,]+)|→ ([\d,]+)", cell.strip()) if counts else []
        yield from (f"cell {cell}" for pair in numbers for n in pair if n and 1 <= int(n.replace(",", "")) <= SMALL)
    yield from (
        f"prose: {m[0]}" for m in re.finditer(rf"(?<![\d.,])(?<!t most )([1-9]|10) (?:{COUNTED})\b", told.prose)
    )
    outcome = "|".join(["Met", "Not met", "Pend", "Review", "Mismatch", "Out of scope"])
    for match in re.finditer(rf"(?:{outcome}|alone|then met|fails|passes) ([\d,]+)( → ([\d,]+))?(?=[;,.])", told.prose):
        yield from (f"prose: {match[0]}" for n in match.group(1, 3) if n and 1 <= int(n.replace(",", "")) <= SMALL)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frame = population.generate(population.load("seed_low_prevalence"), SIZE, 3)
    frame["case_id"] = [f"Person{number}" for number in range(SIZE)]
    path = tmp_path_factory.mktemp("people") / "people.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(("name", "provisions"), [*((name, {}) for name in TEMPLATES), *FEW_MOVE])
def test_no_count_of_a_few_people_is_told(name: str, provisions: dict[str, int], table: Path, tmp_path: Path):
    scenario = None if provisions else "strict_reading"
    found = told(name, tmp_path / "out", population=str(table), scenario=scenario, provisions=provisions)
    assert list(few(found)) == []
    everything = found.prose + "".join(found.cells) + "".join(t.to_csv() for t in found.tables.values())
    assert "Person" not in everything
    assert "not for publication" in found.prose
    assert "column truth_benefit is simulated truth: ignored" in found.prose
    assert "may be people" in found.prose
    exact = ask(scenario=scenario, provisions=provisions, population=table).impact
    for kind in ("baseline", "scenario"):
        assert list(found.summary["outcomes"][kind].values()) == exact.outcomes()[kind].tolist()
    for column, cases in (("approval_pct", "cases"), ("baseline_pct", "cases"), ("scenario_pct", "cases")):
        for one in found.tables.values():
            if {column, cases} <= set(one):
                rows = one[(one[column] != "") & (one[cases] != "")]
                hits = rows[column].astype(float) * rows[cases].astype(float) / 100
                assert not ((hits > 0.5) & (hits < SMALL + 0.5)).any(), column


@pytest.mark.parametrize("name", ["approval_impact", "denial_anatomy"])
def test_the_same_reports_on_made_cases_do_tell_them(name: str, tmp_path: Path):
    """The check above can fail: as many cases that are nobody are counted exactly."""
    found = told(name, tmp_path / "out", size=SIZE, seed=3, scenario="strict_reading", provisions={})
    places = {line.partition(" ")[0].partition(":")[0] for line in few(found)}
    assert {"prose", "cell"} & places
    assert any(place.endswith(".csv") for place in places)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_table_of_very_few_is_no_failure(name: str, table: Path, tmp_path: Path):
    pd.read_csv(table, dtype=str, keep_default_na=False).head(8).to_csv(tmp_path / "8.csv", index=False)
    found = told(name, tmp_path / "out", population=str(tmp_path / "8.csv"), scenario="strict_reading", provisions={})
    counts = {int(v) for t in found.tables.values() for word in OUTCOMES if word in t for v in t[word] if v}
    assert counts <= {0}
    assert "nan" not in found.prose


def test_the_flow_of_subgroups_is_rounded_and_names_nobody(table: Path):
    study = ask(scenario="strict_reading", population=table)
    flows = flow_by(study, ["sex"])
    assert {n % STEP for n in [*flows.flow()["cases"], *flows.rates()["cases"], *flows.rates()["moved"]]} == {0}
    assert set(flows.flow()["examples"]) == {""}
    assert flows.counts.sum() == SIZE


def test_rounding_leaves_open_whether_a_few_or_nobody_make_a_difference():
    counts = np.arange(211)  # up to the end of a step
    near = rounded(counts)
    assert (abs(near - counts) <= SMALL).all()
    assert set(near % STEP) == {0}
    assert ((near == 0) == (counts <= SMALL)).all()
    for one, other in product(set(near.tolist()), repeat=2):
        differences = np.subtract.outer(counts[near == one], counts[near == other])
        assert np.ptp(differences) >= STEP - 2
