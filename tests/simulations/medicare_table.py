"""The Medicare-like presets beside what their determinations were read to say.

What the determinations say is typed by hand (medicare_like.yaml); what a preset says is worked out from its pathways.
`python -m tests.simulations.medicare_table` writes docs/medicare_like.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

import policy
from notebooks.rules import ends
from policy.evaluation.pathways import diagnosis_group, pathway_of
from policy.model import OUTCOMES, Policy, Settings
from policy.reading.scenario import Scenario
from policy.storage.files import save
from simulations.scenario.loading import find_scenario
from simulations.studies.medicare import settings_of

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "medicare_like.md"
READ = "2026-11-28"
LIMIT = {"not_covered": {"not_met", "mismatch"}, "on_conditions": {"not_met", "pend", "review"}}
LIMIT["not_read"] = LIMIT["on_conditions"]
HEAD = f"""# The Medicare-like presets, code by code

Made by `python -m tests.simulations.medicare_table`. The right-hand columns are typed by hand from what Medicare's
determinations were read to say on {READ} (P primary text, S secondary text; H, M, L how sure); no live site was seen,
and nothing here is advice on coverage. *The preset* lists every outcome that it can give such a request. A procedure
that a preset does not speak of is judged by the policy, not by Medicare's terms, whatever the preset.
"""


@dataclass(frozen=True)
class Line:
    """Diagnosis and procedure codes of which one preset is held against one reading of a determination."""

    preset: str
    dx: tuple[str, ...]
    cpt: tuple[str, ...]
    says: str  # not_covered, on_conditions, not_read
    words: str
    known: str
    axial: str = ""
    cannot: str = ""

    @property
    def allowed(self) -> set[str]:
        """The outcomes that the preset may give."""
        return LIMIT["on_conditions"] if self.cannot else LIMIT[self.says]


def lines() -> list[Line]:
    """All that was typed by hand."""
    table = yaml.safe_load((HERE / "medicare_like.yaml").read_text("utf-8"))
    return [
        Line(preset, tuple(row.pop("dx")), tuple(row.pop("cpt")), **row)
        for preset, rows in table.items()
        for row in rows
    ]


def possible(settings: Settings, dx: str, cpt: str) -> list[str]:
    """Every outcome that the preset can give a request with these codes, in the order of the outcome words."""
    document = settings.policy
    name = pathway_of(document, str(diagnosis_group(document, dx)), cpt)
    words = ends(settings, document.pathways[str(name)].rule)
    constant = document.pathways[str(name)].rule.outcome is not None
    return sorted(words[:1] if constant else words, key=OUTCOMES.index)


def spoken_of(document: Policy, plan: Scenario) -> Iterator[tuple[str, str]]:
    """The codes that a preset speaks of; of a group with a prefix, one code that begins so."""
    for family, groups in plan.applies_to.items():
        for group in groups:
            codes = [*document.diagnoses[group].codes, *(f"{x}09" for x in document.diagnoses[group].prefixes)]
            yield from ((dx, cpt) for dx in codes for cpt in document.procedures[family].codes)


def page(document: Policy) -> str:
    """The page in docs."""
    parts, approvals = [HEAD], 0
    for preset in dict.fromkeys(line.preset for line in lines()):
        plan = find_scenario(preset, document)
        settings = settings_of(document, plan)
        parts.append(f"\n## {plan.label} (`{preset}`)\n\n{plan.because}\n\nSource: {plan.citation}. {plan.status}.\n\n")
        parts.append("| diagnosis | procedure | the preset | the determination, as read | how it is known |\n")
        parts.append("|---|---|---|---|---|\n")
        for line in (one for one in lines() if one.preset == preset):
            words = {word for dx in line.dx for cpt in line.cpt for word in possible(settings, dx, cpt)}
            approvals += "met" in words
            mine = ", ".join(sorted(words, key=OUTCOMES.index)) + (f" ({line.cannot})" if line.cannot else "")
            said = f"**{line.says.replace('_', ' ')}**: {line.words}"
            parts.append(f"| {', '.join(line.dx)} | {', '.join(line.cpt)} | {mine} | {said} | {line.known} |\n")
        rest = "".join(f"- {term}\n" for term in plan.not_modelled)
        parts.append(f"\nNot modelled:\n\n{rest}")
    return "".join(parts) + f"\nApprovals that a determination, as read, does not give: {approvals}.\n"


if __name__ == "__main__":
    save(PAGE, page(policy.load("nerve_blocks")).encode())
