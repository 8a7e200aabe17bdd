"""What people read: the numbers of the study, as text beside every picture, escaped at every sink."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import pytest
from PIL import Image

import policy
from policy.reading.loading import DOCUMENTS
from simulations import ask
from simulations.reports import report
from simulations.reports.html_table import Shown, esc
from simulations.reports.report import FIGURES
from simulations.storage.tables import table_bytes
from simulations.studies.comparison import Study

HOSTILE = "<script>alert(1)</script> $x_{$ & \"'"
SHOWN = (
    report.headline, report.changes, report.outcomes, report.groups, report.group_outcomes, report.flow,
    report.examples, report.medicare, report.notices, report.stamp,
)  # fmt: skip
NUMBERS = ("id", "version", "fingerprint")


@pytest.fixture(scope="module")
def study() -> Study:
    return ask(provisions={"conservative_weeks": 8}, size=2000)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A policy and a case table whose every word wants out of its place."""
    folder = tmp_path_factory.mktemp("hostile")
    text = (DOCUMENTS / "nerve_blocks" / "2026.2.yaml").read_text("utf-8")
    before = policy.load("nerve_blocks").diagnoses["neck_pain"].label
    before = f'label: "{before}"' if f'label: "{before}"' in text else f"label: {before}"
    assert text.count(before) == 1
    quoted = "'" + HOSTILE.replace("'", "''") + "'"
    (folder / "policy.yaml").write_text(text.replace(before, f"label: {quoted}"), encoding="utf-8")
    head = "case_id,dx,cpt,pain_duration_days,conservative_care_days,conservative_care_failed,function_limited,"
    head += "imaging_other_cause,radiculopathy,trigger_points_on_exam,tried_nsaid"
    row = ",M54.2,20552,200,45,yes,yes,no,no,yes,yes"
    rows = [f"{name}{'+' * i}{row}" for i in range(10) for name in ("=1+1", "+cmd", "<b>bold</b>", "plain")]
    (folder / "cases.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return ask(folder / "policy.yaml", None, {"conservative_weeks": 8}, folder / "cases.csv")


def tree(shown: Shown) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{shown.html}</div>")


@pytest.mark.parametrize("show", SHOWN)
def test_text_and_page_hold_the_same_words(study: Study, show):
    shown = show(study)
    on_page = {word for text in tree(shown).itertext() for word in text.split()}
    in_text = {word.strip("(),.:") for word in shown.text.split()} - {"-", ""}
    assert {word for word in in_text if word not in " ".join(on_page)} == set()
    assert repr(shown) == shown.text


def test_the_headline_is_the_numbers(study: Study):
    text = report.headline(study).text
    met = study.impact.outcomes().set_index("outcome").loc["met"]
    for name in ("baseline", "scenario"):
        assert f"{100 * met[name] / 2000:.2f}% ({int(met[name]):,} of 2,000 cases met)" in text
    assert "95% interval −" in text


def test_every_moved_cell_leads_to_cases_that_move_so():
    moved = ask(scenario="strict_reading", size=1500)
    links = [a.attrib["href"].removeprefix("#") for a in tree(report.flow(moved)).iter("a")]
    rows = [row for row in tree(report.examples(moved)).iter("tr") if "id" in row.attrib]
    assert sorted(links) == sorted(row.attrib["id"] for row in rows)
    flow = moved.impact.flow().to_numpy()
    assert len(links) == len(set(links)) == (flow > 0).sum() - (flow.diagonal() > 0).sum() > 1
    for row in rows:
        before, after = (part.strip() for part in next(row.iter("th")).text.split("→"))
        assert row.attrib["id"] == f"moved-{before}-{after}".lower().replace(" ", "-")


def test_a_table_has_as_many_cells_in_every_row(study: Study):
    for show in (report.outcomes, report.groups, report.group_outcomes, report.flow, report.examples):
        head, *rows = tree(show(study)).iter("tr")
        open_rows = 0
        for row in rows:
            cells = list(row)
            assert len(cells) + (open_rows > 0) == len(list(head))
            open_rows = int(cells[0].get("rowspan", 1)) - 1 if open_rows == 0 else open_rows - 1
        assert open_rows == 0


def test_groups_leave_no_case_out(study: Study):
    rows = list(tree(report.groups(study)).iter("tr"))[1:]
    cells = [next(cell.text for cell in row if cell.get("class") == "n") for row in rows]
    assert sum(int(text.replace(",", "")) for text in cells) == 2000


def test_every_reader_is_told(study: Study):
    text = report.notices(study).text
    for needed in (
        study.policy.notice, "recommendation to a clinician", "Here reading of M53.81: ", "Here reading of G43.819: ",
        "Evidence contested", "Newcombe", "“draft”, not “adopted”",
    ):  # fmt: skip
        assert needed in text
    stamp = report.stamp(study).text
    for needed in (study.policy.fingerprint, study.cases.fingerprint, "2,000", "conservative_weeks=8", "Seed"):
        assert needed in stamp


def test_cases_of_a_file_are_not_called_synthetic(hostile: Study):
    assert "read from cases.csv; whether they are synthetic is not known here" in report.notices(hostile).text
    assert "none: the cases were read, not drawn" in report.stamp(hostile).text


def test_no_word_of_the_input_becomes_a_tag(hostile: Study):
    for show in SHOWN:
        page = show(hostile).html
        assert "<script" not in page
        assert "<b>bold" not in page
        tree(show(hostile))
    assert esc(HOSTILE) in report.groups(hostile).html
    assert "bold" not in report.examples(hostile).html  # no case of a case table is named
    exact = replace(hostile, cases=replace(hostile.cases, exact=True))
    assert "&lt;b&gt;bold" in report.examples(exact).html


def test_no_word_of_the_input_becomes_mathematics(hostile: Study):
    assert HOSTILE in report.groups_figure(hostile).alt


@pytest.mark.parametrize(
    ("text", "escaped"), [("<&>\"'", "&lt;&amp;&gt;&quot;&#x27;"), ("a\x1b[31m\u202eb", "a�[31m�b"), (5, "5")]
)
def test_esc(text: object, escaped: str):
    assert esc(text) == escaped


@pytest.mark.parametrize("figure", FIGURES)
def test_a_picture_is_the_same_bytes_whatever_the_user_prefers(study: Study, figure):
    first = figure(study)
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "savefig.dpi": 30}):
        second = figure(study)
    assert first.png == second.png
    image = Image.open(io.BytesIO(first.png))
    assert image.format == "PNG"
    assert image.width >= 1600
    assert set(image.info) <= {"Title", "Description", "dpi"}
    assert image.info["Description"] == first.alt


def test_a_picture_changes_with_its_numbers(study: Study):
    other = replace(study, scenario=study.policy.settings({"conservative_weeks": 12}))
    for figure in FIGURES:
        assert figure(study).png != figure(other).png
        assert figure(study).alt != figure(other).alt


def test_every_picture_says_its_numbers(study: Study):
    outcomes, groups, flow = (figure(study) for figure in FIGURES)
    for row in study.impact.outcomes().to_dict("records"):
        assert f"{row['baseline']:,} → {row['scenario']:,}" in outcomes.alt
    for row in study.impact.groups().to_dict("records"):
        assert (
            not row["baseline_met"]
            or f"(n = {row['cases']:,}) {row['baseline_pct']:.1f}% → {row['scenario_pct']:.1f}%" in groups.alt
        )
    assert f"Met to Not met {study.impact.flow().loc['met', 'not_met']:,}" in flow.alt
    bundle = outcomes._repr_mimebundle_()
    assert bundle["text/plain"] == outcomes.alt
    assert bundle["image/png"]


@pytest.mark.parametrize("levers", [{}, {"axial_spine_stance": "no_position", "migraine_preventives_failed_min": 3}])
def test_pictures_of_nothing_and_of_much(levers: dict[str, object]):
    few = ask(scenario="strict_reading", provisions=levers, size=60, seed=9)
    nothing = replace(few, scenario=few.baseline)
    for study in (few, nothing):
        for figure in FIGURES:
            assert figure(study).png.startswith(b"\x89PNG")
    assert "Nothing changes: the scenario moves no lever" in report.flow_figure(nothing).alt


def test_no_change_has_no_sign_in_the_summary():
    assert report.json_bytes({"change": -0.0, "ends": [-0.0, -0.5]}) == report.json_bytes(
        {"change": 0.0, "ends": [0.0, -0.5]}
    )


def test_the_summary_keeps_the_contract(study: Study):
    found = json.loads(report.json_bytes(report.summary(study)))
    assert set(found["policy"]) == set(NUMBERS)
    assert found["scenario"]["id"] == "conservative_weeks=8"
    assert found["scenario"]["provisions"] == {"conservative_weeks": 8}
    assert found["population"] == {
        "name": "seed_low_prevalence", "size": 2000, "seed": 1, "fingerprint": study.cases.fingerprint,
    }  # fmt: skip
    for name in ("baseline", "scenario"):
        assert list(found["outcomes"][name]) == list(policy.OUTCOMES)
        assert sum(found["outcomes"][name].values()) == 2000
        assert found["approval_rate"][name] == pytest.approx(found["outcomes"][name]["met"] / 2000)
    rate = found["approval_rate"]
    assert rate["low"] < rate["change"] < rate["high"]
    assert rate["change"] == pytest.approx(rate["scenario"] - rate["baseline"])
    assert sum(sum(row.values()) for row in found["flow"].values()) == 2000
    assert found["software"]["numpy"]


def test_off_is_a_word_in_the_summary():
    study = ask(provisions={"headache_days_month_min": 15, "repeat_min_weeks": "off"}, size=20)
    assert report.summary(study)["scenario"]["provisions"] == {"headache_days_month_min": 15}
    assert study.name == "headache_days_month_min=15 + repeat_min_weeks=off"


def test_a_number_that_does_not_exist_is_null():
    content = {"ratio": float("nan"), "rows": [{"low": float("-inf"), "high": 1.5}]}
    assert json.loads(report.json_bytes(content)) == {"ratio": None, "rows": [{"low": None, "high": 1.5}]}


def test_files_hold_the_tables(hostile: Study, tmp_path: Path):
    report.write(hostile, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "examples.csv", "flow.csv", "flow.png", "groups.csv", "groups.png", "levers.csv", "medicare.csv",
        "outcomes.csv", "outcomes.png", "summary.json",
    ]  # fmt: skip
    (tmp_path / "exact.csv").write_bytes(table_bytes(hostile.impact.examples, Path("exact.csv")))
    for name, expected in (("examples", []), ("exact", ["'=1+1", "'+cmd", "<b>bold</b>"])):
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            assert [row["case_id"] for row in csv.DictReader(stream)] == expected
    with (tmp_path / "outcomes.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["outcome"]: row for row in csv.DictReader(stream)}
    assert (rows["met"]["baseline"], rows["met"]["scenario"], rows["met"]["change"]) == ("40", "0", "-40")
    with (tmp_path / "levers.csv").open(encoding="utf-8", newline="") as stream:
        assert [(row["lever"], row["baseline"], row["scenario"]) for row in csv.DictReader(stream)] == [
            ("conservative_weeks", "6 weeks", "8 weeks")
        ]


def test_writing_twice_gives_the_same_bytes(study: Study, tmp_path: Path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        report.write(replace(study), folder)
    assert [path.read_bytes() for path in sorted(folders[0].iterdir())] == [
        p.read_bytes() for p in sorted(folders[1].iterdir())
    ]


def test_a_template_writes_its_own_tables_pictures_and_entries(study: Study, tmp_path: Path):
    table, picture = study.impact.outcomes(), report.flow_figure(study)
    report.write(study, tmp_path, {"mine": table}, [picture], said="A finding.", entries={"mine": [1]})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.png", "mine.csv", "summary.json"]
    found = json.loads((tmp_path / "summary.json").read_bytes())
    assert (found["headline"], found["mine"]) == ("A finding.", [1])
    assert {key: found[key] for key in report.summary(study) if key != "headline"} == {
        key: value for key, value in report.summary(study).items() if key != "headline"
    }


@pytest.mark.parametrize(
    "wrong", [{"tables": {"../mine": None}}, {"tables": {"Mine": None}}, {"entries": {"outcomes": {}}}]
)
def test_what_is_no_name_is_not_written(study: Study, tmp_path: Path, wrong: dict):
    wrong = {key: {name: study.impact.outcomes() for name in value} for key, value in wrong.items()}
    with pytest.raises(ValueError, match=r"no name for a file|has these entries already"):
        report.write(study, tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []
