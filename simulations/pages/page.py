"""The page itself: one file of HTML with its style, its scripts and its cases inside, that asks for nothing else."""

import base64
import hashlib
import json
from pathlib import Path
from string import Template
from typing import Any

from policy.javascript import ENGINE, compiled
from policy.model import OUTCOMES
from policy.problems import refuse
from simulations.pages.content import Command, content
from simulations.pages.embedded import embedded
from simulations.population.loading import is_table
from simulations.reports.html_table import esc, tabulated
from simulations.reports.notices import NOT_MET
from simulations.reports.table_cells import LABELS
from simulations.statistics.number_format import percent
from simulations.studies.comparison import Study

LARGEST = 100_000  # cases in one file
NOT_A_TABLE = (
    "is a table of cases, and whoever gets a page gets all the cases in it: name a population, whose cases are made up"
)
FOLDER = Path(__file__).resolve().parent
SCRIPTS = (ENGINE, *(FOLDER / f"{name}.js" for name in ("model", "words", "tables", "levers", "page")))


def offline_page(study: Study, command: Command) -> bytes:
    """A page in which every lever moves over the cases of a study; `command` makes it again.

    Raises ProblemsFound for cases that are not drawn from a population, or more than 100,000.
    """
    if not study.cases.drawn:
        raise refuse("population", study.cases.name, NOT_A_TABLE)
    refuse_too_many(study.cases.size)
    program = compiled(study.scenario.policy)
    held = embedded(study, program)
    said = content(study, held, command)
    said |= {"program": program.data(), "blocks": held.blocks}
    script = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    style = (FOLDER / "page.css").read_text("utf-8")
    page = Template((FOLDER / "page.html").read_text("utf-8")).substitute(
        policy=_allowed(script, style), title=esc(said["title"]), notice=esc(f"{study.document.notice} {NOT_MET}"),
        style=style, script=script, still=_still(said), content=_as_data(said),
        cases=base64.b64encode(held.data).decode(),
    )  # fmt: skip
    return page.encode()


def refuse_a_table(population: str | None) -> None:
    """Refuse a file of cases before a line of it is read."""
    if is_table(population or ""):
        raise refuse("population", Path(str(population)).name, NOT_A_TABLE)


def refuse_too_many(size: object) -> None:
    """Refuse more cases than one file may hold."""
    if isinstance(size, int) and size > LARGEST:
        raise refuse("size", "size", f"{size:,} cases are too many for one file; at most {LARGEST:,}")


def _allowed(script: str, style: str) -> str:
    """What a browser may do with the page: run and look as this very text says, and nothing else."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)]
    return (
        f"default-src 'none'; script-src 'sha256-{hashes[0]}'; style-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _as_data(said: dict[str, Any]) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _still(said: dict[str, Any]) -> str:
    """Where no script runs: the outcomes under the baseline, and where the page was opened."""
    before = [sum(row) for row in said["flow"]]
    rows = [(LABELS[word], f"{n:,}", percent(n / sum(before))) for word, n in zip(OUTCOMES, before, strict=True)]
    return tabulated("Policy as it stands", ("Outcome", "Cases", "Share"), rows).html
