"""What the reader of a result must know about its table, once, with the number of rows: what is odd, not wrong."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from policy.case_files.cells import Ints
from policy.case_files.grammar import EPOCH, REMARKED_DAY
from policy.case_files.identifiers import quoted
from policy.model import Policy
from policy.problems import listed

FEWEST = 5  # values from which a column of days may look like one of weeks
MOST_WEEKS = 26
CARE = "conservative_care_days"


def requoted(columns: Mapping[str, str], ignore: Sequence[str]) -> Iterable[str]:
    """Columns under another name, and those left out."""
    other = [f"{quoted(original)} as {column}" for column, original in columns.items() if column != original]
    if other:
        yield f"columns read under another name: {', '.join(other)}"
    if ignore:
        yield f"columns left out as asked: {', '.join(map(quoted, ignore))}"


def missing_columns(policy: Policy, absent: Sequence[str], dx: pd.Categorical, cpt: pd.Categorical) -> Iterable[str]:
    """How many columns are not there, and which of them the rules for the codes of the table can read."""
    if not absent:
        return
    read = _read_for(policy, {*dx.categories}, {*cpt.categories})
    matter = [name for name in absent if name in read]
    count = f"{len(absent)} column{'s are' if len(absent) > 1 else ' is'} not in the file, not documented for every row"
    some = (
        f"the rules for its codes can read {listed(matter, len(matter))}"
        if matter
        else "the rules for its codes read none of them"
    )
    yield f"{count}; {some}"


def _read_for(policy: Policy, dx: set[str], cpt: set[str]) -> set[str]:
    """The columns that some rule may read for codes such as these."""
    groups = {
        name
        for name, group in policy.diagnoses.items()
        if dx & group.codes.keys() or any(code.startswith(tuple(group.prefixes)) for code in dx)
    }
    families = {name for name, family in policy.procedures.items() if cpt & family.codes.keys()}
    names: set[str] = set()
    for pathway in policy.pathways.values():
        if groups.intersection(pathway.selects.diagnosis) and families.intersection(pathway.selects.procedure):
            names |= policy.facts_read(pathway.rule)
    kinds = [policy.fields_[name] for name in names if policy.fields_[name].type == "months"]
    return names | {str(column) for kind in kinds for column in (kind.onset, kind.request, kind.days)}


def standard_form(column: str, changes: Mapping[str, str], rows: int) -> str:
    """Codes that were written otherwise."""
    sample = ", ".join(f"{quoted(text)[1:-1]} as {code}" for text, code in list(changes.items())[:3])
    return f"column {column}: {rows:,} codes were read in their standard form ({sample})"


def not_stated(column: str, words: Sequence[str], rows: int) -> str:
    """Words of a column of groups that mean missing."""
    return f"column {column}: {_rows(rows)} with {listed(map(repr, words))} taken as not stated"


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"


def of_values(policy: Policy, facts: Mapping[str, Ints], dx: pd.Categorical) -> Iterable[str]:
    """Days and per cents that look like another unit, days that stand for nothing, and what contradicts itself."""
    for name, kind in policy.fields_.items():
        if name not in facts or kind.ignored:
            continue
        told = facts[name][facts[name] >= 0]
        if kind.type == "percent" and len(told) and told.max() == 100:
            span = f"min {told.min() / 100:g}, median {np.median(told) / 100:g}, max 1"
            yield f"column {name}: no value is above 1 ({span}): is it 0-1 or 0-100? Read as per cent, 0-100"
        if kind.type == "whole" and kind.unit == "days":
            given = told[told > 0]
            if len(given) >= FEWEST and given.max() <= MOST_WEEKS < kind.max:
                span = f"values {given.min()} to {given.max()}, median {np.median(given):g}"
                yield f"column {name}: {span}: are these weeks? Or months? They are read as days"
        if kind.type == "date" and (first := int((told == (REMARKED_DAY - EPOCH).days).sum())):
            yield f"column {name}: {_rows(first)} with {REMARKED_DAY}, which some programs write for no date"
    yield from _contradictions(policy, facts)
    for code, since in policy.retired_codes.items():
        if code in dx.categories and (rows := int((dx == code).sum())):
            yield f"column dx: {_rows(rows)} with {code}, which is no longer a valid code: {since}"


def _contradictions(policy: Policy, facts: Mapping[str, Ints]) -> Iterable[str]:
    for kind in policy.fields_.values():
        if kind.type != "months":
            continue
        onset, request, days = (facts[str(c)].astype(np.int64) for c in (kind.onset, kind.request, kind.days))
        dated = (onset >= 0) & (request >= onset)
        if far := int((dated & (days >= 0) & (abs(request - onset - days) > 31)).sum()):
            yield f"{far:,} rows: dates and {kind.days} differ by more than 31 days; the dates count"
        if CARE in facts:
            pain = np.where(dated, request - onset, days)
            if longer := int(((pain >= 0) & (facts[CARE] > pain)).sum()):
                yield f"{_rows(longer)} with more days of conservative care than of pain"
