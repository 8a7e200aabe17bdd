"""The presets say what was read and nothing else; what they do to requests is counted without losing one."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import policy
from policy.determinations.results import LENIENCY
from policy.model import OUTCOMES
from policy.problems import ProblemsFound
from policy.reading.scenario import load_scenario
from simulations import ask, simulate
from simulations.population import load
from simulations.reports import alternatives_chart, alternatives_findings, report
from simulations.scenario.loading import FOLDER, find_scenario, shipped
from simulations.storage import checkpoint
from simulations.studies import alternatives, medicare
from simulations.studies.alternatives import Result, caseloads, evaluate, published
from simulations.studies.impact import cells, determined
from simulations.studies.medicare import left_out, presets, settings_of
from tests.simulations.population.published import NAMES as POPULATIONS

POLICY = policy.load("nerve_blocks")
NUMBERS = ("P1", "P2a", "P2b", "P2c", "P2d", "P2e", "P3", "P4", "P5", "P6", "P7", "P8", "P9")

# Typed by hand from the table of payers' terms in the project's notes on the domain, not from the files: every number
# that a preset may set. 3 months of care are 91 days (a month is 30.4375 days), which are 13 weeks; no week count is 0.
READ = {
    "p2a_cms_facet": {
        "pain_duration_months": 3, "conservative_weeks": 0, "diagnostic_blocks_required": 2, "relief_pct": 80,
    },
    "p2b_cms_epidural": {"conservative_weeks": 4},
    "p2c_cms_trigger_point": {
        "conservative_weeks": 0, "max_sessions_12m": 3, "repeat_min_relief_pct": 50, "repeat_min_weeks": 6,
    },
    "p2d_cms_peripheral_nerve": {},
    "p2e_cms_peripheral_nerve_proposed": {},
    "p3_aetna_like": {
        "pain_duration_months": 3, "conservative_weeks": 6, "diagnostic_blocks_required": 2, "relief_pct": 80,
    },
    "p4_occipital_investigational": {},
    "p5_evicore_like": {
        "pain_duration_months": 3, "conservative_weeks": 4, "diagnostic_blocks_required": 2, "relief_pct": 80,
        "max_sessions_12m": 2, "repeat_min_relief_pct": 50, "repeat_min_weeks": 12,
    },
    "p6_tricare_west_like": {"conservative_weeks": 13, "relief_pct": 50},
    "p7_bcbsnd_like": {"conservative_weeks": 13, "diagnostic_blocks_required": 2, "relief_pct": 50},
    "p8_twin_page": {},
    "p9_ahs_2025_ed": {},
}  # fmt: skip
WORDS = {  # stances and actions that the same table asks for
    "p2a_cms_facet": {"pain_duration_operator": "at_least", "rfa_stance": "confirmed_pathway"},
    "p3_aetna_like": {"pain_duration_operator": "at_least", "gon_acute_action": "not_met"},
    "p4_occipital_investigational": {"gon_acute_action": "not_met", "insufficient_evidence_action": "not_met"},
    "p5_evicore_like": {"pain_duration_operator": "at_least"},
    "p8_twin_page": {"insufficient_evidence_action": "met_if_prereqs", "axial_spine_stance": "no_position"},
    "p9_ahs_2025_ed": {"ahs2025_ed_pathway": "on"},
}
CITED = {
    "p2a_cms_facet": "R16", "p2b_cms_epidural": "R17", "p2c_cms_trigger_point": "R18",
    "p2d_cms_peripheral_nerve": "R19", "p2e_cms_peripheral_nerve_proposed": "R48",
    "p3_aetna_like": "R21", "p4_occipital_investigational": "R24",
    "p5_evicore_like": "R20", "p6_tricare_west_like": "R20", "p7_bcbsnd_like": "R20", "p8_twin_page": "R2",
    "p9_ahs_2025_ed": "R12",
}  # fmt: skip
PRESETS = ("p2a_cms_facet", "p2b_cms_epidural", "p2c_cms_trigger_point", "p2d_cms_peripheral_nerve")
SIZE = 600


@pytest.fixture(scope="module")
def results() -> list[Result]:
    study = ask(size=SIZE, seed=4)
    return evaluate(study, published(study), caseloads(study))


# What the files say --------------------------------------------------------------------------------------------------


def test_every_alternative_of_the_table_ships():
    assert [name for name in shipped() if re.match(r"p\d", name)] == list(READ)
    assert [one.number for one in published(ask(size=1))] == ["P0", *NUMBERS]


@pytest.mark.parametrize("name", READ)
def test_a_preset_sets_the_numbers_that_were_read(name: str):
    plan = find_scenario(name, POLICY)
    numbers = {k: int(v) for k, v in plan.provisions.items() if POLICY.levers[k].domain}
    assert numbers == READ[name]
    assert plan.provisions.items() >= WORDS.get(name, {}).items()


@pytest.mark.parametrize("name", READ)
def test_a_preset_says_where_it_was_read_and_what_it_leaves_out(name: str):
    plan = find_scenario(name, POLICY)
    cited = re.findall(r"\bR\d+\b", plan.citation or "")
    assert CITED[name] in cited
    assert set(cited) <= set(POLICY.references)
    assert (plan.read or "").startswith("2026-11-28")
    assert re.match(r"(a proposal, )?as read, to be confirmed", plan.status or "")
    assert re.search(r"\((P|S|GK)[,) ]", plan.citation or "")
    assert plan.not_modelled
    assert plan.applies_to


def test_the_strict_reading_is_the_contracts():
    assert find_scenario("strict_reading", POLICY).provisions == {
        "axial_spine_stance": "never_outside_trial", "rfa_stance": "never_outside_trial",
        "diagnostic_block_exempt": "false", "insufficient_evidence_action": "not_met",
        "fm_tpi_with_trigger_points": "not_met", "undocumented_action": "not_met",
    }  # fmt: skip


def test_what_a_scenario_speaks_of_is_held_against_the_policy(tmp_path: Path):
    text = (FOLDER / "p9_ahs_2025_ed.yaml").read_text("utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("  occipital_block: [migraine]", "  ocipital_block: [migrane]"), encoding="utf-8")
    line = text.splitlines().index("  occipital_block: [migraine]") + 1
    with pytest.raises(ProblemsFound) as found:
        load_scenario(wrong, POLICY)
    said = str(found.value).splitlines()
    assert len(said) == 2
    for name, meant in (("ocipital_block", "occipital_block"), ("migrane", "migraine")):
        (line_of_it,) = (text for text in said if f"'{name}'" in text)
        assert f"wrong.yaml:{line}: " in line_of_it
        assert f"did you mean {meant}?" in line_of_it


# What they do to requests --------------------------------------------------------------------------------------------


def test_every_request_is_counted_once_and_against_the_same_baseline(results: list[Result]):
    table = alternatives.results_table(results)
    assert (table[list(OUTCOMES)].sum(axis=1) == SIZE).all()
    assert (table["cases"] == SIZE).all()
    assert len(table) == 3 * (1 + len(NUMBERS))
    for one in results:
        first = next(r for r in results if r.cases == one.cases)
        assert (one.flow.sum(axis=3) == first.flow.sum(axis=3)).all()


def test_an_alternative_decides_only_what_its_source_speaks_of(results: list[Result]):
    """Case by case, with a loop and the codes themselves."""
    study = ask(size=SIZE, seed=4)
    (cases,) = study.cases.slices()
    before = determined(cases, study.baseline).outcome
    family = {code: name for name, found in POLICY.procedures.items() for code in found.codes}
    group = {code: name for name, found in POLICY.diagnoses.items() for code in found.codes}
    for one in (r for r in results if r.cases.name == study.cases.name):
        after, plan = determined(cases, one.alternative.settings).outcome, one.alternative.plan
        outcome = []
        for row, (dx, cpt) in enumerate(zip(cases.dx, cases.cpt, strict=True)):
            diagnosis = group.get(dx, "migraine" if dx.startswith("G43.7") else "")
            speaks = not (plan and plan.applies_to) or diagnosis in plan.applies_to.get(family.get(cpt, ""), ())
            outcome.append(after[row] if speaks else before[row])
        assert one.flow.sum(axis=(0, 1, 2)).tolist() == np.bincount(outcome, minlength=6).tolist(), one.alternative.name


def test_moves_are_the_requests_that_move(results: list[Result]):
    table = alternatives.results_table(results).set_index(["population", "scenario"])
    moved = alternatives.moves(results).groupby(["population", "scenario"])["requests"].sum()
    assert moved.to_dict() == table.loc[table["moved"] > 0, "moved"].to_dict()


def test_the_largest_claims_of_the_sources_come_out(results: list[Result]):
    """Never met for migraine, or not covered, is 0 met; the emergency department is never stricter."""
    rows = alternatives.results_table(results).set_index("scenario")
    assert (rows.loc["p4_occipital_investigational", "spoken_of_met"] == 0).all()
    assert (rows.loc["p4_occipital_investigational", "spoken_of_met_before"] > 0).all()
    assert (rows.loc["p9_ahs_2025_ed", "lost"] == 0).all()
    medicare = [name for name in READ if name.startswith("p2")]
    assert (rows.loc[medicare, "spoken_of_met"] == 0).all()
    assert (rows.loc[["p2a_cms_facet", "p2c_cms_trigger_point", "p2d_cms_peripheral_nerve"], "lost"] > 0).all()
    assert (rows.loc["baseline", ["moved", "change_low", "change_high"]] == 0).all(axis=None)


def test_what_is_asked_stands_beside_the_others():
    study = ask(provisions={"conservative_weeks": 8}, size=20)
    assert [one.number for one in published(study, ["p9_ahs_2025_ed"])] == ["P0", "P9", "asked"]
    with pytest.raises(ProblemsFound, match="did you mean p5_evicore_like"):
        published(study, ["p5_evicor_like"])


# Medicare Advantage --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["p3_aetna_like", "p2a_cms_facet"])
def test_a_copy_that_says_otherwise_is_not_taken_for_what_ships(name: str, tmp_path: Path):
    """A scenario or page that somebody changed under its old name was left out, or made one of two columns."""
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    (tmp_path / "same.yaml").write_text(text, "utf-8")
    (tmp_path / "other.yaml").write_text(text.replace('relief_pct: "80"', 'relief_pct: "50"'), "utf-8")
    shipped = published(ask())
    assert [one.name for one in published(ask(scenario=name))] == [one.name for one in shipped]
    assert [one.name for one in published(ask(scenario=str(tmp_path / "same.yaml")))] == [one.name for one in shipped]
    (*others, mine) = published(ask(scenario=str(tmp_path / "other.yaml")))
    assert [one.name for one in others] == [one.name for one in shipped]
    assert (mine.name, mine.settings["relief_pct"]) == (f"{name} (own file)", 50)


def test_a_page_that_says_otherwise_has_its_own_column(tmp_path: Path):
    text = (FOLDER.parent / "populations" / "trial_10_15.yaml").read_text("utf-8")
    (tmp_path / "same.yaml").write_text(text + "\n", "utf-8")
    (tmp_path / "other.yaml").write_text(text.replace("label: ", "label: Own "), "utf-8")
    for file, own in (("same", []), ("other", ["trial_10_15 (own page)"])):
        asked = ask(population=str(tmp_path / f"{file}.yaml"), size=50)
        assert [load.name for load in caseloads(asked)] == [*own, *POPULATIONS]
        assert asked.cases.source()["name"] == (own or ["trial_10_15"])[0]


def test_stricter_than_medicare_is_counted_case_by_case():
    study = ask(scenario="strict_reading", size=2000, seed=2)
    (cases,) = study.cases.slices()
    line = POLICY.fields_["line_of_business"].choices.index("medicare_advantage")
    groups, families = cells(POLICY, cases)
    expected = {}
    for plan in presets(POLICY):
        theirs = LENIENCY[determined(cases, settings_of(POLICY, plan)).outcome]
        ours = LENIENCY[determined(cases, study.scenario).outcome]
        for row in range(len(cases)):
            diagnosis, procedure = ([*names, ""][at] for names, at in (
                (list(POLICY.diagnoses), groups[row]), (list(POLICY.procedures), families[row]),
            ))  # fmt: skip
            if cases.facts["line_of_business"][row] == line and diagnosis in plan.applies_to.get(procedure, ()):
                key = (plan.id, diagnosis, procedure)
                counts = expected.setdefault(key, [0, 0, 0])
                counts[int(np.sign(ours[row] - theirs[row])) + 1] += 1
    table = study.guard.frame().set_index(["preset", "diagnosis", "procedure"])
    found = {key: [row[f"scenario_{way}"] for way in ("stricter", "same", "looser")] for key, row in table.iterrows()}
    assert found == expected
    stricter = sum(counts[0] for counts in expected.values())
    assert f"the scenario judges {stricter:,} of the " in study.guard.warnings()[0]
    assert study.guard.warnings()[0].startswith("Warning. ")
    assert study.guard.warnings()[0] in report.notices(study).text


def test_a_preset_is_not_stricter_than_itself():
    for name in PRESETS:
        table = ask(scenario=name, size=800).guard.frame()
        assert table.loc[table["preset"] == name, ["scenario_stricter", "scenario_looser"]].sum(axis=None) == 0


def test_a_preset_without_a_term_is_no_yardstick(monkeypatch: pytest.MonkeyPatch):
    assert [plan.id for plan in presets(POLICY)] == list(PRESETS)
    assert left_out(POLICY) == []
    bare = find_scenario("p2d_cms_peripheral_nerve", POLICY).model_copy(update={"criteria": ()})
    monkeypatch.setattr(medicare, "_every", lambda _: [bare])
    assert presets(POLICY) == ()
    assert left_out(POLICY) == ["Not compared, as no term of it can be computed: Medicare-like, peripheral nerves."]


def test_without_medicare_advantage_nothing_is_held_against_it(tmp_path: Path):
    (tmp_path / "cases.csv").write_text("case_id,dx,cpt,line_of_business\na,M54.2,20553,commercial\nb,M54.2,64490,\n")
    study = ask(population=tmp_path / "cases.csv", exact=True)
    assert study.guard.warnings() == []
    assert study.guard.frame().empty
    found = evaluate(study, published(study, ["p2a_cms_facet"]), caseloads(study))
    assert "No request says Medicare Advantage" in alternatives_findings.advantage(found).text
    assert len(found) == 2  # a case table stands alone


def test_a_scenario_with_a_source_says_so_wherever_it_is_used():
    said = report.notices(ask(scenario="p6_tricare_west_like", size=10)).text
    for needed in (
        "speaks only of Heat ablation of facet nerves (Neck pain)",
        "every request",
        "to be confirmed",
        "[R20]",
    ):
        assert needed in said


# Words and pictures --------------------------------------------------------------------------------------------------


def test_the_finding_is_made_from_the_numbers(results: list[Result]):
    said = alternatives_findings.finding(results).replace("−", "-")
    table = alternatives.results_table(results)
    strict = table.loc[table["scenario"] == "strict_reading", "change_points"]
    others = table.loc[~table["scenario"].isin(["strict_reading", "baseline"]), "change_points"]
    wanted = [f"{edge:+.1f}" for part in (strict, others) for edge in (part.min(), part.max())]
    assert re.findall(r"[+-]\d+\.\d", said) == wanted
    none = [one for one in results if one.alternative.name == "baseline"]
    assert alternatives_findings.finding(none) == "No alternative changes the outcome of any request"


def test_what_refuses_or_refers_is_not_called_without_terms(results: list[Result]):
    """P2d and P2e move no lever and change what happens to requests all the same; no label is cut short."""
    for name in ("p2d_cms_peripheral_nerve", "p2e_cms_peripheral_nerve_proposed"):
        group = [one for one in results if one.alternative.name == name]
        assert alternatives_chart._speaks(group).startswith("decides ")
        assert len(alternatives.sources([group[0].alternative])["levers"][0]) > 50
    assert [one.alternative.name for one in results if "…" in alternatives_chart.wrapped(one.alternative)] == []


def test_the_picture_says_every_number_that_it_shows(results: list[Result]):
    picture = alternatives_chart.changes_chart(ask(size=SIZE, seed=4), results)
    for row in alternatives.results_table(results).to_dict("records"):
        if row["preset"] != "P0":
            change = f"{row['change_points']:+.1f}".replace("-", "−")
            change = "0.0" if float(change.replace("−", "-")) == 0 else change
            assert f"{load(row['population']).short_label} {change}" in picture.alt


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that is saved, as matplotlib has it."""
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    monkeypatch.setattr("simulations.reports.figure._small", lambda *_: b"")
    return figures


def test_a_mark_has_a_label_or_a_number_and_one_population_needs_no_legend(drawn: list[Figure]):
    """The marks over the columns of numbers tell populations apart, and there are none where there is one."""
    asked = ask("positive_airway_pressure", provisions={"moderate_index": 10}, size=400).about()
    every = published(asked)
    alone = evaluate(asked, every, caseloads(asked))
    assert len({one.cases.name for one in alone}) == 1
    alternatives_chart.changes_chart(asked, alone)
    alternatives_chart.changes_chart(
        ask(size=400), evaluate(ask(size=400), published(ask(size=400), ["strict_reading"]), caseloads(ask(size=400)))
    )
    for figure, populations, alternatives_ in zip(drawn, (1, 3), (len(every) - 1, 1), strict=True):
        (axes,) = figure.axes
        marks = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        heads = [line for line in marks if line.get_transform() is not axes.transData]
        assert len(heads) == sum(len(one.get_texts()) for one in figure.legends) == (populations > 1) * populations
        assert len(marks) - len(heads) == populations * alternatives_


def test_nobody_reads_an_identifier_where_there_is_a_label(drawn: list[Figure]):
    asked = ask("positive_airway_pressure", provisions={"moderate_index": 10}, size=400).about()
    every = published(asked)
    found = evaluate(asked, every, caseloads(asked))
    said = [alternatives_chart.changes_chart(asked, found).alt, asked.impact.finding(), asked.impact.why_nothing()]
    said += [alternatives_findings.headline(asked, found).text, alternatives_findings.movers(asked, found).text]
    said += [tell(found).text for tell in (
        alternatives_findings.approvals, alternatives_findings.decided, alternatives_findings.outcomes_by_alternative,
    )]  # fmt: skip
    said += [alternatives_findings.terms(every).text]
    said += [text.get_text() for figure in drawn for text in (*figure.texts, *figure.axes[0].get_yticklabels())]
    words = {word for text in said for word in re.findall(r"[a-z_]+", text)}
    assert words & {*asked.policy.levers, *(one.name for one in every[1:])} == set()
    assert [text for text in said if re.search(r"\b(own|asked) [PT]", text)] == []  # before a label
    nothing = ask("positive_airway_pressure", provisions={"moderate_index": 16}, size=50).impact
    words = {*re.findall(r"[a-z_]+", nothing.why_nothing() or nothing.finding())}
    assert words & {*asked.policy.levers} == set()


def test_the_notice_below_a_picture_is_never_wider_than_the_picture(drawn: list[Figure]):
    for name in ("positive_airway_pressure", "nerve_blocks"):
        asked = ask(name, size=400).about()
        alternatives_chart.changes_chart(asked, evaluate(asked, published(asked)[:2], caseloads(asked)))
        for text in drawn.pop().texts:
            assert text.get_window_extent().x1 <= text.figure.bbox.x1, text.get_text()


# A run that is cut off -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_checkpoint_holds_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    study = ask(size=300)
    every = published(study, ["strict_reading", "p2a_cms_facet", "p9_ahs_2025_ed"])
    whole = alternatives.results_table(evaluate(study, every, caseloads(study)))
    monkeypatch.setenv(checkpoint.WHERE, str(tmp_path / "checkpoint"))
    done = []

    def cut_off(*question):
        done.append(question)
        if len(done) == 7:
            raise KeyboardInterrupt
        return determined(*question)

    monkeypatch.setattr(alternatives, "determined", cut_off)
    with pytest.raises(KeyboardInterrupt):
        evaluate(study, every, caseloads(study))
    first, *kept = (tmp_path / "checkpoint").read_text("utf-8").splitlines()
    assert json.loads(first) == {"total": 12}
    (tmp_path / "checkpoint").write_text("\n".join([first, *kept, kept[0][:40]]), encoding="utf-8")  # and a torn line
    again = alternatives.results_table(evaluate(study, every, caseloads(study)))
    assert again.equals(whole)
    assert len(done) < 2 * 15
    before = len(done)
    assert alternatives.results_table(evaluate(study, every, caseloads(study))).equals(whole)
    assert len(done) == before
    other = ask(size=301)
    assert alternatives.results_table(evaluate(other, every, caseloads(other)))["cases"].eq(301).all()
    assert len(done) > before


def test_a_checkpoint_of_another_question_or_none_is_not_believed(tmp_path: Path):
    (tmp_path / "checkpoint").write_text('{"total": 3}\n{"key": "a", "value": 1}\n[1]\nnonsense\n{"key": "b"', "utf-8")
    found = checkpoint.Checkpoint(5, tmp_path / "checkpoint")
    assert (found.get("a"), found.get("b"), found.get("c")) == (1, None, None)
    found.put("b", {"n": 2})
    assert checkpoint.Checkpoint(5, tmp_path / "checkpoint").get("b") == {"n": 2}
    assert (tmp_path / "checkpoint").read_text("utf-8").startswith('{"total": 5}\n')
    assert checkpoint.key_of(size=1) == checkpoint.key_of(size=1) != checkpoint.key_of(size=2)


def test_a_name_that_only_the_notebook_can_judge_is_refused_with_the_nearest(tmp_path: Path):
    with pytest.raises(ProblemsFound) as found:
        simulate("alternatives", size=10, parameters={"scenarios": "p9_ahs_2025_e,strict"}, out=tmp_path / "out")
    said = str(found.value).splitlines()
    assert len(said) == 2
    assert said[0].endswith("did you mean p9_ahs_2025_ed?")
    assert list(tmp_path.iterdir()) == []


def test_the_checkpoint_counts_each_question_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """P6 and P7 ask the same of the same requests."""
    study = ask(size=20)
    every = published(study, ["p6_tricare_west_like", "p7_bcbsnd_like"])
    monkeypatch.setenv(checkpoint.WHERE, str(tmp_path / "checkpoint"))
    evaluate(study, every, caseloads(study))
    first, *kept = (tmp_path / "checkpoint").read_text("utf-8").splitlines()
    assert json.loads(first) == {"total": 6}
    assert len(kept) == 6
