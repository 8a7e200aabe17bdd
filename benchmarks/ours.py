"""This package: direct evaluation, and counting in levels."""

import numpy as np
from numpy.typing import NDArray
from simulations.counting.data_cube import Batch
from simulations.counting.profiles import counted

from benchmarks.cases import Columns
from policy.cases.reader import Cases
from policy.evaluation.determination import determine
from policy.model import Settings
from simulations.counting.grouping import Groups


class Direct:
    """Rows grouped by pathway, one byte a fact, truths by minimum and maximum."""

    name = "this package, direct"

    def __init__(self, cases: Cases, groups: Groups, columns: Columns | None = None):
        self.batch, self.groups = Batch(cases), groups
        self.batch.labels(groups)
        self.determine(cases.policy.settings())

    def determine(self, settings: Settings) -> NDArray[np.int8]:
        """The outcome code of every row."""
        cases = self.batch.cases
        return determine(cases.policy, cases, settings, memory=self.batch.memory, asking=False).outcome

    def counts(self, settings: Settings) -> NDArray[np.int64]:
        """How many rows of each group have each outcome."""
        return counted(self.batch, settings, self.groups)
