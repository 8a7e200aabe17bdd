"""What gives facts to the cases of a table from beside it, and the column that says whose they are."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from policy.bits.rows import Ints
from policy.case_files.columns import columns_of, plain
from policy.case_files.grammar import bare
from policy.case_files.identifiers import HIDDEN, identifying_column, quoted
from policy.model import CaseField, Policy
from policy.problems import Problem, ProblemsFound, collecting, nearest


class Derived(Protocol):
    """Facts that are worked out, see `PlanHistory` in policy/history/facts.py."""

    key: str

    @property
    def fields(self) -> Mapping[str, CaseField]:
        """The fields that it gives."""

    def begin(self) -> None:
        """The table is read from its beginning."""

    def facts(self, keys: NDArray[np.object_], facts: Mapping[str, Ints]) -> Mapping[str, NDArray[np.int64]]:
        """The numbers of some rows, -1 where not documented, -1 - n where at least n; perhaps above the greatest."""

    def remarks(self) -> Iterator[str]:
        """What the reader of a result must know."""


def columns_beside(
    schema: pa.Schema, policy: Policy, name: str, rename: Mapping[str, str], ignore: Sequence[str], derived: Derived,
    elsewhere: Collection[str] = (),
) -> tuple[dict[str, str], str]:  # fmt: skip
    """As `columns_of`, with the column of the keys apart: one source for each fact, and a key for each row."""
    problems: list[Problem] = []
    found: dict[str, str] = {}
    names = {c: rename.get(c, bare(c).lower()) for c in schema.names if c not in ignore}
    keys = [original for original, column in names.items() if derived.key in (original, column)]
    apart = [original for original in keys if names[original] not in policy.fields_]
    rest = pa.schema([one for one in schema if one.name not in apart])
    with collecting(problems):
        left = {column: to for column, to in rename.items() if column not in apart}
        found = columns_of(rest, policy, name, left, ignore, elsewhere=elsewhere)
    problems += [Problem("column", f"{name}:1", said) for said in _wrong_keys(schema, policy, derived, keys, [*names])]
    for column, original in found.items():
        if column in derived.fields:
            message = (
                f"column {quoted(original)} stands in the table, and --history gives it too: one source is needed;"
            )
            message += f" leave it out with --ignore {original}, or leave out --history"
            problems.append(Problem("column", f"{name}:1", message, column=column))
    if problems:
        raise ProblemsFound(problems)
    return found, keys[0]


def _wrong_keys(
    schema: pa.Schema, policy: Policy, derived: Derived, keys: Sequence[str], names: Sequence[str]
) -> Iterator[str]:
    if identifying_column(derived.key, [*policy.fields_]):
        yield f"column {quoted(derived.key)} looks like an identifier of a person; give a key of your own"
    elif not keys:
        near = nearest(derived.key, [c for c in names if quoted(c) != HIDDEN])
        yield f"no column is called {quoted(derived.key)}, which says the key of the history (--history-key){near}"
    elif len(keys) > 1:
        yield f"column {quoted(derived.key)} stands twice"
    elif not plain(schema.field(keys[0]).type):
        yield f"column {quoted(keys[0])} holds {schema.field(keys[0]).type}; each cell needs one plain value"
