"""What is shown, as files in the folder exports of the workspace: the same bytes for the same levers and cases."""

from pathlib import Path

from notebooks.keeping import keep, kept_in, linked_file, named_in_a_terminal, seen
from notebooks.page import bullets, esc
from notebooks.takeaway.repeat import refuse_what_has_no_name
from notebooks.takeaway.tables import marks, sheets, stem
from simulations import Study
from simulations.runs.again import as_options
from simulations.storage.spreadsheet import spreadsheet
from simulations.storage.tables import table_bytes

__all__ = ["EXPORTS", "export", "exported", "file_bytes"]

EXPORTS = {  # ending -> what a person calls the file
    "csv": "Table as CSV",
    "xlsx": "Table for Excel",
    "svg": "Figure as SVG",
    "png": "Figure as PNG",
    "html": "Make the page",
}
_TO_KEEP = ("csv", "xlsx")  # which no browser shows
_BOM = b"\xef\xbb\xbf"  # else Excel reads the dashes and arrows of a CSV as something else


def export(study: Study, kind: str) -> Path:
    """Write one kind of file of a study; ProblemsFound where it may not be told, or cannot be written."""
    path = kept_in() / "exports" / f"{stem(study)}.{kind}"
    keep(path, file_bytes(study, kind))
    return path


def exported(study: Study, path: Path) -> str:
    """Where a file is and what it tells, with a link where there is a server; ready HTML."""
    kind = path.suffix[1:]
    levers = study.impact.changes(names=False)
    said = bullets(map(esc, levers)) if levers else "<p>No lever is moved: the policy as it stands.</p>"
    opens = " Opens in any browser, without Python or a network." if kind == "html" else ""
    return (
        f"<p>Written: {linked_file(path, kind in _TO_KEEP)}.{opens} It is of {esc(repr(study.cases))}, with:</p>{said}"
    )


def file_bytes(study: Study, kind: str) -> bytes:
    """A study as a file of a kind (see `EXPORTS`)."""
    if kind == "html":
        return _page(study)
    if kind in ("svg", "png"):
        return _figure(study, kind)
    tables = sheets(study)
    if kind == "xlsx":
        return spreadsheet(tables, f"{study.titled}: {study.asks()}")
    first = next(iter(tables.values()))
    return _BOM + table_bytes(first.assign(**marks(study)), Path("table.csv"))


def _figure(study: Study, kind: str) -> bytes:
    """The outcomes, drawn as the reports draw them; all that was asked stands in the properties of the file."""
    from simulations.reports.impact_chart import outcomes_figure  # here, as nobody should wait for what draws figures

    asked = "\n".join(f"{name}: {text}" for name, text in marks(study).items())
    return outcomes_figure(study.about()).again(kind, asked)


def _page(study: Study) -> bytes:
    """The page in which every lever moves, opened at the levers as they stand; ProblemsFound for a table of cases."""
    from simulations.pages.content import Command
    from simulations.pages.page import offline_page

    if study.cases.drawn:
        refuse_what_has_no_name(study)  # the page says how it is made again
    cases = study.cases
    population = seen(cases.path.resolve()) if cases.path else cases.name
    options = ["--policy", named_in_a_terminal(study.document), *as_options(study.provisions())]
    options += ["--population", population, "--size", str(cases.size), "--seed", str(cases.seed)]
    return offline_page(study, Command(None, tuple(options), f"{stem(study)}.html"))
