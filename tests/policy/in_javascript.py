"""The program of a policy over some cases, run by node: the engine of the page without the page."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.layout import pathways
from policy.javascript import ENGINE, Program, compiled
from policy.model import Policy, Settings

NODE = shutil.which("node")
_RUN = """
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const levers = evaluation.leversRead(asked.program.nodes);
const said = asked.blocks.map(({ root, size, columns, codes }) => {
  const rows = new evaluation.Rows(size, columns.map((one) => one && Int32Array.from(one)), codes, asked.program.spans);
  const of = new evaluation.Evaluation(asked.program, levers, rows, root);
  return asked.settings.map((values) => {
    const found = Array(size).fill(null);
    of.outcomes(values).forEach((plane, code) => evaluation.eachRow(plane, size, (row) => {
      found[row] = found[row] === null ? code : "two outcomes";
    }));
    return found;
  });
});
process.stdout.write(JSON.stringify(said));
"""


def outcomes(policy: Policy, cases: Cases, settings: Sequence[Settings]) -> NDArray[np.int64]:
    """The outcome of every case under every setting, as its place in OUTCOMES: int (settings, cases)."""
    program = compiled(policy)
    where = pathways(policy, cases)
    blocks, places = [], []
    for at in np.unique(where).tolist():
        rows = np.flatnonzero(where == at)
        places.append(rows)
        blocks.append(_block(program, cases, program.roots[at], rows))
    asked = {
        "program": program.data(),
        "blocks": blocks,
        "settings": [[lever.values().index(one[name]) for name, lever in policy.levers.items()] for one in settings],
    }
    found = np.full((len(settings), len(cases)), -1)
    for rows, said in zip(places, run(_RUN, asked), strict=True):
        found[:, rows] = said
    return found


def of_roots(program: Program, roots: Sequence[int], cases: Cases) -> list[list[int]]:
    """What each of some nodes makes of all cases, the levers at their first values."""
    rows = np.arange(len(cases))
    blocks = [_block(program, cases, root, rows) for root in roots]
    values = [[0] * len(program.policy.levers)]
    return [said[0] for said in run(_RUN, {"program": program.data(), "blocks": blocks, "settings": values})]


def _block(program: Program, cases: Cases, root: int, rows: NDArray[np.intp]) -> dict[str, Any]:
    fields, _ = program.reads(root)
    columns = [cases.facts[name][rows].tolist() if name in fields else None for name in program.fields]
    codes = [program.codes.index(code) if code in program.codes else -1 for code in map(str, cases.dx[rows])]
    return {"root": root, "size": len(rows), "columns": columns, "codes": codes}


def run(script: str, asked: object) -> Any:
    """What a script prints, as JSON, with the engine before it and `asked` on its standard input."""
    assert NODE
    done = subprocess.run(
        [NODE, "-e", f"{ENGINE.read_text('utf-8')}\n{script}"],
        input=json.dumps(asked), capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
