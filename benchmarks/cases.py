"""The cases that everybody answers: a shipped population, encoded once and kept under build/ for the next run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.walk import DIAGNOSIS, PATHWAY, least_of, named
from policy.bits.rows import Ints
from policy.case_files.reader import Cases
from policy.determinations.layout import pathways
from policy.model import Policy
from simulations import population
from simulations.counting.grouping import Groups
from simulations.counting.streaming import batches

POPULATION, SEED = "seed_low_prevalence", 1
KEPT = Path("build") / "bench"
BLOCKS, GROUPS = "group_block", 864  # the column that counts are split by: so many groups, the cases in turn


def kept(policy: Policy, size: int) -> Path:
    """Where the cases of one size are kept, as whole numbers."""
    return KEPT / f"{POPULATION}_{policy.fingerprint[:12]}_{size}.npz"


def words() -> dict[str, list[str]]:
    """The columns that are text, and the words that their numbers stand for."""
    page = population.load(POPULATION)
    codes = {name: sorted(page[name].values) for name in ("dx", "cpt")}
    return codes | {name: ["false", "true"] for name in page.truths}


def drawn(policy: Policy, size: int, groups: int = GROUPS) -> Cases:
    """Cases 0 to `size` - 1 of the population, without names, encoded as the door encodes them."""
    path, codes = kept(policy, size), words()
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".part").open("wb") as file:
            np.savez(file, **_drawn(policy, size, codes))  # type: ignore[arg-type]
        path.with_suffix(".part").rename(path)
    with np.load(path) as held:
        facts = {name: held[name] for name in held}
    texts = {name: _categorical(facts.pop(name), found) for name, found in codes.items()}
    texts[BLOCKS] = _categorical(np.arange(size) % groups, [f"{i}" for i in range(groups)])
    ids = np.broadcast_to(np.array("", dtype=object), size)
    return Cases(policy, ids, texts.pop("dx"), texts.pop("cpt"), facts, texts)


def _categorical(codes: Ints, words: list[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=pd.Index(words, dtype=object))


def _drawn(policy: Policy, size: int, codes: dict[str, list[str]]) -> dict[str, Ints]:
    arrays: dict[str, Ints] = {}
    done, page = 0, population.load(POPULATION)
    for batch in batches(policy.settings(), page, size, SEED, page.truths):
        cases = batch.cases
        texts = {"dx": cases.dx, "cpt": cases.cpt, **cases.groups}
        found = {k: texts[k].set_categories(words).codes for k, words in codes.items()} | cases.facts
        for name, values in found.items():
            arrays.setdefault(name, np.empty(size, values.dtype))[done : done + len(cases)] = values
        done += len(cases)
    return arrays


@dataclass(frozen=True)
class Columns:
    """What every contender starts from: whole numbers, one for each row.

    `facts`: what the policy reads, -1 where missing; `codes`: never missing (walk.py); `labels`: groups to count by.
    """

    policy: Policy
    facts: dict[str, Ints]
    codes: dict[str, Ints]
    labels: NDArray[np.int16]
    groups: int

    @classmethod
    def of(cls, cases: Cases, groups: Groups) -> "Columns":
        """The columns of some cases."""
        policy = cases.policy
        criteria = [name for criterion in policy.criteria.values() for name in criterion.test.facts()]
        switches = [switch.field for rule in policy.rules() for switch in rule.switches()]
        places = [named(policy).index(c) + 1 if c in named(policy) else 0 for c in cases.dx.categories]
        codes = {
            PATHWAY: pathways(policy, cases).astype(np.int8),
            DIAGNOSIS: np.array(places, dtype=np.int8)[cases.dx.codes],
        }
        bounded = [name for name, kind in policy.fields_.items() if kind.bounds]
        codes |= {least_of(name): np.maximum(-1 - cases.facts[name], 0).astype(np.int8) for name in bounded}
        facts = {name: np.maximum(cases.facts[name], -1) for name in dict.fromkeys([*criteria, *switches])}
        labels = groups.of(cases) if groups.names else np.zeros(len(cases))
        return cls(policy, facts, codes, labels.astype(np.int16), len(groups))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: NDArray[np.intp]) -> "Columns":
        """The rows at these positions."""
        facts, codes = ({k: v[rows] for k, v in held.items()} for held in (self.facts, self.codes))
        return Columns(self.policy, facts, codes, self.labels[rows], self.groups)

    def flag(self, name: str) -> bool:
        """Whether a fact is yes or no."""
        return name in self.facts and self.policy.fields_[name].type == "boolean"

    def by_pathway(self) -> list[tuple[int, NDArray[np.intp]]]:
        """The rows of each pathway that occurs (-1: none)."""
        order = np.argsort(self.codes[PATHWAY], kind="stable")
        found, first = np.unique(self.codes[PATHWAY][order], return_index=True)
        return list(zip(found.tolist(), np.split(order, first[1:]), strict=True))
