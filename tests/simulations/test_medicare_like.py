"""No Medicare-like preset approves what the determination behind it, as read, does not: from a table typed by hand."""

import itertools
import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

import policy
from policy.model import OUTCOMES, Policy
from policy.reading.scenario import Edit, edited
from simulations import population
from simulations.cli.command import main
from simulations.scenario.loading import find_scenario, shipped
from simulations.studies.impact import determined
from simulations.studies.medicare import settings_of
from tests.simulations.medicare_table import PAGE, Line, lines, page, possible, spoken_of

VERSIONS = sorted(name for name in policy.shipped() if name.startswith("nerve_blocks@"))
LINES = lines()
PERFECT = {  # all that any pathway could ask for
    "pain_duration_days": 900, "conservative_care_days": 400, "conservative_care_failed": True,
    "tried_physical_therapy": True, "tried_nsaid": True, "tried_exercise": True, "function_limited": True,
    "imaging_other_cause": False, "diagnostic_blocks_done": 2, "block_1_relief_pct": 95, "block_2_relief_pct": 95,
    "blocks_comparative": True, "image_guidance": "fluoroscopy", "trigger_points_on_exam": True, "nerve_named": True,
    "failed_anticonvulsants": 5, "failed_preventives": 5, "failed_fibromyalgia_drugs": 3, "headache_days_per_month": 20,
    "tn_specialist_diagnosis": True, "tn_mri_done": True, "sessions_last_12m": 0,
}  # fmt: skip


def battery(pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """For each pair of codes the perfect request in every intent, site, stage and with or without radiculopathy, and
    400 made-up ones."""
    drawn = population.generate(population.load("pain_clinic_dual_block"), 400, 5)
    choices = itertools.product(
        ("diagnostic", "therapeutic", "acute", "preventive"), ("office", "ed"), (True, False), (True, False), (0, 1, 2)
    )
    names = ("intent", "site_of_service", "radiculopathy", "clinical_trial", "diagnostic_blocks_done")
    perfect = pd.DataFrame([PERFECT | dict(zip(names, values, strict=True)) for values in choices])
    perfect.loc[perfect["diagnostic_blocks_done"] < 2, "block_2_relief_pct"] = None
    perfect.loc[perfect["diagnostic_blocks_done"] < 1, "block_1_relief_pct"] = None
    frames = [part.assign(dx=dx, cpt=cpt) for dx, cpt in pairs for part in (perfect, drawn)]
    table = pd.concat(frames, ignore_index=True)
    return table.assign(case_id=[f"c{i}" for i in range(len(table))])


def judged(document: Policy, preset: str, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """dx, cpt, radiculopathy and outcome, under the preset and as the policy stands."""
    table = battery(pairs)
    cases = policy.Cases.from_frame(table, document)
    settings = settings_of(document, find_scenario(preset, document))
    found = table[["dx", "cpt", "radiculopathy"]].copy()
    for name, one in (("preset", settings), ("stands", document.settings())):
        found[name] = [OUTCOMES[word] for word in determined(cases, one).outcome]
    return found


def test_every_medicare_like_preset_has_its_table():
    assert {line.preset for line in LINES} == {name for name in shipped() if name.startswith("p2")}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("preset", dict.fromkeys(line.preset for line in LINES))
def test_the_table_has_each_pair_of_codes_that_the_preset_speaks_of_once(preset: str, version: str):
    document = policy.load(version)
    typed = [(dx, cpt) for line in LINES if line.preset == preset for dx in line.dx for cpt in line.cpt]
    assert len(typed) == len(set(typed))
    assert set(typed) == set(spoken_of(document, find_scenario(preset, document)))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.preset}-{line.dx[0]}-{line.cpt[0]}")
def test_a_preset_gives_nothing_that_its_determination_does_not(line: Line, version: str):
    """By its pathways: not covered is not met with the reason, and what cannot be computed is never met."""
    document = policy.load(version)
    settings = settings_of(document, find_scenario(line.preset, document))
    for dx, cpt in itertools.product(line.dx, line.cpt):
        words = possible(settings, dx, cpt)
        assert set(words) <= line.allowed, (dx, cpt, words)


@pytest.mark.parametrize("preset", dict.fromkeys(line.preset for line in LINES))
def test_no_request_is_approved_where_the_policy_would(preset: str):
    """By their determinations, over perfect requests and made-up ones; the policy as it stands meets some of them."""
    document = policy.load("nerve_blocks")
    mine = [line for line in LINES if line.preset == preset]
    found = judged(document, preset, [(dx, cpt) for line in mine for dx in line.dx for cpt in line.cpt])
    assert (found["preset"] == "met").sum() == 0
    assert (found["stands"] == "met").any() or preset == "p2b_cms_epidural"
    for line in mine:
        rows = found[found["dx"].isin(line.dx) & found["cpt"].isin(line.cpt)]
        assert set(rows["preset"]) <= line.allowed
        if line.axial == "not_covered":
            axial = rows["radiculopathy"].eq(False)
            assert axial.any()
            assert set(rows.loc[axial, "preset"]) == {"not_met"}


def test_the_reason_names_the_closed_list():
    document = policy.load("nerve_blocks")
    for preset, cpt, named in (("p2a_cms_facet", "64490", "M47.81"), ("p2c_cms_trigger_point", "20553", "M79.10")):
        settings = settings_of(document, find_scenario(preset, document))
        cases = policy.Cases.from_frame(battery([("M54.2", cpt)]), settings.policy)
        reasons = policy.determine(settings.policy, cases, settings).frame()["reasons"]
        assert reasons.str.contains("closed list").all()
        assert reasons.str.contains(named).all()


def test_codes_that_are_on_the_list_keep_the_thresholds_and_are_referred(tmp_path: Path):
    """A plan that adds the covered codes to a policy of its own, in place of those left out."""
    text = policy.shipped()["nerve_blocks@2026.2"].read_text("utf-8").split("\nexamples:")[0] + "\n"
    text = text.split("\ndirection_exceptions:")[0] + "\n"  # their cases have codes that are left out
    text = text.replace('"M54.2": {label', '"M47.812": {label').replace('"M53.81": {label', '"M47.814": {label')
    text = text.replace('"M54.6": {label', '"M47.813": {label').replace('code: "M53.81"', 'code: "M47.814"')
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    own = policy.load(tmp_path / "own.yaml")
    settings = settings_of(own, find_scenario("p2a_cms_facet", own))
    assert {"review", "pend", "not_met"} <= set(possible(settings, "M47.812", "64633")) <= {"review", "pend", "not_met"}
    cases = policy.Cases.from_frame(battery([("M47.812", "64633")]), settings.policy)
    frame = policy.determine(settings.policy, cases, settings).frame()
    assert (frame["outcome"] == "review").any()
    assert frame.loc[frame["outcome"] == "review", "reasons"].str.contains("region").all()
    mixed = text.replace('"M47.813": {label', '"M54.6": {label')
    (tmp_path / "own.yaml").write_text(mixed, encoding="utf-8")
    with pytest.raises(policy.problems.ProblemsFound, match=r"the list has .*M47\.812.* and not M54\.6"):
        find_scenario("p2a_cms_facet", policy.load(tmp_path / "own.yaml"))


def test_what_is_met_is_referred_and_nothing_else_changes():
    """`refer` turns met into review, at any setting of the action levers; with it what waits for the word that tells
    met from review."""
    document = policy.load("nerve_blocks")
    edit = Edit(refer=("migraine_occipital_block", "trigeminal_block", "spine_occipital_block"), because="x")
    new = edited(document, [edit])
    pairs = [("G43.709", "64405"), ("G50.0", "64400"), ("M54.2", "64405"), ("G43.819", "64405")]
    cases = policy.Cases.from_frame(battery(pairs), document)
    seen = 0
    for word, selection, on in itertools.product(
        ("review", "not_met", "met_if_prereqs"), ("review", "mri_done"), ("off", "on")
    ):
        levers = {"insufficient_evidence_action": word, "gon_acute_action": word, "tn_selection": selection,
                  "confirmed_facet_other_code": word, "ahs2025_ed_pathway": on}  # fmt: skip
        before = determined(cases, document.settings(levers)).outcome
        after = determined(cases, new.settings(levers)).outcome
        met = before == OUTCOMES.index("met")
        seen += met.sum()
        assert (after[met] == OUTCOMES.index("review")).all()
        other = ~met & (after != before)
        assert set(before[other]) <= {OUTCOMES.index("pend")}
        assert set(after[other]) <= {OUTCOMES.index("review")}
    assert seen


def test_the_command_determines_explains_and_translates_a_preset(tmp_path: Path):
    """A scenario that changes pathways is a policy of its own, to `determine`, `explain`, `sql` and an engine alike."""
    pairs = [("M54.2", "20553"), ("G43.709", "64405"), ("M54.2", "62320"), ("M53.81", "64490")]
    table, cases = battery(pairs), tmp_path / "cases.csv"
    table.to_csv(cases, index=False)
    for preset in ("p2b_cms_epidural", "p2d_cms_peripheral_nerve"):
        out = tmp_path / f"{preset}.csv"
        done = CliRunner().invoke(main, ["determine", str(cases), "--scenario", preset, "--out", str(out)])
        assert done.exit_code == 0, done.output
        assert "and its source is silent on the others" in done.output
        told = CliRunner().invoke(main, ["explain", str(cases), "--case", "c7", "--scenario", preset])
        assert told.exit_code == 0, told.output
        query = CliRunner().invoke(main, ["sql", "--scenario", preset]).output
        with duckdb.connect() as engine:
            engine.execute(f"CREATE TABLE cases AS SELECT * FROM read_csv('{cases}', all_varchar=true)")
            there = engine.execute(query).df().set_index("case_id")["outcome"].to_dict()
        document = policy.load("nerve_blocks")
        settings = settings_of(document, find_scenario(preset, document))
        here = determined(policy.Cases.from_frame(table, document), settings)
        written = pd.read_csv(out).set_index("case_id")["outcome"].to_dict()
        words = dict(zip(table["case_id"], (OUTCOMES[word] for word in here.outcome), strict=True))
        assert words == written == there


@pytest.mark.slow
def test_compare_takes_the_pathways_of_a_preset_into_account():
    """Refusing is a change; the levers alone would be called mixed or equal."""
    said = CliRunner().invoke(main, ["compare", "nerve_blocks", "p2e_cms_peripheral_nerve_proposed", "--prove"]).output
    assert re.search(r"migraine_occipital_block: never looser", said)
    assert re.search(r"spine_trigger_point: equal", said)


def test_the_page_is_what_the_table_says():
    """`python -m tests.simulations.medicare_table` makes it again."""
    assert PAGE.read_text("utf-8") == page(policy.load("nerve_blocks"))
    assert "does not give: 0." in PAGE.read_text("utf-8")
