"""What people read about levers and refusals: sentences from the numbers, tables that add up, pictures that repeat."""

from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from simulations import ask, population
from simulations.reports import denials_chart, denials_findings, sweep_chart, sweep_findings
from simulations.reports.html_table import Shown
from simulations.studies import denials, sweep
from simulations.studies.comparison import Study
from simulations.studies.shapley import attribute

LEVER, OTHER = "conservative_weeks", "axial_spine_stance"


@pytest.fixture(scope="module")
def study() -> Study:
    return ask(provisions={LEVER: 8, "rfa_stance": "never_outside_trial"}, size=1200)


@pytest.fixture(scope="module")
def tables(study: Study) -> dict[str, pd.DataFrame]:
    made = {
        "sweep": sweep.sweep(study, LEVER),
        "grid": sweep.grid(study, LEVER, OTHER),
        "ranking": sweep.ranking(study),
    }
    return made | sweep_findings.tables(study, attribute(study))


@pytest.fixture(scope="module")
def dissected(study: Study) -> denials.Anatomy:
    return denials.dissect(study.scenario, study.cases)


def shown(study: Study, tables: dict[str, pd.DataFrame], found: denials.Anatomy) -> list[Shown]:
    parts = attribute(study)
    return [
        sweep_findings.headline(study, tables["sweep"], LEVER),
        sweep_findings.sweep_table(study, tables["sweep"], LEVER),
        sweep_findings.ranking_table(study, tables["ranking"]), sweep_findings.share_table(study, parts),
        sweep_findings.interaction_table(study, parts), denials_findings.headline(study, found),
        denials_findings.causes(study, found), denials_findings.criteria(study, found), denials_findings.steps(found),
        denials_findings.bunching(found), denials_findings.price(study, found), denials_findings.papers(found),
    ]  # fmt: skip


def test_every_table_with_outcomes_sums_to_the_cases(tables: dict[str, pd.DataFrame], dissected: denials.Anatomy):
    every = {**tables, **denials_findings.tables(dissected)}
    counted = [name for name, table in every.items() if set(OUTCOMES) <= set(table.columns)]
    assert counted == ["sweep", "grid"]
    for name in counted:
        assert (every[name][list(OUTCOMES)].sum(axis=1) == every[name]["cases"]).all()
        assert (every[name]["cases"] == 1200).all()
    assert every["causes"]["cases"].sum() == dissected.outcomes()["not_met"]
    favourable = every["price"][every["price"]["what"].str.startswith("favourable_")]
    assert favourable["cases"].sum() == dissected.price()["open"]


def test_pages_are_well_formed_and_say_what_the_text_says(study: Study, tables, dissected):
    for one in shown(study, tables, dissected):
        page = ElementTree.fromstring(f"<div>{one.html}</div>")
        on_page = " ".join(" ".join(page.itertext()).split())
        words = {word.strip("(),.:;") for word in one.text.split()} - {"-", ""}
        assert {word for word in words if word not in on_page} == set()


def test_the_sentence_of_a_sweep_has_the_ends_and_the_steepest_step(study: Study, tables):
    said = sweep_findings.range_finding(study, tables["sweep"], LEVER)
    rates = tables["sweep"]["met"] / tables["sweep"]["cases"]
    assert f"{100 * rates.max():.1f}% (0 weeks)" in said
    assert f"{100 * rates.min():.1f}% (26 weeks)" in said
    steps = [abs(rates[i + 1] - rates[i]) for i in range(len(rates) - 1)]
    at = steps.index(max(steps))
    assert f"{at} week{'s' * (at != 1)} → {at + 1} week" in said


def test_the_largest_share_is_named(study: Study):
    parts = attribute(study)
    name = max(parts.shares(), key=lambda key: abs(parts.shares()[key]))
    said = sweep_findings.share_finding(study, parts)
    assert said.endswith(study.policy.levers[name].label)


def test_levers_are_chosen_by_strength_or_by_name(study: Study, tables):
    ranked = tables["ranking"]
    assert sweep_findings.chosen(study, ranked)[0] == LEVER
    assert sweep_findings.chosen(study, ranked, "relief_pct", "relief_rule") == ("relief_pct", "relief_rule")
    one, two = sweep_findings.chosen(study, ranked, other=LEVER)
    assert two == LEVER != one
    for pair in (("relief", ""), ("relief_pct", "relief_pct")):
        with pytest.raises(ProblemsFound):
            sweep_findings.chosen(study, ranked, *pair)


def test_nothing_moved_is_said_and_drawn():
    still = ask(size=150)
    assert sweep_findings.parted(still) is None
    assert "no provision moves" in sweep_findings.share_table(still, None).text
    one = ask(provisions={LEVER: 8}, size=150)
    assert "the whole change is its own" in sweep_findings.share_table(one, sweep_findings.parted(one)).text
    idle = sweep.sweep(still, "diagnostic_block_exempt")
    said = sweep_findings.range_finding(still, idle, "diagnostic_block_exempt")
    assert "every value gives the same approvals" in said
    assert "no other outcome changes" in said
    assert sweep_chart.sweep_figure(still, idle, "diagnostic_block_exempt").alt


def test_assumptions_and_the_luck_of_drawing_stand_apart_in_the_order_of_their_size(study: Study):
    lines = sweep_findings.sure(study.assuming(100)).text.splitlines()
    assert [line.partition(":")[0] for line in lines[2:]] == ["Assumptions", "Luck of drawing", "Luck of drawing"]
    assert "100 populations" in lines[2]
    assert "Assumptions" not in sweep_findings.sure(study).text


def test_pictures_repeat_and_tell_their_numbers(study: Study, tables, dissected):
    parts = attribute(study)

    def drawn():
        return [
            sweep_chart.sweep_figure(study, tables["sweep"], LEVER),
            sweep_chart.grid_figure(study, tables["grid"], LEVER, OTHER),
            sweep_chart.ranking_figure(study, tables["ranking"]), sweep_chart.share_figure(study, parts),
            denials_chart.criteria_figure(study, dissected), denials_chart.distance_figure(study, dissected),
            denials_chart.papers_figure(study, dissected),
        ]  # fmt: skip

    first, again = drawn(), drawn()
    assert [p.png for p in first] == [p.png for p in again]
    names = ["sweep", "grid", "ranking", "attribution", "criteria", "distances", "papers"]
    assert [p.name for p in first] == names
    rate = tables["sweep"].set_index("value").loc["8", "approval_pct"]
    assert f"8 weeks {rate:.1f}%" in first[0].alt
    top = dissected.criteria().iloc[0]
    assert f"{top['fails']:,}, alone {top['alone']:,}" in first[4].alt


def test_the_sentence_of_the_refusals_follows_the_numbers(dissected: denials.Anatomy):
    said = denials_findings.in_words(dissected)
    refused, top = dissected.outcomes()["not_met"], dissected.criteria().iloc[0]
    assert said.startswith(f"{100 * refused / 1200:.1f}% of all cases are not met")
    assert f"in {100 * top['fails'] / refused:.1f}% of these" in said
    assert said.endswith(f"in {100 * top['alone'] / refused:.1f}% it alone")


def test_a_table_without_refusals_or_open_requests_has_its_words():
    study = ask(size=300)
    (part,) = study.cases.slices()
    met = [i for i, code in enumerate(denials.determine(study.policy, part, study.baseline).outcome) if code == 0]
    found = denials.dissect(study.baseline, [part.take(pd.Index(met).to_numpy())])
    assert denials_findings.in_words(found) == "No case is refused"
    for one in (
        denials_findings.headline(study, found), denials_findings.causes(study, found),
        denials_findings.criteria(study, found), denials_findings.steps(found), denials_findings.price(study, found),
        denials_findings.papers(found),
    ):  # fmt: skip
        assert one.text
        assert "nan" not in one.text
    assert denials_chart.criteria_figure(study, found).alt.endswith("none.")
    assert denials_chart.papers_figure(study, found).alt.startswith("Bars. No request waits")


def test_of_a_case_table_no_assumption_is_told_and_counts_are_said_to_be_rounded(tmp_path: Path, study: Study):
    frame = population.generate(population.load("seed_low_prevalence"), 200, 3)
    frame.drop(columns=[name for name in frame if name.startswith("truth_")]).to_csv(tmp_path / "t.csv", index=False)
    table = ask(provisions={LEVER: 8}, population=tmp_path / "t.csv")
    assert "Assumptions" not in sweep_findings.sure(table).text
    found = denials.dissect(table.scenario, table.cases)
    inside = [sweep_findings.headline(table, sweep.sweep(table, LEVER), LEVER), denials_findings.headline(table, found)]
    assert all("rounded to 20" in one.text for one in inside)
    assert "rounded to 20" not in sweep_findings.headline(study, sweep.sweep(study, LEVER), LEVER).text


def test_the_baseline_and_the_scenario_with_one_lever_put_back_have_two_names(study: Study, tables):
    """Two provisions move: at the baseline's 6 weeks the other one still stands, so that row is not the baseline."""
    text = sweep_findings.headline(study, tables["sweep"], LEVER).text
    row = tables["sweep"].set_index("value").loc["6"]
    before, after, _ = study.impact.rates()
    assert row["met"] != study.impact.outcomes()["baseline"][0]
    assert f"Approval rate, baseline: {100 * before.value:.2f}%" in text
    assert f"Approval rate, scenario, at 8 weeks: {100 * after.value:.2f}%" in text
    assert f"Scenario with this lever alone put back, at 6 weeks: {row['approval_pct']:.2f}%" in text
    lines = sweep_findings.sweep_table(study, tables["sweep"], LEVER).text.splitlines()
    assert next(line.strip() for line in lines if "baseline" in line).startswith(
        "6 weeks (scenario with the baseline’s"
    )


def test_with_one_provision_the_row_at_the_value_of_the_baseline_is_the_baseline():
    one = ask(provisions={LEVER: 8}, size=600)
    swept = sweep.sweep(one, LEVER)
    text = sweep_findings.headline(one, swept, LEVER).text
    assert text.count("Approval rate") == 2
    assert "put back" not in text
    assert "6 weeks (baseline)" in sweep_findings.sweep_table(one, swept, LEVER).text
