"""The approval rate at every value of one lever, the others as they stand: a picture, and the numbers beside it."""

from notebooks.closer import image
from simulations import Study
from simulations.reports import sweep_chart, sweep_findings
from simulations.studies.sweep import Flows, sweep

__all__ = ["CURVE", "curve"]

CURVE = """<style>
.nbw .beside{display:flex;flex-wrap:wrap;gap:0 18px;align-items:flex-start}
.nbw .beside>img{flex:3 1 640px;min-width:0;width:100%;max-width:900px}
.nbw .beside>.wide{flex:2 1 380px;font-size:.9em;min-width:0;max-height:480px;overflow:auto}
</style>"""


def curve(study: Study, lever: str, flows: Flows) -> str:
    """Ready HTML; of people about so much (the cases laid out in `flows` say so themselves)."""
    study = study.about()
    swept = sweep(study, lever, flows)
    picture = sweep_chart.sweep_figure(study, swept, lever)
    table = sweep_findings.sweep_table(study, swept, lever, words=("met",))
    return f'<div class="beside">{image(picture)}{table.html}</div>'
