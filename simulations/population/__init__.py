"""Made-up requests: a page of YAML that an epidemiologist can read becomes a case table.

`load` reads and checks a page (`NAME,DIAGNOSIS=60` moves its mix of requests), `generate` makes any slice of its
cases, `against_targets` says how they compare with what is published. The page is described in page.py, the
drawing in sampling.py.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulations.population.calibration import against_targets
    from simulations.population.columns import columns_of
    from simulations.population.loading import altered, compared_for, default_for, parse, shipped
    from simulations.population.page import FOLDER
    from simulations.population.probability_tables import Population
    from simulations.population.request_mix import load, with_mix
    from simulations.population.sampling import CHUNK, LAST_CASE, MOST_CASES, chunks, facts_of, generate, write_chunks
else:
    _NAMES = {
        "calibration": "against_targets", "loading": "altered compared_for default_for parse shipped",
        "page": "FOLDER columns_of",
        "probability_tables": "Population", "request_mix": "load with_mix",
        "sampling": "CHUNK LAST_CASE MOST_CASES chunks facts_of generate write_chunks",
    }  # fmt: skip
    _NAME_IN = {name: home for home, names in _NAMES.items() for name in names.split()}

    def __getattr__(name):
        """Imported when it is asked for: a page that cannot be read is refused without waiting for pandas."""
        if name not in _NAME_IN:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"simulations.population.{_NAME_IN[name]}"), name)

    def __dir__():
        return __all__


__all__ = [
    "CHUNK", "FOLDER", "LAST_CASE", "MOST_CASES", "Population", "against_targets", "altered", "chunks", "columns_of",
    "compared_for", "default_for", "facts_of", "generate", "load", "parse", "shipped", "with_mix", "write_chunks",
]  # fmt: skip
