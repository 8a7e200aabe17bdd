"""The loader of policy documents: each kind of fault, set into the shipped one, is refused with its line and cure."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policy
from policy.entries.units import KNOWN
from policy.model import Policy
from policy.problems import Finding, ProblemsFound
from policy.reading import loading
from policy.reading.loading import parse
from policy.reading.scenario import Scenario
from policy.reading.yaml import located, read_yaml
from tests.policy import fuzz

IN_HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@functools.cache
def source() -> str:
    return policy.shipped()["nerve_blocks@2026.2"].read_text("utf-8")


@functools.cache
def nerve_blocks() -> Policy:
    return policy.load("nerve_blocks")


def refused(folder: Path, text: str | bytes) -> list[str]:
    """What is said, a line for each problem, of a policy file with this text; the file is called p.yaml."""
    path = folder / "p.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ProblemsFound) as found:
        policy.load(path)
    said = str(found.value).splitlines()
    assert all(line.startswith(f"{path}:") or line.startswith("... and ") for line in said), said
    return [line.replace(f"{path}:", "") for line in said]


def mutated(old: str, new: str) -> tuple[str, int]:
    """The shipped document with its first `old` as `new`, and the line where that begins."""
    before, found, after = source().partition(old)
    assert found, old
    return before + new + after, before.count("\n") + 1


# Files that must be refused, with code and line: test_broken.py


def test_the_unchanged_document_is_accepted(tmp_path: Path):
    (tmp_path / "p.yaml").write_text("\ufeff" + source(), "utf-8")  # a byte order mark is no content
    again = policy.load(tmp_path / "p.yaml")
    assert again.fingerprint == nerve_blocks().fingerprint
    assert again == nerve_blocks()
    (tmp_path / "p.yaml").rename(tmp_path / "p.yml")
    assert policy.load(tmp_path / "p.yml") == policy.load(str(tmp_path / "p.yml")) == nerve_blocks()


def test_a_line_number_is_exact(tmp_path: Path):
    text, line = mutated("default: exceeds", "default: exceeds\n    colour: red")
    assert text.splitlines()[line].strip() == "colour: red"
    path = "levers.pain_duration_operator.colour"
    assert refused(tmp_path, text) == [f"{line + 1}: {path}: unknown key 'colour' [unknown-key, column 5]"]
    with pytest.raises(ProblemsFound) as found:
        policy.load(tmp_path / "p.yaml")
    (problem,) = found.value.problems
    assert (problem.code, problem.line, problem.column) == ("unknown-key", line + 1, 5)
    assert (problem.path, problem.value) == (path, "red")


def test_several_faults_of_one_file_come_in_one_pass_in_order(tmp_path: Path):
    text = source()
    for old, new in (
        ('title: Nerve-block injections', 'titel: Nerve-block injections'),
        ("status: contested", "status: disputed"),
        ('default: "6"', 'default: "60"'),
        ("direction: stricter_when_higher\n    statements: [S14]", "direction: up\n    statements: [S14]"),
        ('"20552": {label', '"2055": {label'),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new, 1)
    found = refused(tmp_path, text)
    for said in (
        "title: this key is missing",
        "unknown key 'titel', did you mean title?",
        "'disputed'",
        "'60' is",
        "'up'",
        "'2055'",
    ):
        assert sum(said in line for line in found) == 1, found
    numbers = [int(line.partition(":")[0]) for line in found]
    assert numbers == sorted(numbers)
    references = (
        source().replace("S14]", "S99]").replace("- facet_confirmed\n", "- facet\n").replace("{relief_pct}", "{relief}")
    )
    found = refused(tmp_path, references)
    assert {"'S99'", "'facet'", "'relief'"} <= {word for line in found for word in re.findall(r"'[^']*'", line)}
    structure = source().replace("status: draft", "status: &a draft").replace("unit: weeks\n", "unit: !x weeks\n")
    assert len([line for line in refused(tmp_path, structure) if "is not allowed" in line]) >= 3


def test_many_problems_are_counted_after_fifty(tmp_path: Path):
    text = "schema: policy/1\n" + "".join(f"k{i}: 1\n" for i in range(200))
    found = refused(tmp_path, text)
    assert len(found) == 51
    assert re.fullmatch(r"\.\.\. and \d+ more problems", found[-1])


def test_a_missing_file_a_folder_and_a_wrong_name_are_refused(tmp_path: Path):
    (tmp_path / "folder.yaml").mkdir()
    for name, why in (("none.yaml", "No such file or directory"), ("folder.yaml", "no ordinary file")):
        with pytest.raises(ProblemsFound) as found:
            policy.load(tmp_path / name)
        (problem,) = found.value.problems
        assert (problem.code, problem.place) == ("read", str(tmp_path / name))
        assert problem.message == f"cannot be read ({why})"
    with pytest.raises(ProblemsFound, match=r"cannot be read \(no such name\)"):
        policy.load(Path("a\x00.yaml"))
    with pytest.raises(ProblemsFound, match=r"'nerve_block': is no policy that ships .*, did you mean nerve_blocks\?"):
        policy.load("nerve_block")
    with pytest.raises(ProblemsFound, match=r"ships \(.*nerve_blocks@2026\.1, nerve_blocks@2026\.2.*\)"):
        policy.load("nerve_blocks@2025.9")
    assert policy.load("nerve_blocks@2026.2") is policy.load("nerve_blocks")


def test_a_name_without_version_is_the_latest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """2026.10 comes after 2026.9."""
    whole = source().replace("id: nerve_blocks", "id: trial", 1)
    monkeypatch.setattr(loading, "DOCUMENTS", tmp_path)
    (tmp_path / "trial").mkdir()
    for version in ("2025.11", "2026.10", "2026.9"):
        text = whole.replace('version: "2026.2"', f'version: "{version}"', 1)
        (tmp_path / "trial" / f"{version}.yaml").write_text(text, "utf-8")
    assert list(policy.shipped()) == ["trial@2025.11", "trial@2026.10", "trial@2026.9"]
    assert policy.load("trial").name == "trial@2026.10"
    assert policy.load("trial@2026.9").name == "trial@2026.9"


def test_seventy_fields_are_too_many(tmp_path: Path):
    extra = "".join(f"  x{i}: {{label: X, type: boolean, ask: x, origin: assumption}}\n" for i in range(40))
    found = refused(tmp_path, source().replace("\nfields:\n", f"\nfields:\n{extra}", 1))
    assert any("fields; at most 64" in line for line in found)


def test_examples_that_are_no_case_table_are_refused_where_they_begin(tmp_path: Path):
    before = source().partition("\nexamples:\n")[0] + "\n"
    text = before + "examples:\n  - {name: no procedure, case: {dx: M54.2}, expect: met}\n"
    place = f"{before.count(chr(10)) + 1}: examples"
    assert refused(tmp_path, text) == [f"{place}: the required column 'cpt' is missing [example, column 1]"]


def test_a_fingerprint_is_of_content_not_of_layout(tmp_path: Path):
    path = tmp_path / "p.yaml"
    path.write_text(source().replace("\nlevers:\n", "\n\n# a remark\nlevers:\n"), "utf-8")
    assert policy.load(path).fingerprint == nerve_blocks().fingerprint
    path.write_text(source().replace("\ntitle: ", "\ntitle: Another ", 1), "utf-8")
    assert policy.load(path).fingerprint != nerve_blocks().fingerprint


# Scalars and trees ---------------------------------------------------------------------------------------------------


def test_every_scalar_is_text():
    text = "a: 00100\nb: no\nc: 12:30\nd: 1e10\ne: 2025-02-30\nf: 0x1F\ng: [1, true, 1.0]\nyes: .inf\n"
    assert read_yaml(text, "x").plain() == {
        **{"a": "00100", "b": "no", "c": "12:30", "d": "1e10", "e": "2025-02-30", "f": "0x1F"},
        **{"g": ["1", "true", "1.0"], "yes": ".inf"},
    }


def test_lines_are_those_of_the_keys_and_items():
    tree = read_yaml("a:\n  b:\n    - x\n    - y\nc: z\n", "x")
    assert [
        tree.line_of(path) for path in ((), ("a",), ("a", "b"), ("a", "b", 1), ("c",), ("a", "none", "deeper"))
    ] == [
        *(1, 1, 2, 4, 5, 1),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),  # of each problem: code, line, column, path, value
    [
        ("a: *b\n", [("alias", 1, 4, "a", None)]),
        ("a: b\n*b : x\n", [("alias", 2, 1, "", None)]),
        ("a: &b c\n", [("anchor", 1, 4, "a", None)]),
        ("a: !t &b c\n", [("anchor", 1, 4, "a", None), ("tag", 1, 4, "a", None)]),
        ("a: {<<: {b: c}}\n", [("merge-key", 1, 5, "a", "<<")]),
        ("a: b\na: c\n", [("duplicate-key", 2, 1, "", "a")]),
        ("d:\n- e\n- {f: g, f: h}\n", [("duplicate-key", 3, 10, "d.1", "f")]),
        ("a:\nb: [x, ~]\n", [("no-value", 1, 3, "a", None), ("no-value", 2, 8, "b.1", None)]),
        (f"a: {'9' * 4000}{'8' * 80}\n", [("length", 1, 4, "a", "9" * 80)]),
        ("? [a]\n: b\n", [("key", 1, 3, "", None)]),
        ("a: {\u00e9: x, '': y}\n", [("key", 1, 5, "a", "\u00e9"), ("key", 1, 11, "a", "")]),
        ("a: \u200bx\n\nb: c\u200b\n", [("hidden-character", 1, 4, "", None), ("hidden-character", 3, 5, "", None)]),
        ("a: \u200b*b\n", [("hidden-character", 1, 4, "", None), ("alias", 1, 5, "a", None)]),
        ('b: {a: "x\\u200by"}\n', [("hidden-character", 1, 8, "b.a", "x\\u200by")]),
        ("a: b\n---\nc: d\n---\ne: f\n", [("documents", 2, 1, "", None)]),
        ("a:\n  b: c\n d: e\n", [("syntax", 3, 2, "", None)]),
        (f"{'k' * 70}:\n  {'m' * 70}: *a\n", [("alias", 2, 75, f"{'k' * 60}.{'m' * 60}", None)]),
        ("- a\n", [("empty", 1, 1, "", None)]),
        ("- [*a]\n", [("alias", 1, 4, "0.0", None)]),
    ],
)  # fmt: skip
def test_what_a_file_may_not_hold_is_said_with_its_place_and_its_text(text: str, wanted: list[tuple[object, ...]]):
    with pytest.raises(ProblemsFound) as found:
        read_yaml(text, "p.yaml")
    problems = found.value.problems
    assert [(p.code, p.line, p.column, p.path, p.value) for p in problems] == wanted
    assert [p.place for p in problems] == [f"p.yaml:{line}" for _, line, *_ in wanted]
    for p in problems:
        place, words = p.message.split(": ", 1) if p.path else ("", p.message)
        assert (place, words[0].isalpha()) == (p.path, True)
        assert ("expected" in words) == (p.code == "syntax")  # what the parser says: 'did not find expected key'


@pytest.mark.parametrize("count", [0, 1, 2, 13, 14])
def test_a_few_names_that_are_known_are_all_said_and_of_many_the_nearest(count: int):
    tree = read_yaml("a: {b: c}\nd: e\n", "p.yaml")
    known = [f"name_{chr(97 + n)}" for n in range(count)]
    findings = [Finding("last", ("d",), "x"), Finding("first", ("a", "b"), "no such name", "nime_a", known)]
    first, last = located(findings, "p.yaml", tree)
    assert (str(last), last.value) == ("p.yaml:2: d: x [last, column 1]", "e")
    several = f"; one of {', '.join(known)}" if 0 < count <= 13 else ""
    near = ", did you mean name_a?" if count else ""
    assert (str(first), first.value) == (f"p.yaml:1: a.b: no such name{several}{near} [first, column 5]", "c")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ((), (1, 1, "", None)),
        (("a", "b", 1), (3, 7, "a.b.1", "y")),
        (("a", "b", 2), (2, 3, "a.b", None)),
        (("a", "b", "none"), (2, 3, "a.b.none", None)),
        (("a", "none", "b"), (2, 3, "a.b", None)),
        (("none", "deeper"), (1, 1, "deeper", None)),
        (("c", 0), (4, 1, "c", None)),
        (("c",), (4, 1, "c", "z" * 80)),
    ],
)
def test_a_place_is_the_deepest_there_is_and_a_missing_key_is_named(
    path: tuple[object, ...], wanted: tuple[object, ...]
):
    tree = read_yaml(f"a:\n  b: [x,\n      y]\nc: {'z' * 90}\n", "x")
    assert tree.spot(path) == wanted


@given(
    st.recursive(
        st.text("abcxyz 019.-", min_size=1, max_size=12).filter(lambda t: t.strip() == t and t not in ("-", "~")),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(st.text("abcdef_", min_size=1, max_size=6), inner, min_size=1, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_what_json_says_is_read_back_exactly(value: object):
    assert read_yaml(json.dumps({"top": value}), "x").plain() == {"top": value}


# Scenarios -----------------------------------------------------------------------------------------------------------

SCENARIO = """schema: scenario/1
id: trial
label: Trial
policy: nerve_blocks
because: a test
provisions:
  conservative_weeks: "8"
"""


def scenario_refused(folder: Path, text: str) -> list[str]:
    path = folder / "s.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ProblemsFound) as found:
        policy.load_scenario(path, nerve_blocks())
    said = str(found.value).splitlines()
    assert all(line.startswith(f"{path}:") for line in said)
    return [line.replace(f"{path}:", "") for line in said]


def test_a_scenario_is_checked_against_its_policy(tmp_path: Path):
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO, "utf-8")
    assert policy.load_scenario(path, nerve_blocks()).provisions == {"conservative_weeks": "8"}
    text = SCENARIO + "  conservative_week: '8'\n  relief_pct: '82'\n"
    misspelt, between = scenario_refused(tmp_path, text)
    assert misspelt.startswith(
        "8: provisions.conservative_week: 'conservative_week' is not a lever of nerve_blocks@2026.2, "
    )
    assert misspelt.endswith("did you mean conservative_weeks? [unknown-lever, column 3]")
    assert between.startswith(
        "9: provisions.relief_pct: '82' is between two steps; allowed 50 to 100 percent in steps of 5, "
    )
    assert between.endswith("nearest 80 and 85 [lever-value, column 3]")


@pytest.mark.parametrize("other", ["knee_blocks", "nerve_blocks@2025.1"])
def test_a_scenario_for_another_policy_is_refused(tmp_path: Path, other: str):
    (said,) = scenario_refused(tmp_path, SCENARIO.replace("policy: nerve_blocks", f"policy: {other}"))
    assert said.startswith(f"4: policy: is a scenario for {other}, but the policy is nerve_blocks@2026.2 [")


def test_a_scenario_written_over_what_the_policy_says_is_accepted(tmp_path: Path):
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO.replace('"8"', '{to: "8", from: "6"}'), "utf-8")
    assert policy.load_scenario(path, nerve_blocks()).provisions == {"conservative_weeks": "8"}


# Settings ------------------------------------------------------------------------------------------------------------


def test_every_legal_value_of_every_lever_and_no_other():
    for name, lever in nerve_blocks().levers.items():
        for value in lever.values():
            text = "off" if value is None else str(value)
            assert nerve_blocks().settings({name: text})[name] == value
            assert nerve_blocks().settings({name: value})[name] == value
        illegal: list[object] = [
            "",
            "nonsense",
            "06",
            "6_0",
            "6.0",
            "nan",
            "1e1",
            " 6",
            "６",
            6.5,
            float("nan"),
            [],
            {},
        ]
        if lever.domain:
            illegal += [lever.domain.min - 1, lever.domain.max + 1, lever.domain.max + lever.domain.step, True]
            illegal += [lever.domain.min + 1] if lever.domain.step > 1 else []
        if not lever.off_allowed and "off" not in (lever.choices or ()):
            illegal += ["off", None]
        for value in illegal:
            with pytest.raises(ProblemsFound) as found:
                nerve_blocks().settings({name: value})
            assert str(found.value).startswith(f"{name}: ")
            assert re.search("allowed", str(found.value))


@pytest.mark.parametrize(
    ("name", "written", "hint"),
    [
        *(("relief_pct", "0.8", "did you mean 80?"), ("relief_pct", "1", "did you mean 100?")),
        *(("relief_pct", "80%", "did you mean 80?"), ("relief_pct", "82", "nearest 80 and 85")),
        *(
            ("relief_pct", "49", "nearest 50"),
            ("relief_pct", "101", "nearest 100"),
            ("relief_pct", "0.4", "nearest 50"),
        ),
        *(("pain_duration_months", "90", "did you mean 3 (90 days)?"), ("pain_duration_months", "91", "nearest 12")),
        *(("conservative_weeks", "42", "did you mean 6 (42 days)?"), ("conservative_weeks", "43", "nearest 26")),
        *(("conservative_weeks", "8 weeks", "did you mean 8?"), ("conservative_weeks", "6.5", "nearest 6 and 7")),
    ],
)
def test_what_was_perhaps_meant_is_said_and_nothing_else(name: str, written: str, hint: str):
    with pytest.raises(ProblemsFound) as found:
        nerve_blocks().settings({name: written})
    lever = nerve_blocks().levers[name]
    assert str(found.value).endswith(f"; {lever.allowed}{', ' * bool(hint)}{hint}")


def test_a_number_has_its_unit_in_grammar():
    said = {unit: [known.word(number) for number in (0, 1, 2)] for unit, known in KNOWN.items()}
    for unit, (many, one, two) in said.items():
        assert many == two == ("%" if unit == "percent" else unit.replace("_", " "))
        assert (one == many) == (unit == "percent")
    irregular = {"modalities": "modality", "drug_classes": "drug class", "headache_days": "headache day"}
    assert {unit: said[unit][1] for unit in irregular} == irregular
    assert said["weeks"][1] == "week"


def test_a_change_in_words_names_both_values_and_the_direction():
    before = nerve_blocks().settings()
    after = nerve_blocks().settings(
        {"conservative_weeks": 8, "relief_rule": "mean", "max_sessions_12m": 3, "relief_pct": 50}
    )
    assert policy.change_in_words(after, before) == [
        "Minimum conservative care (conservative_weeks): 6 weeks -> 8 weeks (stricter)",
        "Relief from a diagnostic block (relief_pct): 80 % -> 50 % (looser)",
        "Which relief counts (relief_rule): each_block -> mean",
        f"{nerve_blocks().levers['max_sessions_12m'].label} (max_sessions_12m): off -> 3 sessions (stricter)",
    ]
    assert policy.change_in_words(before, before) == []
    assert "(looser)" in policy.change_in_words(before, after)[0]


# Fuzz (far more of it: python -m tests.policy.fuzz) -------------------------------------------------------------------


def test_nothing_but_problems_comes_out_and_what_is_accepted_works():
    seen = fuzz.run(200, 4000)
    assert seen["escaped"] == 0
    assert 10 < seen["large accepted"] < 100


@given(st.text(max_size=200) | st.text("a:- []{}&*!|>\"'#%@`,?\n\t\\", max_size=200))
def test_no_text_makes_the_reader_fail_otherwise(text: str):
    try:
        node = parse(text, "t.yaml", Scenario)
    except ProblemsFound as found:
        node = None
        said = str(found).splitlines()
        assert [line for line in said if not re.match(r"t\.yaml:\d+: |\.\.\. and ", line)] == []
    assert node is None


@pytest.mark.parametrize("name", sorted(loading.shipped()))
def test_of_cases_that_may_be_people_no_notice_speaks_of_synthetic_data(name: str):
    one = policy.load(name)
    assert one.notice_of(people=False) == one.notice
    said = one.notice_of(people=True)
    assert "synthetic" not in said.lower()
    assert said.endswith("The cases may be people; policy simulation only, not for individual determinations.")
    assert ("retold from public sources" in said) == ("retold from public sources" in one.notice)
