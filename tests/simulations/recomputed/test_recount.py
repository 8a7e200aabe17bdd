"""Every number of one report per template, made again by code apart from the product's (recount.py), differences 0.

The cases are the product's draw, read as rows of text; outcomes, counts, shares and intervals are made here. Counts are
compared exactly, shares to 1e-9 after rounding as the file does. `pytest -rP` says how many numbers were compared.

Not made again, or not independently:
- `assumptions` of summary.json and assumption_* of spreads.csv: the reports are run with draws=0; what a drawn page
  is worth is the product's own reading of its ranges (tests/simulations/test_assumptions.py asks that).
- reasons_baseline and reasons_scenario of examples.csv, in_words of levers.csv, all but the first
  column of sources.csv, labels and fingerprints: words. Pages in HTML and pictures are not read; the
  sentences that are (headline, finding, the Medicare notice) are those of summary.json.
- papers.csv: asked, alone, could_be_met, could_be_refused, and price.one_paper: which papers can still matter is what
  tests/policy/brute_force.py searches, too slow for a whole table; here only that `alone` adds up to one_paper.
- expected of targets_*.csv and predictive_values.csv, prevalence, sensitivity, false_positive and cut_off.csv:
  exact sums over a page's tables; held to five standard errors of 400,000 other draws of the product's generator.
- low and high of bootstrap.csv: luck of the product's own stream; held to the multinomial within 4.5 standard errors.
- gaps.csv where requests are the same: the effective sizes of standardised shares follow the words of the docstring, as
  no paper has just this steadied variance. can_tell, depends and direction exceptions: read off page and policy by eye.
- Which change has an exact interval instead of Newcombe's, as its levers can move approvals only one way: by eye.
"""

import pandas as pd
import pytest

from tests.simulations.recomputed.recount import (
    differences,
)


@pytest.mark.parametrize("wrong", [{"cases": 4}, {"pct": 33.3334}, {"pct": None}, {"group": "b"}])
def test_one_wrong_cell_is_a_difference(wrong):
    mine = [{"group": "a", "cases": 3, "pct": 100 / 3}]
    right = {"group": "a", "cases": 3, "pct": 33.3333}
    assert not differences(mine, pd.DataFrame([right]))
    assert differences(mine, pd.DataFrame([right | wrong]))
    assert differences(mine, pd.DataFrame([right, right]))
    assert differences(mine, pd.DataFrame([right | {"more": 1}]))
