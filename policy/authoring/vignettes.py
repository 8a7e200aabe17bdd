"""Cases with the answer that a person expects, from YAML files that policy staff can write.

A file holds a `case` and `vignettes` that change it: name, set (levers), change (facts; null = not documented), expect
(one outcome for each reading named), and under the reading `default` perhaps not_met, not_documented and ask.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policy.authoring.enumeration import Row, as_cases
from policy.case_files.reader import Cases
from policy.determinations.determination import determine
from policy.model import OUTCOMES, Policy, Settings
from policy.problems import Problem, ProblemsFound, listed, nearest, refuse, shown
from policy.reading.yaml import Node, read_text, read_yaml

Readings = Mapping[str, Mapping[str, object]]  # name of a reading -> its provisions
LISTS = ("not_met", "not_documented", "ask")
KEYS = ("name", "set", "change", "expect", *LISTS, "reasons_mention")


@dataclass(frozen=True)
class Vignette:
    """One case under some levers, its expected outcome in each reading, and lists expected under `default`."""

    place: str
    name: str
    case: Row
    provisions: dict[str, str]
    expect: dict[str, str]
    lists: dict[str, tuple[str, ...]]


def read_vignettes(paths: Iterable[Path]) -> list[Vignette]:
    """Every vignette of the files, or of the .yaml files of folders; raises ProblemsFound with file and line."""
    files = [f for path in paths for f in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    found: list[Vignette] = []
    problems: list[Problem] = []
    for file in files:
        try:
            found += _file(read_yaml(read_text(file), str(file), nulls=True), file)
        except ProblemsFound as wrong:
            problems += wrong.problems
    if problems:
        raise ProblemsFound(problems)
    if not found:
        raise refuse("vignettes", ", ".join(map(str, paths)) or "vignettes", "holds no vignettes")
    return found


def _file(tree: Node, file: Path) -> list[Vignette]:
    content = tree.plain()
    if not isinstance(content.get("case"), dict) or not isinstance(content.get("vignettes"), list):
        raise refuse("vignettes", f"{file}:1", "needs case (facts) and vignettes (a list)")
    found, problems = [], []
    for i, entry in enumerate(content["vignettes"]):
        line = tree.line_of(("vignettes", i))
        wrong = _wrong(entry)
        if wrong:
            problems.append(Problem("vignette", f"{file}:{line}", wrong))
            continue
        facts = {**content["case"], **entry.get("change", {})}
        case = {column: value for column, value in facts.items() if value not in ("null", "~", "")}
        lists = {key: tuple(sorted(entry[key])) for key in LISTS if key in entry}
        found.append(Vignette(f"{file.name}:{line}", entry["name"], case, entry.get("set", {}), entry["expect"], lists))
    if problems:
        raise ProblemsFound(problems)
    return found


def _wrong(entry: Any) -> str | None:
    if not isinstance(entry, dict) or not {"name", "expect"} <= set(entry) or not isinstance(entry["expect"], dict):
        return "a vignette needs name and expect"
    for key in set(entry) - set(KEYS):
        return f"unknown key {shown(key)}; known: {listed(KEYS)}{nearest(key, KEYS)}"
    for word in entry["expect"].values():
        if word not in OUTCOMES:
            return f"{shown(word)} is no outcome; one of {listed(OUTCOMES)}{nearest(str(word), OUTCOMES)}"
    return None


def example_vignettes(policy: Policy) -> list[Vignette]:
    """The worked examples of a policy as vignettes, asked as the policy stands."""
    return [
        Vignette(
            f"examples.{i}", example.name, dict(example.case), dict(example.set_), {"default": example.expect},
            {} if example.asks is None else {"ask": tuple(sorted(example.asks))},
        )
        for i, example in enumerate(policy.examples)
    ]  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """The vignettes that one reading asks under the same levers, with their cases: one determination for all."""

    reading: str
    provisions: dict[str, object]
    vignettes: tuple[Vignette, ...]
    cases: Cases
    expected: NDArray[np.int8]

    def settings(self, policy: Policy) -> Settings:
        """The batch's levers over a policy's defaults."""
        return policy.settings(self.provisions)

    def failing(self, policy: Policy, lists: bool = False) -> list[tuple[Vignette, str]]:
        """The vignettes that `policy` answers otherwise than expected, with its outcome.

        `lists`: also those with other lists than expected, with what is another.
        """
        cases = self.cases if policy == self.cases.policy else replace(self.cases, policy=policy)
        settings = self.settings(policy)
        if not (lists and self.reading == "default"):
            outcome = determine(policy, cases, settings, asking=False).outcome
            return [(self.vignettes[i], OUTCOMES[outcome[i]]) for i in np.flatnonzero(outcome != self.expected)]
        frame = determine(policy, cases, settings).frame().astype(str)
        found = []
        for vignette, words in zip(self.vignettes, frame.to_dict("records"), strict=True):
            said = {key: tuple(sorted(filter(None, words[key].split(";")))) for key in vignette.lists}
            if words["outcome"] != vignette.expect[self.reading]:
                found.append((vignette, str(words["outcome"])))
            elif said != vignette.lists:
                other = [(key, said[key], wanted) for key, wanted in vignette.lists.items() if said[key] != wanted]
                told = (f"{key} comes out as {_names(got)}; expected is {_names(wanted)}" for key, got, wanted in other)
                found.append((vignette, "; ".join(told)))
        return found


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def batches(vignettes: Sequence[Vignette], policy: Policy, readings: Readings) -> list[Batch]:
    """All that is to be asked, the largest batches first; raises ProblemsFound for a reading or lever unknown."""
    try:
        table = as_cases([vignette.case for vignette in vignettes], policy)
    except ProblemsFound as wrong:
        places = [vignettes[p.row - 1].place if p.row else p.place for p in wrong.problems]
        raise ProblemsFound(
            Problem(p.code, place, p.message) for p, place in zip(wrong.problems, places, strict=True)
        ) from None
    keyed: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for row, vignette in enumerate(vignettes):
        for reading in vignette.expect:
            if reading not in readings:
                near = nearest(reading, readings)
                message = f"no reading is called {shown(reading)}; known: {listed(readings)}{near}"
                raise refuse("reading", vignette.place, message)
            keyed.setdefault((reading, tuple(sorted(vignette.provisions.items()))), []).append(row)
    found = []
    for (reading, levers), rows in keyed.items():
        group = [vignettes[row] for row in rows]
        provisions = {**readings[reading], **dict(levers)}
        try:
            policy.settings(provisions)
        except ProblemsFound as wrong:
            raise ProblemsFound(Problem(p.code, group[0].place, str(p)) for p in wrong.problems) from None
        expected = np.array([OUTCOMES.index(v.expect[reading]) for v in group], dtype=np.int8)
        found.append(Batch(reading, provisions, tuple(group), table.take(np.array(rows)), expected))
    return sorted(found, key=lambda batch: -len(batch.vignettes))
