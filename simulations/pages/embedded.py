"""Made-up cases as a page holds them: the rows of a pathway together, of each the facts that the pathway reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.determinations.layout import pathways
from policy.javascript import Program
from policy.model import OUTCOMES, Policy
from simulations.counting.grouping import OUTSIDE, Groups
from simulations.studies.comparison import Study
from simulations.studies.impact import under
from simulations.studies.subgroups import MOST_GROUPS, group_columns, labelled

KINDS = {1: "Int8Array", 2: "Int16Array", 4: "Int32Array"}  # bytes of a number -> how JavaScript calls a row of such
_NO_CODE = -1  # of a diagnosis for which no rule asks


@dataclass
class Embedded:
    """Cases for a page: `blocks` say what lies where in `data`, as JSON; `groups`: diagnosis and procedure of each.

    `subgroups`: column -> its words, in each block in this order, a byte a case; '' is not documented. A block is the
    rows of a `pathway` (its place; the last: none); `parts` are stretches of them [group, baseline outcome, how many].
    """

    groups: list[tuple[str, str]]
    subgroups: dict[str, list[str]]
    blocks: list[dict[str, Any]] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)

    def add(self, values: NDArray[Any]) -> str:
        """Put numbers behind all others, at a multiple of four bytes; the kind of the row."""
        self.data += values.astype(values.dtype.newbyteorder("<")).tobytes()
        self.data += bytes(-len(self.data) % 4)
        return KINDS[values.dtype.itemsize]


def embedded(study: Study, program: Program) -> Embedded:
    """All cases of a study, made up, at most one slice."""
    (cases,) = labelled(study)
    policy = study.policy
    before = determine(policy, cases, study.baseline, asking=False).outcome
    where, (group, labels) = pathways(program.policy, under(cases, program.policy)), _groups(policy, cases)
    columns = {name: _column(policy, cases, name) for name in group_columns(cases)}
    told = {name: one for name, one in columns.items() if len({*one[0].tolist()}) > 1 and len(one[1]) <= MOST_GROUPS}
    found = Embedded(labels, {name: words for name, (_, words) in told.items()})
    root = np.where(where < 0, len(program.roots) - 1, where)
    order = np.lexsort((before, group, root))
    for at in np.unique(root).tolist():
        rows = order[root[order] == at]
        parts = [[*pair, n] for *pair, n in _stretches(group[rows], before[rows])]
        fields, coded = program.reads(program.roots[at])
        names = [name for name in program.fields if name in fields]
        places = [program.fields.index(name) for name in names]
        kinds = [found.add(_smallest(cases.facts[name][rows])) for name in names]
        block = {"pathway": at, "rows": len(rows), "parts": parts, "fields": places, "kinds": kinds}
        found.blocks.append(block | ({"codes": found.add(_codes(cases, program)[rows])} if coded else {}))
        for codes, _ in told.values():
            found.add(codes[rows].astype(np.int8))
    return found


def _groups(policy: Policy, cases: Cases) -> tuple[NDArray[np.intp], list[tuple[str, str]]]:
    """The place of each case's diagnosis x procedure (n,) among those that occur, in the order of the policy."""
    by = Groups(policy, ("diagnosis", "procedure"))
    numbers = by.of(cases)
    diagnoses, procedures = [*policy.diagnoses, OUTSIDE], [*policy.procedures, OUTSIDE]
    labels = [(one, other) for one, other in by.numbers]
    ordered = sorted(labels, key=lambda pair: (diagnoses.index(pair[0]), procedures.index(pair[1])))
    return np.array([ordered.index(label) for label in labels], dtype=np.intp)[numbers], ordered


def _column(policy: Policy, cases: Cases, name: str) -> tuple[NDArray[np.integer], list[str]]:
    """Of a subgroup column the place of each case's word (n,), and the words."""
    by = Groups(policy, (name,))
    numbers = by.of(cases)
    labels = [label for (label,) in by.numbers]
    words = list(cases.groups[name].categories) if name in cases.groups else list(policy.fields_[name].words)
    ordered = [*(str(word) for word in words if str(word) in labels), *([""] if "" in labels else [])]
    return np.array([ordered.index(label) for label in labels], dtype=np.int64)[numbers], ordered


def _codes(cases: Cases, program: Program) -> NDArray[np.int16]:
    """The place of each case's diagnosis code among those that rules ask for (n,)."""
    known = {code: place for place, code in enumerate(program.codes)}
    places = np.array([known.get(str(code), _NO_CODE) for code in cases.dx.categories], dtype=np.int16)
    return places[cases.dx.codes]


def _smallest(values: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in as few bytes as hold them all."""
    for kind in (np.int8, np.int16):
        span = np.iinfo(kind)
        if span.min <= values.min() and values.max() <= span.max:
            return values.astype(kind)
    return values.astype(np.int32)


def _stretches(group: NDArray[np.intp], before: NDArray[np.int8]) -> Iterator[tuple[int, int, int]]:
    """Rows one after the other with the same group and outcome: both, and how many."""
    key = group * len(OUTCOMES) + before
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    for place, size in zip(starts.tolist(), np.diff([*starts, len(key)]).tolist(), strict=True):
        yield int(group[place]), int(before[place]), size
