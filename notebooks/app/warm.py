"""What a page needs, read before anybody asks for it; a kernel imports this when it starts."""

from contextlib import suppress

import policy
import simulations
from notebooks import panels
from policy.problems import ProblemsFound

for _name in panels.__all__:
    getattr(panels, _name)
with suppress(ProblemsFound):  # the page tells them
    simulations.cases_of(policy.load(), size=10_000, seed=1)
