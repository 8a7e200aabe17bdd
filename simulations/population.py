"""Made-up requests: a page of YAML that an epidemiologist can read becomes a case table.

`load` reads and checks a page, `generate` makes any slice of its cases, `against_targets` says how they compare with
what is published. The page is described in population_page.py, the drawing in drawing.py.
"""

from simulations.calibration import against_targets
from simulations.drawing import CHUNK, LAST_CASE, MOST_CASES, facts_of, generate, write_chunks
from simulations.population_compiler import altered, load, parse, shipped
from simulations.population_page import COLUMNS, FOLDER
from simulations.population_tables import Population

__all__ = [
    "CHUNK", "COLUMNS", "FOLDER", "LAST_CASE", "MOST_CASES", "Population", "against_targets", "altered", "facts_of",
    "generate", "load", "parse", "shipped", "write_chunks",
]  # fmt: skip
