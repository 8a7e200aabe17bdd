"""Which column of a file is which column of a case table; unknown, doubled, blank and identifying ones are refused."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import pyarrow as pa

from policy.case_files.grammar import bare
from policy.case_files.identifiers import HIDDEN, identifying_column, quoted
from policy.model import Policy
from policy.problems import Problem, ProblemsFound, nearest, refuse

GROUP = r"group_[a-z0-9_]{1,40}"


def columns_of(
    schema: pa.Schema, policy: Policy, name: str, rename: Mapping[str, str] | None = None, ignore: Sequence[str] = (),
    elsewhere: Collection[str] = (),
) -> dict[str, str]:  # fmt: skip
    """Column of a case table -> column of the file; raises ProblemsFound with all that is wrong.

    `elsewhere`: columns that another version of the policy knows, passed over where this one does not.
    """
    rename, place, problems, found = rename or {}, f"{name}:1", list[Problem](), dict[str, str]()
    known = [f for f, x in policy.fields_.items() if x.told]
    types = dict(zip(schema.names, schema.types, strict=True))
    names = {rename.get(c, bare(c).lower()) for c in schema.names}
    if names and not names & {*known}:  # perhaps the first row of somebody: nothing of it is shown
        message = "names no column of a case table; a header with case_id, dx and cpt is needed" + _looks_like(schema)
        raise refuse("header", place, message)
    problems += [Problem("column", place, said) for said in _unnamed(schema, rename, ignore)]
    for original in schema.names:
        column, told = rename.get(original, bare(original).lower()), original if quoted(original) != HIDDEN else HIDDEN
        if original in ignore or (column in elsewhere and column not in known):
            continue
        if not column:
            problems.append(Problem("column", place, "a column has no name in the header"))
        elif identifying_column(original, known) or identifying_column(column, known):
            message = f"column {quoted(original)} looks like an identifier of a person; remove it from the file"
            problems.append(Problem("identifier", place, message, column=told))
        elif column not in known and not re.fullmatch(GROUP, column):
            how = f"rename it or leave it out, in the file or by --map and --ignore{nearest(column, known)}"
            problems.append(Problem("column", place, f"unknown column {quoted(original)}: {how}", column=told))
        elif not plain(types[original]):
            message = f"column {quoted(original)} holds {types[original]}; each cell needs one plain value"
            problems.append(Problem("type", place, message, column=original))
            found[column] = original
        elif column in found:
            problems.append(Problem("column", place, f"column {quoted(column)} stands twice", column=original))
        else:
            found[column] = original
    for column in [c for c in known if policy.fields_[c].required and c not in found]:
        problems.append(Problem("column", place, f"the required column '{column}' is missing", column=column))
    if problems:
        raise ProblemsFound(problems)
    return found


def _unnamed(schema: pa.Schema, rename: Mapping[str, str], ignore: Sequence[str]) -> Iterator[str]:
    """What is wrong with the columns that are to be mapped or left out."""
    for missing in [c for c in (*rename, *ignore) if c not in schema.names]:
        near = nearest(missing, [c for c in schema.names if quoted(c) != HIDDEN])
        yield f"no column is called {quoted(missing)}{near}"
    for both in [c for c in rename if c in ignore]:
        yield f"column {quoted(both)} is mapped and also ignored; say one"


def _looks_like(schema: pa.Schema) -> str:
    first = bare(schema.names[0])[:1]
    looks = {"<": ". The file looks like a web page", "#": ". The first line looks like a comment"}
    return looks.get(first, ". The first line is not shown, as it may be somebody's row")


def plain(kind: pa.DataType) -> bool:
    """Whether a cell is one number, text, truth or date, and not a list, a record or bytes."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType) or "binary" in str(kind))
