"""The same question without the panel: a line for a terminal, and lines of Python; both give the same numbers."""

from notebooks.keeping import Report, called, command_of_levers, command_of_two, found_again, in_the_checkout, kept_in
from notebooks.takeaway.tables import stem
from policy.model import as_word
from policy.problems import ProblemsFound, refuse
from policy.reading.workspace import VARIABLE
from simulations import Study
from simulations.population import load as load_population

__all__ = ["as_command", "as_python", "refuse_what_has_no_name"]

_COUNTS = """print(study.impact.finding())
print(study.impact.outcomes())
print(study.impact.groups())  # each diagnosis and procedure
"""
_ABOUT = """print(live(study.impact))  # these cases may be people: shares of rounded counts
"""


def as_command(study: Study) -> Report:
    """`workbook simulate` for this study; ProblemsFound where no name leads to its policy or cases again."""
    refuse_what_has_no_name(study)
    if study.version:
        return command_of_two(study.policy, study.version, study.cases)
    return command_of_levers(study.provisions(), study.policy, study.cases, stem(study))


def as_python(study: Study) -> str:
    """Lines that print the numbers of this study; ProblemsFound as in `as_command`."""
    refuse_what_has_no_name(study)
    cases = study.cases
    given: dict[str, object] = {"policy": str(called(study.document))}
    given |= {"baseline": str(called(study.policy))} if study.version else {}
    moved = {lever: n if isinstance(n, int) else as_word(n) for lever, n in study.provisions().items()}
    given |= {"provisions": moved} if moved else {}
    given |= {"population": str(cases.path or cases.name)}
    given |= {"size": cases.size, "seed": cases.seed} if cases.drawn else {}
    given |= {"import_options": how} if (how := cases.options.given()) else {}
    given |= {"exact": True} if cases.people and cases.exact else {}
    imports = "from simulations.reports.impact_findings import live\n" if study.guarded else ""
    if not in_the_checkout():
        imports = f'{imports}import os\n\nos.environ["{VARIABLE}"] = {kept_in().as_posix()!r}\n'
    asked = "".join(f"    {name}={value!r},\n" for name, value in given.items())
    return f"import simulations\n{imports}\nstudy = simulations.ask(\n{asked})\n{_ABOUT if study.guarded else _COUNTS}"


def refuse_what_has_no_name(study: Study) -> None:
    """Refuse a draft, a file that nobody named, criteria that a scenario changed, and assumptions of its own."""
    for one in study.documents:
        if not found_again(one):
            message = f"{one.titled} is a draft, or from a file that the notebook was not opened with: save it first"
            raise refuse("repeat", one.name, message)
    if study.scenario.policy.fingerprint != study.document.fingerprint:
        raise refuse("repeat", study.document.name, "its criteria are changed by a scenario: repeat that by its name")
    if study.cases.drawn and not _drawn_again(study):
        raise refuse("repeat", study.cases.name, "its assumptions are changed by a scenario: repeat that by its name")


def _drawn_again(study: Study) -> bool:
    try:
        found = load_population(str(study.cases.path or study.cases.name), study.policy)
    except ProblemsFound:
        return False
    return found.fingerprint == study.cases.fingerprint
