"""The groups that counts are split by: diagnosis, procedure, and columns of the case table."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policy.case_files.reader import Cases
from policy.evaluation.pathways import diagnosis_group
from policy.model import Policy
from policy.problems import nearest, refuse, shown

OUTSIDE = "outside_policy"  # the diagnosis or procedure of a code that the policy does not cover


@dataclass
class Groups:
    """Combinations of group columns, numbered as they are met: the same labels have the same number in every slice.

    `names`: `diagnosis` (group), `procedure` (family), `dx`, `cpt`, a fact, or a group column of the cases; a
    value that is not documented is ''. Raises ProblemsFound for any other name.
    """

    policy: Policy
    names: tuple[str, ...] = ()
    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.names:
            self.numbers[()] = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def of(self, cases: Cases) -> NDArray[np.intp]:
        """Number of the group of each case: (n,); (0,) when there is only one group."""
        if not self.names:
            return np.zeros(0, dtype=np.intp)
        columns = [self._column(cases, name) for name in self.names]
        key = np.zeros(len(cases), dtype=np.int64)
        for codes, words in columns:
            key = key * len(words) + codes
        where, present = pd.factorize(key)
        numbers = []
        for combination in present.tolist():
            label: list[str] = []
            for _, words in reversed(columns):
                combination, code = divmod(combination, len(words))
                label.insert(0, words[code])
            numbers.append(self.numbers.setdefault(tuple(label), len(self.numbers)))
        found: NDArray[np.intp] = np.array(numbers, dtype=np.intp)[where]
        return found

    def frame(self) -> pd.DataFrame:
        """One row for each group in the order of the numbers, one column of text for each name."""
        rows = list(self.numbers)
        return pd.DataFrame(
            {name: [row[i] for row in rows] for i, name in enumerate(self.names)}, index=range(len(rows))
        )

    def _column(self, cases: Cases, name: str) -> tuple[NDArray[np.integer], Sequence[str]]:
        """Codes from 0 and their words."""
        policy = self.policy
        if name in ("diagnosis", "procedure"):
            codes = cases.dx if name == "diagnosis" else cases.cpt
            families = {code: family for family, found in policy.procedures.items() for code in found.codes}
            of = (lambda code: diagnosis_group(policy, code)) if name == "diagnosis" else families.get
            words = [*(policy.diagnoses if name == "diagnosis" else policy.procedures), OUTSIDE]
            place = np.array([words.index(of(str(code)) or OUTSIDE) for code in codes.categories], dtype=np.int32)
            return place[codes.codes], words
        kind = policy.fields_.get(name)
        if kind is not None and name in cases.facts and kind.type in ("boolean", "choice", "whole"):
            choices = {"boolean": ("false", "true"), "choice": kind.choices}
            words = ["", *choices.get(kind.type, map(str, range(kind.span[1] + 1)))]
            return np.maximum(cases.facts[name], -1) + np.int32(1), words
        texts = {"dx": cases.dx, "cpt": cases.cpt, **cases.groups}
        if name not in texts:
            known = ("diagnosis", "procedure", *texts, *cases.facts)
            raise refuse("group", "groups", f"{shown(name)} is no column to group by{nearest(name, known)}")
        return texts[name].codes + np.int32(1), ["", *map(str, texts[name].categories)]
