"""The loader of policy documents: each kind of fault, set into the shipped one, is refused with its line and cure."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import policy
from policy.document import parse
from policy.model import OUTCOMES, Policy
from policy.problems import Problem, ProblemsFound, shown
from policy.reading import MAX_BYTES, MAX_DEPTH, MAX_SCALAR, read_yaml
from policy.scenario import Scenario
from policy.validation import check_policy
from tests.policy.near_misses import Draws, near_misses, table

IN_HERE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@functools.cache
def source() -> str:
    return policy.shipped()["nerve_blocks@2026.1"].read_text("utf-8")


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
    at = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return before + new + after, (before + new[:at]).count("\n") + 1


# Values and names, each a small change of the shipped document: what was, what it becomes, what must be said

MUTATIONS = {
    "duplicate key": (
        "    unit: weeks\n",
        "    unit: weeks\n    unit: weeks\n",
        "key 'unit' stands twice, first on line",
    ),
    "unknown key": ("    citation: ", "    citatoin: ", "unknown key 'citatoin', did you mean citation?"),
    "missing key": ('    label: "Minimum conservative care"\n', "", "levers.conservative_weeks lacks the key 'label'"),
    "ambiguous keys": (
        '"20552": {label',
        'yes: {label: A}\n      "20552": {label',
        "'yes' is not allowed; write a CPT code",
    ),
    "key on": ("    unit: weeks\n", "    on: weeks\n    unit: weeks\n", "unknown key 'on'"),
    "code with a lost zero": (
        '"20552": {label',
        '"100": {label',
        "'100' is not allowed; write a CPT code of five digits",
    ),
    "code with an exponent": ('"M54.2": {label', "1E10: {label", "'1E10' is not allowed; write an ICD-10-CM code"),
    "code in lower case": ('"M54.2": {label', "m54.2: {label", "'m54.2' is not allowed; write an ICD-10-CM code"),
    "code without point": (
        '"M54.2": {label',
        "M542: {label",
        "'M542' is not allowed; write an ICD-10-CM code such as M54.2",
    ),
    "sexagesimal": (
        "domain: {min: 0, max: 26, step: 1}",
        "domain: {min: 0, max: 12:30, step: 1}",
        "is not a whole number",
    ),
    "underscore": ("max: 26, step: 1", "max: 2_6, step: 1", "'2_6' is not a whole number"),
    "hexadecimal": ("max: 26, step: 1", "max: 0x1F, step: 1", "'0x1F' is not a whole number"),
    "octal": ("max: 26, step: 1", "max: 017, step: 1", "'017' is not a whole number"),
    "plus sign": ("max: 26, step: 1", "max: +6, step: 1", "'+6' is not a whole number"),
    "not a number": ("max: 26, step: 1", "max: nan, step: 1", "'nan' is not a whole number"),
    "fraction in a domain": ("max: 26, step: 1", "max: 6.5, step: 1", "'6.5' is not a whole number"),
    "full-width digit": ("max: 26, step: 1", "max: ６, step: 1", "'６' is not a whole number"),
    "thousands": ("max: 43800", 'max: "43,800"', "'43,800' is not a whole number"),
    "per cent sign": ('suggested: "50"', 'suggested: "50%"', "'50%' is not a whole number (write 80, not 80%)"),
    "very long number": ("max: 26, step: 1", f"max: {'9' * 3500}, step: 1", "is not a whole number"),
    "default between steps": (
        'default: "80"',
        'default: "82"',
        "'82' is between two steps; allowed 50 to 100 percent in steps of 5",
    ),
    "default out of domain": ('default: "6"', 'default: "30"', "'30' is outside the domain; allowed 0 to 26 weeks"),
    "days for weeks": ('default: "6"', 'default: "42"', "'42' is outside the domain; allowed 0 to 26 weeks"),
    "default as a fraction": ('default: "80"', 'default: "0.8"', "is not allowed"),
    "default no number": ('default: "6"', "default: six", "'six' is not a whole number; allowed 0 to 26 weeks"),
    "default off not legal": ('default: "6"', "default: off", "'off' is not a whole number; allowed 0 to 26 weeks"),
    "suggested out of domain": ('suggested: "50"', 'suggested: "101"', "suggested '101' is outside the domain"),
    "default no choice": (
        "default: exceeds",
        "default: exceed",
        "'exceed' is not allowed; choose one of exceeds, at_least",
    ),
    "step zero": (
        "max: 26, step: 1",
        "max: 26, step: 0",
        "needs min < max and a step of at least 1 that divides the range",
    ),
    "step does not divide": ("max: 26, step: 1", "max: 26, step: 4", "needs min < max and a step of at least 1"),
    "minimum above maximum": ("{min: 0, max: 26, step: 1}", "{min: 27, max: 26, step: 1}", "needs min < max"),
    "unit missing": ("    unit: weeks\n", "", "needs a direction and a unit of months, weeks, percent"),
    "unit unknown": ("    unit: weeks\n", "    unit: fortnights\n", "needs a direction and a unit of months, weeks"),
    "direction missing": (
        "    unit: weeks\n    direction: stricter_when_higher\n",
        "    unit: weeks\n",
        "needs a direction",
    ),
    "unit of another kind": (
        "    unit: weeks\n",
        "    unit: drugs\n",
        "lever 'conservative_weeks' is in drugs, field 'conservative_care_days' is in days",
    ),
    "no source": ("    statements: [S14]\n    origin: assumption\n", "", "names no statement (S1-S66) and no origin"),
    "statement malformed": (
        "statements: [S2, S13, S50]",
        "statements: [S2, s13, S50]",
        "'s13' is not allowed; write a statement id",
    ),
    "statement unknown": ("statements: [S2, S13, S50]", "statements: [S2, S99, S50]", "no statement is called 'S99'"),
    "evidence unknown": (
        "evidence: [acns-lumbar-2014, bmj-2025, cms-facet]",
        "evidence: [bmj-2026]",
        "no evidence card is called 'bmj-2026', did you mean bmj-2025?",
    ),
    "status unknown": (
        "status: contested",
        "status: disputed",
        "'disputed' is not allowed; one of 'current', 'contested'",
    ),
    "operator unknown": ("        - more_than: {pain_duration", "        - '=>': {pain_duration", "unknown key '=>'"),
    "operator near": (
        "- more_than: {pain_duration",
        "- more_then: {pain_duration",
        "unknown key 'more_then', did you mean more_than?",
    ),
    "two tests in one": (
        'test: {is: {function_limited: "true"}}',
        'test: {is: {function_limited: "true"}, on_file: age}',
        "needs exactly one test, found 2",
    ),
    "two fields compared": (
        "at_least: {conservative_care_days: conservative_weeks}",
        "at_least: {conservative_care_days: conservative_weeks, age: '3'}",
        "compares exactly one field",
    ),
    "test of an unknown field": (
        "{is: {function_limited: ",
        "{is: {function_limitd: ",
        "no field is called 'function_limitd', did you mean function_limited?",
    ),
    "test of an unknown lever": (
        "{conservative_care_days: conservative_weeks}",
        "{conservative_care_days: conservative_week}",
        "no numeric lever is called 'conservative_week', did you mean conservative_weeks?",
    ),
    "test of a choice lever": (
        "{conservative_care_days: conservative_weeks}",
        "{conservative_care_days: relief_rule}",
        "no numeric lever is called 'relief_rule'",
    ),
    "count by an unknown lever": (
        "at_least: conservative_modalities_min",
        "at_least: conservative_modalities",
        "no numeric lever is called 'conservative_modalities', did you mean conservative_modalities_min?",
    ),
    "count by a lever in weeks": (
        "at_least: conservative_modalities_min",
        "at_least: conservative_weeks",
        "at least 26 weeks of 3 tests is never true",
    ),
    "count above its tests": ("at_least: conservative_modalities_min", 'at_least: "4"', "of 3 tests is never true"),
    "text field in a test": (
        '{is: {function_limited: "true"}}',
        "{on_file: dx}",
        "field 'dx' may not be used by a rule",
    ),
    "truth in a test": (
        "{is: {function_limited: ",
        "{is: {truth_benefit: ",
        "field 'truth_benefit' may not be used by a rule",
    ),
    "boolean word": (
        '{is: {function_limited: "true"}}',
        '{is: {function_limited: "yes"}}',
        "no value of function_limited is called 'yes'; known: true, false",
    ),
    "boolean compared": (
        '- is: {tried_nsaid: "true"}',
        '- at_least: {tried_nsaid: "1"}',
        "field 'tried_nsaid' (boolean) cannot be compared with a number",
    ),
    "date as a word": (
        '- is: {tried_nsaid: "true"}',
        '- is: {onset_date: "1"}',
        "no value of onset_date is called '1'",
    ),
    "whole out of range": (
        '- is: {tried_nsaid: "true"}',
        '- is: {diagnostic_blocks_done: "3"}',
        "no value of diagnostic_blocks_done is called '3'; known: 0, 1, 2",
    ),
    "condition on an unknown lever": (
        "lever: {pain_duration_operator: exceeds}",
        "lever: {pain_operator: exceeds}",
        "no lever is called 'pain_operator', did you mean pain_duration_operator?",
    ),
    "condition on an unknown value": (
        "lever: {pain_duration_operator: exceeds}",
        "lever: {pain_duration_operator: above}",
        "no value of pain_duration_operator is called 'above'; known: ",
    ),
    "empty list of tests": (
        '      none_of:\n        - is: {imaging_other_cause: "true"}',
        "      none_of: []",
        "test.none_of: tuple should have at least 1 item",
    ),
    "template of an unknown lever": (
        "{conservative_weeks} of conservative care",
        "{conservative_week} of conservative care",
        "no lever is called 'conservative_week', did you mean conservative_weeks?",
    ),
    "template left open": (
        "{conservative_weeks} of conservative care",
        "{conservative_weeks of conservative care",
        "no lever is called 'conservative_weeks of",
    ),
    "template that reads attributes": (
        "{conservative_weeks} of conservative care",
        "{conservative_weeks.__class__} of",
        "no lever is called 'conservative_weeks.__class__'",
    ),
    "template with a format": (
        "{conservative_weeks} of conservative care",
        "{conservative_weeks!r:>9} of care",
        "no lever is called 'conservative_weeks!r:>9'",
    ),
    "field type unknown": ("type: boolean, absent", "type: bool, absent", "'bool' is not allowed; one of 'text'"),
    "choice without choices": (
        "type: choice, choices: [fluoroscopy, ct, ultrasound, none], ",
        "type: choice, ",
        "fields.image_guidance: a field of type choice, and no other, needs choices",
    ),
    "default of a missing fact": (
        'absent: "false", ask: "why',
        'absent: "maybe", ask: "why',
        "no value of conservative_care_contraindicated is called 'maybe'; known: true, false",
    ),
    "field bounds": (
        "unit: blocks, max: 2",
        "unit: blocks, min: 3, max: 2",
        "fields.diagnostic_blocks_done: needs 0 <= min <= max, found 3 and 2",
    ),
    "no case id": ("  case_id: {label", "  request: {label", "fields.case_id: a required field of type text is needed"),
    "code column of another type": (
        "type: procedure, required",
        "type: text, required",
        "fields.cpt: a required field of type procedure is needed",
    ),
    "code column not required": (
        "type: diagnosis, required: true",
        "type: diagnosis",
        "fields.dx: a required field of type diagnosis is needed",
    ),
    "months of no date": ("onset: onset_date\n", "onset: age\n", "fields.pain_duration: 'age' must be of type date"),
    "months of nothing": ("    days: pain_duration_days\n", "", "fields.pain_duration: no field is called 'None'"),
    "closing lever renamed": (
        "  undocumented_action:",
        "  undocumented_actions:",
        "levers: undocumented_action needs choices pend, not_met",
    ),
    "notice of an unknown lever": (
        "    lever: m5381_mapping\n",
        "    lever: m5381_maping\n",
        "no lever is called 'm5381_maping', did you mean m5381_mapping?",
    ),
    "notice of an unknown code": ('  - code: "M53.81"', '  - code: "Z53.81"', "no diagnosis code is called 'Z53.81'"),
    "rule for an unknown code": (
        "codes: [G43.819]",
        "codes: [G44.819]",
        "no diagnosis code is called 'G44.819', did you mean G43.819?",
    ),
    "diagnosis in two groups": (
        '"M79.7": {label',
        '"M54.2": {label: twice, origin: alternative}\n      "M79.7": {label',
        "code M54.2 stands in two diagnosis groups",
    ),
    "diagnosis under another's prefix": (
        '"M79.7": {label',
        '"G43.709": {label: other, origin: alternative}\n      "M79.7": {label',
        "code G43.709 stands in two diagnosis groups",
    ),
    "procedure in two families": (
        '"64405": {label',
        '"64400": {label: twice}\n      "64405": {label',
        "code 64400 stands in two families",
    ),
    "criterion unknown": (
        "            - facet_confirmed\n",
        "            - facet_confirmd\n",
        "no criterion is called 'facet_confirmd', did you mean facet_confirmed?",
    ),
    "outcome unknown": (
        "rule: {outcome: mismatch,",
        "rule: {outcome: mismatched,",
        "no outcome or action lever is called 'mismatched', did you mean mismatch?",
    ),
    "outcome from a lever of another kind": (
        "outcome: radiculopathy_action",
        "outcome: relief_rule",
        "no outcome or action lever is called 'relief_rule'",
    ),
    "outcome without reason": (
        ', because: "a block of a facial nerve does not belong to spine pain"}',
        "}",
        "outcome needs because",
    ),
    "rule of two forms": (
        "rule: {outcome: mismatch,",
        "rule: {switch: intent, outcome: mismatch,",
        "needs one of first_of, outcome, require, switch",
    ),
    "switch on an unknown field": (
        "      switch: intent\n",
        "      switch: intend\n",
        "no field is called 'intend', did you mean intent?",
    ),
    "branch of no value": (
        "        diagnostic:\n          first_of",
        "        diagnosis:\n          first_of",
        "no value of intent is called 'diagnosis', did you mean diagnostic?",
    ),
    "pathway without an end": (
        "            - {outcome: unmapped_action,",
        "            - {when: radiculopathy_present, outcome: unmapped_action,",
        "the last entry of then, and no other, must always apply",
    ),
    "steps after the last": (
        "            - {when: radiculopathy_present, outcome: radiculopathy_action,",
        "            - {outcome: radiculopathy_action,",
        "the last entry of then, and no other, must always apply",
    ),
    "first_of without an end": (
        "        - require:\n",
        "        - while: {relief_rule: mean}\n          require:\n",
        "every entry of first_of but the last must have a while",
    ),
    "cell without pathway": (
        "procedure: [occipital_block]}",
        "procedure: [peripheral_block]}",
        "no pathway for neck_pain x 64405; exactly one is needed",
    ),
    "cell with two pathways": (
        "procedure: [occipital_block]}",
        "procedure: [occipital_block, peripheral_block]}",
        "2 pathways for neck_pain x 64450; exactly one is needed",
    ),
    "unknown group": (
        "for: {diagnosis: [neck_pain, thoracic_pain], procedure: [occipital_block]}",
        "for: {diagnosis: [neck_pains], procedure: [occipital_block]}",
        "no diagnosis group is called 'neck_pains', did you mean neck_pain?",
    ),
    "unknown family": (
        "procedure: [occipital_block]}",
        "procedure: [occipital]}",
        "no procedure family is called 'occipital', did you mean occipital_block?",
    ),
    "newer schema": (
        "schema: policy/1\n",
        "schema: policy/2\n",
        "schema policy/2: made by a newer version of the workbook; policy/1 is read here",
    ),
    "other schema": (
        "schema: policy/1\n",
        "schema: scenario/1\n",
        "schema scenario/1: not this kind; policy/1 is read here",
    ),
    "schema of no kind": ("schema: policy/1\n", "schema: pol\n", "schema: 'pol' is not allowed; one of 'policy/1'"),
    "version": ('version: "2026.1"', "version: 2026.1.0", "'2026.1.0' is not allowed; write a version such as 2026.1"),
    "tag": (
        "title: Nerve-block injections",
        "title: !!python/object/apply:os.system [ls]",
        "tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed",
    ),
    "binary tag": ("title: Nerve-block injections", "title: !!binary aGk=", "is not allowed"),
    "own tag": ("title: Nerve-block injections", "title: !not that", "tag '!not' is not allowed"),
    "anchor": ("title: Nerve-block injections", "title: &x Nerve-block injections", "anchor &x is not allowed"),
    "anchor by mistake": ("title: Nerve-block injections", "title: &x", "anchor &x is not allowed"),
    "alias": ("status: draft\n", "status: *x\n", "alias *x is not allowed: write the value out"),
    "merge key": (
        "status: draft\n",
        "status: draft\n<<: {a: b}\n",
        "merge keys (<<) are not allowed: write the entries out",
    ),
    "no value": ("title: Nerve-block injections", "title:", "an entry has no value (null): give it one or remove it"),
    "tilde": ("title: Nerve-block injections", "title: ~", "an entry has no value (null)"),
    "empty text": ("title: Nerve-block injections", 'title: " "', "title: ' ' string should have at least 1 character"),
    "list for text": ("title: Nerve-block injections", "title: [a, b]", "title: input should be a valid string"),
    "text for a map": (
        "domain: {min: 0, max: 26, step: 1}",
        "domain: 0-26",
        "levers.conservative_weeks.domain: '0-26' input should be a valid dictionary",
    ),
    "space that does not break": ("    unit: weeks\n", "    unit:\u00a0weeks\n", "is not valid YAML"),
    "space that does not break in a key": (
        "    unit: weeks\n",
        "    unit\u00a0: weeks\n",
        "characters outside plain ASCII",
    ),
    "Cyrillic letter in a key": ("    citation: ", "    c\u0456tation: ", "has characters outside plain ASCII"),
    "zero width in a key": (
        "    citation: ",
        "    cita\u200btion: ",
        "holds invisible characters (U+200B); remove them",
    ),
    "right to left in text": (
        "title: Nerve-block injections",
        "title: Nerve\u202eblock",
        "holds invisible characters (U+202E)",
    ),
    "control character": ("title: Nerve-block injections", "title: Nerve\x07block", "is not valid YAML"),
    "keys of two types": (
        '"64405": {label',
        '64405: {label: twice}\n      "64405": {label',
        "key '64405' stands twice, first on line",
    ),
    "complex key": ("status: draft\n", "status: draft\n? [a]\n: b\n", "a mapping key must be text"),
    "long text": (
        "title: Nerve-block injections",
        f"title: {'x' * (MAX_SCALAR + 1)}",
        f"a value of {MAX_SCALAR + 1:,} characters; at most {MAX_SCALAR:,}",
    ),
    "tab": ("    unit: weeks\n", "\tunit: weeks\n", "is not valid YAML"),
    "two documents": ("status: draft\n", "status: draft\n---\na: b\n", "holds 2 documents; one is allowed"),
}
FAR = {  # said on another line than the change: of the file as a whole, of what uses the name, of the record around it
    *("missing key", "unit missing", "direction missing", "no source", "unit of another kind", "unit unknown"),
    *(
        "two documents",
        "text field in a test",
        "outcome without reason",
        "rule of two forms",
        "notice of an unknown code",
    ),
    *("no case id", "closing lever renamed", "months of nothing", "months of no date", "criterion unknown"),
    *("pathway without an end", "steps after the last", "first_of without an end", "cell without pathway"),
    *(
        "cell with two pathways",
        "rule for an unknown code",
        "outcome from a lever of another kind",
        "branch of no value",
    ),
    *(
        "switch on an unknown field",
        "diagnosis in two groups",
        "diagnosis under another's prefix",
        "empty list of tests",
    ),
    *("procedure in two families", "two tests in one", "two fields compared", "space that does not break", "tab"),
    *("anchor by mistake", "operator unknown", "operator near", "minimum above maximum", "notice of an unknown lever"),
}


@pytest.mark.parametrize("fault", MUTATIONS)
def test_each_fault_is_refused_with_its_line_and_its_cure(tmp_path: Path, fault: str):
    old, new, said = MUTATIONS[fault]
    text, line = mutated(old, new)
    found = refused(tmp_path, text)
    hits = [problem for problem in found if said in problem]
    assert hits, found
    lines = [int(problem.partition(":")[0]) for problem in hits]
    assert all(1 <= at <= text.count("\n") + 1 for at in lines)
    if fault not in FAR:
        near = range(line - 14, line + 2)  # the line of the value, or the first line of the record it stands in
        assert any(at in near for at in lines), (line, hits)
    assert all(len(problem) < 500 for problem in found)


def test_the_unchanged_document_is_accepted(tmp_path: Path):
    (tmp_path / "p.yaml").write_text("\ufeff" + source(), "utf-8")  # a byte order mark is no content
    again = policy.load(tmp_path / "p.yaml")
    assert again.fingerprint == nerve_blocks().fingerprint
    assert again == nerve_blocks()


def test_a_line_number_is_exact(tmp_path: Path):
    text, line = mutated("default: exceeds", "default: exceeds\n    colour: red")
    assert text.splitlines()[line].strip() == "colour: red"
    assert refused(tmp_path, text) == [f"{line + 1}: levers.pain_duration_operator.colour: unknown key 'colour'"]


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
        "lacks the key 'title'",
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "1: must be a mapping of keys to values; found nothing"),
        (b"# only a comment\n", "1: must be a mapping of keys to values; found nothing"),
        (b"- a\n", "1: must be a mapping of keys to values; found a list"),
        (b"hello\n", "1: must be a mapping of keys to values; found 'hello'"),
        (b"a: b\n---\na: c\n", "1: holds 2 documents; one is allowed"),
        (b"a:\n", "1: an entry has no value (null)"),
        (b"a: [\n", "is not valid YAML"),
        (b"\xff\xfea\x00", " is not UTF-8 text (byte 0)"),
        (b"a: \xe9\n", " is not UTF-8 text (byte 3)"),
        (b"a: b\x00\n", "is not valid YAML"),
        (b"[" * 3000, f"1: nested deeper than {MAX_DEPTH} levels"),
        (b"{a: " * 1500, f"1: nested deeper than {MAX_DEPTH} levels"),
        (b"".join(b" " * i + b"a:\n" for i in range(300)), f"{MAX_DEPTH + 1}: nested deeper than {MAX_DEPTH} levels"),
        (b"a: &a [*a]\n", "1: anchor &a is not allowed"),
        (b"a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "3: alias *b is not allowed"),
        (b"a: " + b"9" * 5000 + b"\n", "1: a value of 5,000 characters"),
        (b"x" * (MAX_BYTES + 1), f" is {MAX_BYTES + 1:,} bytes; at most {MAX_BYTES:,} are read"),
        (b"PK\x03\x04", "is not valid YAML"),
        (b"id: x\n", "1: the file lacks the key 'schema'"),
    ],
)
def test_a_file_that_is_no_policy_says_what_was_found(tmp_path: Path, text: bytes, said: str):
    assert any(said in line for line in refused(tmp_path, text)), refused(tmp_path, text)


def test_a_missing_file_a_folder_and_a_wrong_name_are_refused(tmp_path: Path):
    with pytest.raises(ProblemsFound, match="cannot be read"):
        policy.load(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ProblemsFound, match="cannot be read"):
        policy.load(tmp_path / "folder.yaml")
    with pytest.raises(ProblemsFound, match=r"'nerve_block': is no policy that ships .*, did you mean nerve_blocks\?"):
        policy.load("nerve_block")
    with pytest.raises(ProblemsFound, match=r"is no policy that ships \(nerve_blocks@2026\.1\)"):
        policy.load("nerve_blocks@2025.9")
    assert policy.load("nerve_blocks@2026.1") is policy.load("nerve_blocks")


def test_seventy_fields_are_too_many(tmp_path: Path):
    extra = "".join(f"  x{i}: {{label: X, type: boolean, ask: x, origin: assumption}}\n" for i in range(40))
    found = refused(tmp_path, source().replace("\nfields:\n", f"\nfields:\n{extra}", 1))
    assert any("fields; at most 64" in line for line in found)


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
    text = SCENARIO + "  conservative_week: '8'\n  relief_pct: '82'\n  relief_rule: average\n"
    assert scenario_refused(tmp_path, text) == [
        "8: conservative_week: 'conservative_week' is not a lever of nerve_blocks@2026.1, did you mean conservative_weeks?",  # noqa: E501
        "9: relief_pct: '82' is between two steps; allowed 50 to 100 percent in steps of 5",
        "10: relief_rule: 'average' is not allowed; choose one of each_block, mean, second_only",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("policy: nerve_blocks", "policy: knee_blocks", "4: is a scenario for knee_blocks, but the policy is nerve_blocks@2026.1"),  # noqa: E501
        ("policy: nerve_blocks", "policy: nerve_blocks@2025.1", "4: is a scenario for nerve_blocks@2025.1"),
        ("because: a test\n", "", "the file lacks the key 'because'"),
        ('weeks: "8"', "weeks: 8\n  conservative_weeks: 9", "8: key 'conservative_weeks' stands twice, first on line 7"),  # noqa: E501
        ("label: Trial", "labell: Trial", "unknown key 'labell', did you mean label?"),
        ("scenario/1", "scenario/3", "1: schema scenario/3: made by a newer version"),
        ("provisions:", "from:", "unknown key 'from'"),
        ('weeks: "8"', 'weeks: "six"', "7: conservative_weeks: 'six' is not a whole number; allowed 0 to 26 weeks"),
        ('weeks: "8"', 'weeks: "0.8"', "7: provisions.conservative_weeks: '0.8' is not allowed"),
        ('weeks: "8"', 'weeks: "-1"', "7: provisions.conservative_weeks: '-1' is not allowed"),
    ],
)  # fmt: skip
def test_a_faulty_scenario_is_refused(tmp_path: Path, old: str, new: str, said: str):
    assert old in SCENARIO
    found = scenario_refused(tmp_path, SCENARIO.replace(old, new))
    assert any(said in line for line in found), found


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


# Fuzz ----------------------------------------------------------------------------------------------------------------

ODD = (
    "",
    "~",
    "-1",
    "99999",
    "0.8",
    "true",
    "[]",
    "{}",
    "[x]",
    "{a: b}",
    "off",
    "x" * 90,
    "&a b",
    "*a",
    "!t x",
    "'",
    '"',
    "\u202e",
    "{",
    "é",
)


@functools.cache
def numbered() -> tuple[str, ...]:
    return tuple(source().splitlines(keepends=True))


@functools.cache
def requests() -> pd.DataFrame:
    """Near misses of the shipped policy."""
    return table(near_misses(nerve_blocks().settings(), 150, Draws(1)))


def works(document: Policy) -> None:
    """An accepted document answers any request, under any value of any lever, and explains itself."""
    frame = requests()
    known = [column for column in frame.columns if column in document.fields_]
    cases = policy.Cases.from_frame(frame[known], document, keep_good=True)
    assert len(cases) > 0
    for settings_ in (document.settings(), document.settings({n: v.values()[-1] for n, v in document.levers.items()})):
        found = policy.determine(document, cases, settings_)
        assert set(np.unique(found.outcome)) <= set(range(len(OUTCOMES)))
        assert len(found.frame()) == len(cases)
    assert policy.explain(document, cases, 0, document.settings()).text()


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_nothing_but_problems_comes_out_and_what_is_accepted_works(data: st.DataObject):
    lines = list(numbered())
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(lines) - 1))
        action = data.draw(st.sampled_from(["drop", "double", "swap", "value", "key", "indent", "copy"]))
        if action == "drop":
            lines[at] = ""
        elif action == "double":
            lines[at] *= 2
        elif action == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif action == "value":
            lines[at] = re.sub(r"(: ?|- ).*$", lambda m: m[1] + data.draw(st.sampled_from(ODD)), lines[at], count=1)
        elif action == "key":
            lines[at] = re.sub(
                r"\w+(?=:)", data.draw(st.sampled_from(["yes", "x", "label", "test", "1"])), lines[at], count=1
            )
        elif action == "indent":
            lines[at] = data.draw(st.sampled_from(["", " ", "    ", "\t"])) + lines[at].lstrip(" ")
        else:
            words = re.findall(r"[a-z_]{4,}", "".join(lines[max(0, at - 30) : at + 30])) or ["x"]
            lines[at] = re.sub(r"[a-z_]{4,}(?=\W*$)", data.draw(st.sampled_from(words)), lines[at], count=1)
    text = "".join(lines)
    try:
        document, _ = parse(text, "fuzz.yaml", Policy)
        problems = [Problem(code, "", message) for code, _, message in check_policy(document)]
    except ProblemsFound as found:
        problems = list(found.problems)
    if problems:
        assert all(problem.message and "\x1b" not in problem.message for problem in problems)
    else:
        works(document)


@given(st.text(max_size=200) | st.text("a:- []{}&*!|>\"'#%@`,?\n\t\\", max_size=200))
def test_no_text_makes_the_reader_fail_otherwise(text: str):
    try:
        node = parse(text, "t.yaml", Scenario)
    except ProblemsFound as found:
        node = None
        said = str(found).splitlines()
        assert [line for line in said if not re.match(r"t\.yaml:\d+: |\.\.\. and ", line)] == []
    assert node is None


def test_shown_values_are_short_and_visible():
    assert shown("a\x1b[31m\u202e\n") == "'a\\u001b[31m\\u202e\\u000a'"
    assert shown("x" * 200) == f"'{'x' * 80}...'"
