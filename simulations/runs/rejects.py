"""The rejected rows of a case table as a file: row level, not for release; written with what is made of the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from policy.problems import ProblemsFound, refuse
from policy.storage.files import as_before, save
from policy.storage.locks import real
from simulations.runs.outputs import Inputs, check_files
from simulations.studies.import_options import MOST_REJECTS, ImportOptions, TooManyRejected

if TYPE_CHECKING:  # a determination does without them
    import pandas as pd

    from simulations.studies.caseload import Caseload

_COLUMNS = ["file", "line", "case_id", "column", "value", "problem"]


def rejects_table(rejected: "pd.DataFrame", name: str) -> bytes:
    """Rows with a problem each, as CSV: file, line, case_id, column, value, problem."""
    from simulations.storage.tables import table_bytes

    return table_bytes(rejected.rename(columns={"row": "line"}).assign(file=name)[_COLUMNS], Path("rejects.csv"))


@contextmanager
def alone_if_too_many(rejects: str | Path | None, out: str | Path) -> Iterator[None]:
    """Too many rejected rows in the block, or none that is left: they alone are written, and that is said."""
    try:
        yield
    except TooManyRejected as found:
        if rejects is None:
            raise
        save(Path(rejects), rejects_table(found.rejected, found.name))
        message = f"{found.message}; written: {rejects}, not written: {out}"
        raise refuse("rejects", found.name, message) from None


def with_rejects(how: ImportOptions, rejects: str | Path | None) -> ImportOptions:
    """The options with a share of rows that may be rejected, where there is a file for them; and only there."""
    if rejects is not None and how.max_rejects is None:
        return replace(how, max_rejects=MOST_REJECTS)
    if rejects is None and how.max_rejects is not None:
        raise refuse("import-options", "max_rejects", "needs rejects, a file for the rows that are left out")
    return how


def check_rejects(rejects: str | Path | None, inputs: Inputs, out: str | Path | None = None) -> None:
    """Refuse a file that is read, that cannot be written, or that lies in `out`, the folder of a report."""
    if rejects is None:
        return
    if problems := check_files(inputs, {str(rejects): (".csv",)}):
        raise ProblemsFound(problems)
    if out is not None and real(Path(rejects)).is_relative_to(real(Path(out))):
        message = f"lies in {out}, which holds the report and nothing else; name a file elsewhere"
        raise refuse("write", str(rejects), message)


def write_rejects(cases: "Caseload", rejects: str | Path | None, instead: str) -> None:
    """Write the rows that were left out, if there is a file for them; of too many they alone, not `instead`."""
    with alone_if_too_many(rejects, instead):
        cases.check_left_out()
    if rejects is not None:
        save(Path(rejects), rejects_table(cases.rejected, cases.name))


@contextmanager
def put_back(rejects: str | Path | None) -> Iterator[None]:
    """Where the block fails, a file that it wrote is as it was before; `as_before` of a file that is wanted."""
    if rejects is None:
        yield
        return
    with as_before(Path(rejects)):
        yield
