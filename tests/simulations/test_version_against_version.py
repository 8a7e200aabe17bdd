"""One version of a policy held against another: whose change does what, and the report of the two."""

import json
from pathlib import Path

import pandas as pd
import pytest

import simulations
from policy.problems import ProblemsFound
from policy.storage.files import save
from simulations.population.page import FOLDER
from simulations.studies.version_changes import WHOLE, attribute_versions
from tests.simulations.families import (
    DATED,
    EIGHT,
    NAME,
    SIX,
    document,
    family,
    in_force,
    ran,
    two_years,
)

# Version against version ----------------------------------------------------------------------------------------------

FAILED = '- is: {conservative_care_failed: "true"}'


def changed(there: Path, **more: str) -> None:
    """The second version asks for eight weeks, no failure of the care, and says its title otherwise."""
    instead = {FAILED: '- is: {function_limited: "true"}', "title: Nerve-block injections": "title: Blocks"} | more
    family(
        there,
        document("2026.1", "adopted", {"conservative_weeks": SIX}, in_force("2026-01-01")),
        document("2027.1", "adopted", {"conservative_weeks": EIGHT}, in_force("2027-01-01"), instead),
    )


def test_each_change_of_a_version_has_its_share(there: Path):
    changed(there)
    study = simulations.ask(f"{NAME}@2027.1", baseline=f"{NAME}@2026.1", size=3000)
    found = attribute_versions(study)
    assert found is not None
    assert found.provisions == ("conservative_weeks", "criteria.conservative_care")
    alone = [
        simulations.ask(f"{NAME}@{version}", size=3000, provisions={"conservative_weeks": weeks}).impact.counts.sum(
            axis=(0, 1, 2)
        )[0]
        for version, weeks in (("2026.1", 6), ("2026.1", 8), ("2027.1", 6), ("2027.1", 8))
    ]
    assert found.game().tolist() == alone
    assert sum(found.shares().values()) == alone[3] - alone[0]


def test_a_criterion_added_and_one_taken_out_are_changes_of_their_pathways(there: Path):
    changed(there)
    home = there / "workspace" / "policies" / NAME
    old, new = ((home / f"{version}.yaml").read_text("utf-8") for version in ("2026.1", "2027.1"))
    extra = (
        "  in_hospital:\n    says: A hospital.\n    ask: site\n    citation: ours\n    origin: assumption\n"
        "    test: {is: {site_of_service: outpatient}}\n"
    )
    new = new.replace("\ncriteria:\n", f"\ncriteria:\n{extra}", 1).replace("require: [", "require: [in_hospital, ", 1)
    save(home / "2027.1.yaml", new.encode())
    assert new != old
    study = simulations.ask(f"{NAME}@2027.1", baseline=f"{NAME}@2026.1", size=2000)
    found = attribute_versions(study)
    assert found is not None
    assert WHOLE not in found.provisions
    assert any(name.partition(".")[0] in ("pathways", "gates") for name in found.provisions)
    flow = study.impact.counts.sum(axis=(0, 1))
    assert (found.game()[0], found.game()[-1]) == (flow.sum(axis=1)[0], flow.sum(axis=0)[0])


def test_what_cannot_be_told_apart_is_one_change(there: Path):
    changed(there, **{'"M79.7": {label': '"M79.6": {label'})
    study = simulations.ask(f"{NAME}@2027.1", baseline=f"{NAME}@2026.1", size=2000)
    found = attribute_versions(study)
    assert found is not None
    assert found.provisions == ("conservative_weeks", WHOLE)
    flow = study.impact.counts.sum(axis=(0, 1))
    assert (found.game()[0], found.game()[-1]) == (flow.sum(axis=1)[0], flow.sum(axis=0)[0])


def test_a_report_of_one_version_against_another(there: Path):
    changed(there)
    words = ("--baseline", f"{NAME}@2026.1", "--policy", NAME, "--set", "relief_pct=70", "--size", "1000")
    told = ran("simulate", *words, "-p", "draws=0", "--out", "report")
    assert told.exit_code == 0, told.output
    summary = json.loads((there / "report" / "summary.json").read_bytes())
    assert [summary[key]["version"] for key in ("policy", "baseline")] == ["2027.1", "2026.1"]
    assert summary["scenario"]["provisions"] == {"relief_pct": 70}
    shares = pd.read_csv(there / "report" / "attribution.csv")
    assert shares["provision"].tolist() == ["conservative_weeks", "relief_pct", "criteria.conservative_care"]
    met = [summary["outcomes"][side]["met"] for side in ("baseline", "scenario")]
    assert shares["share"].sum() == pytest.approx(met[1] - met[0])
    said = pd.read_csv(there / "report" / "changes.csv")
    assert "Minimum conservative care: 6 weeks -> 8 weeks" in said[said["may_decide"]]["change"].tolist()
    assert "title: Nerve-block injections -> Blocks" in said[~said["may_decide"]]["change"].tolist()
    page = (there / "report" / "approval_impact.html").read_text("utf-8")
    assert "Blocks, version 2027.1, against Nerve-block injections, version 2026.1" in page
    assert "the test behind the sentence is another" in page


def test_a_report_that_has_no_use_for_a_baseline_says_so(there: Path):
    two_years(there)
    told = ran("simulate", "lever_sweep", "--baseline", f"{NAME}@2026.1", "--policy", NAME, "--out", "report")
    assert (told.exit_code, "has no parameter 'baseline'" in told.output) == (1, True)


def test_a_report_as_of_a_day(there: Path):
    family(there, document("2026.1", "adopted", {"conservative_weeks": DATED}, in_force("2026-01-01")))
    words = ("--policy", NAME, "--as-of", "2026-05-05", "--size", "300", "-p", "draws=0", "--out", "report")
    told = ran("simulate", *words, "--set", "conservative_weeks=8")
    assert told.exit_code == 0, told.output
    summary = json.loads((there / "report" / "summary.json").read_bytes())
    assert summary["scenario"]["changes"] == [
        "Minimum conservative care (conservative_weeks): 6 weeks -> 8 weeks (stricter)"
    ]
    assert summary["policy"]["values_from"] == "2026-01-01"


def test_a_baseline_of_another_id_is_told_where_the_population_is_of_the_first(there: Path):
    """Not that the policy, which is there and was named, is none."""
    family(there, document("2026.1"))
    other = there / "other.yaml"
    save(other, document("2026.1", name="other").encode())
    page = there / "page.yaml"
    text = (FOLDER / "seed_low_prevalence.yaml").read_text("utf-8")
    save(page, text.replace("id: seed_low_prevalence\n", "id: page\npolicy: other\n", 1).encode())
    assert simulations.ask(other, population=page, size=10).cases.size == 10
    with pytest.raises(ProblemsFound) as found:
        simulations.ask(other, baseline=f"{NAME}@2026.1", population=page, size=10)
    said = str(found.value)
    assert f"is a population of other, but its cases are to be read by {NAME}@2026.1: the ids differ" in said
    assert f"its id is {NAME}, and that of other@2026.1 is other: a baseline is a version of the same policy" in said
    assert "no policy" not in said


def test_two_versions_that_read_a_cell_differently_are_not_compared(there: Path):
    instead = {"[diagnostic, therapeutic, acute, preventive]": "[acute, diagnostic, therapeutic, preventive]"}
    family(there, document("2026.1"), document("2027.1", instead=instead))
    with pytest.raises(ProblemsFound, match=r"fields\.intent: is read in one way by blocks@2026\.1 and in another"):
        simulations.ask(f"{NAME}@2027.1", baseline=f"{NAME}@2026.1", size=10)
