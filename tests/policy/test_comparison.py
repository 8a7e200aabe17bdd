"""Two documents side by side: nothing that differs is left out of the redline, nothing wrong is proven."""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pytest

import policy
from policy.authoring.difference import differences
from policy.authoring.everywhere import Everywhere
from policy.authoring.levers import Levers
from policy.authoring.proof import Proof, pairs_of_codes, prove, prove_everywhere
from policy.authoring.reduction import CLOSENESS, alike_criteria, smaller
from policy.authoring.search import Possible, Search, way
from policy.authoring.tree import alike_in_words
from policy.authoring.witness import all_confirmed
from policy.determinations.results import LENIENCY
from policy.model import Policy
from policy.reading.validation import check_policy
from tests.policy.near_misses import Draws, near_misses, random_settings, table
from tests.policy.small import small as small_policy
from tests.policy.test_lint import small

Tree = dict[str, Any]


@functools.cache
def nerve_blocks() -> Policy:
    return policy.load("nerve_blocks")


def whole() -> Tree:
    tree: Tree = copy.deepcopy(nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True))
    tree.pop("examples", None)
    tree.pop("direction_exceptions", None)
    return tree


def ablation(tree: Tree) -> list[Any]:
    found: list[Any] = tree["pathways"]["spine_facet_ablation"]["rule"]["require"]
    return found


def without_the_trial() -> Policy:
    """Row 1 of what was tried: the requirement of ablation that only the strict stance has in force is deleted."""
    tree = whole()
    require = ablation(tree)
    require.remove({"criterion": "trial_or_radiculopathy", "while": {"rfa_stance": ["never_outside_trial"]}})
    return Policy.model_validate(tree)


def plain() -> Policy:
    return Policy.model_validate(whole())


def test_a_requirement_that_is_switched_off_is_in_the_redline() -> None:
    (change,) = differences(plain().settings(), without_the_trial().settings())
    assert change.id == "pathways.spine_facet_ablation.trial_or_radiculopathy"
    assert "no longer asks: The request is part of a clinical trial" in change.says
    assert "only while rfa_stance is never_outside_trial" in change.says


def test_a_requirement_that_is_switched_off_is_in_the_proof() -> None:
    """Never stricter, its witness names the lever and goes from refused to met; all other pathways are equal."""
    proof = prove_everywhere(plain().settings(), without_the_trial().settings())
    assert proof.overall.word == proof.pathways["spine_facet_ablation"].word == "never stricter"
    assert {r.word for name, r in proof.pathways.items() if name != "spine_facet_ablation"} == {"equal"}
    assert {tuple(r.how) for name, r in proof.pathways.items() if name != "spine_facet_ablation"} == {("reading",)}
    assert proof.pathways["spine_facet_ablation"].how == {"reasoning"}
    witness = proof.overall.looser
    assert witness
    assert (witness.before, witness.after) == ("not_met", "met")
    assert witness.levers == {"rfa_stance": ("never_outside_trial", "never_outside_trial")}
    strict = tuple(p.settings({"rfa_stance": "never_outside_trial"}) for p in (plain(), without_the_trial()))
    assert all_confirmed([witness], [strict]) == [True]  # type: ignore[list-item]


def test_the_worst_change_comes_first() -> None:
    """Row 14: one block or two under second_only; a refusal that becomes met comes before one that becomes a pend."""
    rule = {"relief_rule": "second_only"}
    sides = [nerve_blocks().settings({**rule, "diagnostic_blocks_required": n}) for n in (1, 2)]
    relation = prove(sides[0], sides[1], ["spine_facet_ablation"]).overall
    assert relation.word == "mixed"
    assert relation.looser
    assert (relation.looser.before, relation.looser.after) == ("not_met", "met")
    assert relation.stricter
    assert (relation.stricter.before, relation.stricter.after) == ("met", "not_met")


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every scalar of a document and the way to it."""
    if isinstance(node, dict):
        for key, below in node.items():
            yield from leaves(below, (*path, key))
    elif isinstance(node, list):
        for place, below in enumerate(node):
            yield from leaves(below, (*path, place))
    else:
        yield path, node


def put(tree: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        tree = tree[step]
    tree[path[-1]] = value


def test_no_difference_between_two_documents_is_silent() -> None:
    """Any text, number, word or reference of the document changed, in force or not: the redline has a line for it."""
    tree = nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True)
    before, luck, tried = nerve_blocks().settings(), np.random.default_rng(12), 0
    every = list(leaves(tree))
    for place in luck.permutation(len(every))[:400]:
        path, value = every[place]
        changed = copy.deepcopy(tree)
        put(changed, path, f"{value} altered" if " " in str(value) else f"{value}x")
        try:
            other = Policy.model_validate(changed)
        except ValueError:
            continue
        if not list(check_policy(other)):
            tried += 1
            found = differences(before, other.settings())
            assert found, path
            assert {change.id.partition(".")[0] for change in found} & {str(path[0])}, (path, found)
    assert tried > 150, tried


def test_an_entry_removed_or_moved_is_never_silent() -> None:
    tree = nerve_blocks().model_dump(mode="json", by_alias=True, exclude_unset=True)
    before = nerve_blocks().settings()
    for section in ("examples", "code_notices", "direction_exceptions", "texts", "open_questions", "references"):
        changed = copy.deepcopy(tree)
        entries = changed[section]
        if isinstance(entries, list):
            del entries[0]
        else:
            del entries[next(iter(entries))]
        found = differences(before, Policy.model_validate(changed).settings())
        assert [change.id.partition(".")[0] for change in found] == [section], found
    steps = copy.deepcopy(tree)
    then = steps["pathways"]["trigeminal_block"]["rule"]["then"]
    then[0], then[1] = then[1], then[0]
    assert differences(before, Policy.model_validate(steps).settings())


# Every slip of the shipped policy, one at a time ----------------------------------------------------------------------


def brute_force(proof: Proof, before: Policy, after: Policy, draws: Draws, pairs: int, size: int) -> list[str]:
    """Contradictions of a proof: near misses under random settings, alike on both sides, determined one by one."""
    levers = Levers((before.settings(), after.settings()))
    found = []
    for _ in range(pairs):
        drawn = random_settings(nerve_blocks(), draws)
        chosen = {
            n: (drawn[n], drawn[n]) for n in drawn if n in levers.pairs and (drawn[n], drawn[n]) in levers.pairs[n]
        }
        sides = levers.settings(chosen)
        frame = table(near_misses({**drawn, **dict(sides[0])}, size, draws))
        outcomes = []
        for side in sides:
            kept = frame[[c for c in frame.columns if c in side.policy.fields_]]
            cases = policy.Cases.from_frame(kept, side.policy)
            result = policy.determine(side.policy, cases, side, asking=False)
            outcomes.append(LENIENCY[result.outcome])
        change = outcomes[1] - outcomes[0]
        word = proof.overall.word
        if (change > 0).any() and word in ("equal", "never looser"):
            found.append(f"{word}, but looser under {sides[1].provisions()}")
        if (change < 0).any() and word in ("equal", "never stricter"):
            found.append(f"{word}, but stricter under {sides[1].provisions()}")
    return found


Slip = tuple[str, Callable[[Tree], None]]  # what is done, and how it is put into a document
INVERTED = {"at_least": "less_than", "less_than": "at_least"}
NEXT_TO = {"at_least": "more_than", "more_than": "at_least"}
ALWAYS = {"lever": {"undocumented_action": ["pend", "not_met"]}}


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def nodes(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every mapping of a document and the way to it."""
    if isinstance(node, dict):
        yield path, node
    for key, below in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from nodes(below, (*path, key))


def drop(path: tuple[Any, ...], place: int, tree: Tree) -> None:
    """A requirement deleted; the only one becomes one that is always met."""
    require = at(tree, (*path, "require"))
    tree["criteria"]["always"] = {**tree["criteria"]["trigger_points"], "test": ALWAYS}
    require[place : place + 1] = [] if len(require) > 1 else [{"criterion": "always"}]


def slips() -> Iterator[Slip]:
    """Each requirement deleted, each comparison turned round or moved by a step, each reference to a lever lost."""
    tree = whole()
    levers = plain_once().levers
    for path, node in nodes({"gates": tree["gates"], "pathways": tree["pathways"]}):
        where = ".".join(map(str, path))
        for place in range(len(node.get("require", ()))):
            yield f"{where} without requirement {place}", functools.partial(drop, path, place)
        for lever in node.get("while", {}) if "first_of" not in path[-2:-1] else ():
            yield f"{where} whatever {lever} says", lambda t, p=path, n=lever: at(t, p)["while"].pop(n)
        if "outcome" in node and node["outcome"] in levers:
            word = levers[node["outcome"]].default.replace("met_if_prereqs", "met")
            yield f"{where} always {word}", lambda t, p=path, w=word: put(t, (*p, "outcome"), w)
    for path, node in nodes(tree["criteria"]):
        kind = next(iter(node)) if "test" in path else ""
        where, here = ".".join(map(str, path)), ("criteria", *path)
        if kind in ("is", "states", "lever", "on_file", "mean", "count", *INVERTED, "more_than") and len(node) == 1:
            yield f"{where} inverted", lambda t, p=here, n=node: put(t, p, {"none_of": [n]})
        if kind in NEXT_TO and len(node) == 1:
            yield f"{where} {NEXT_TO[kind]}", lambda t, p=here, k=kind, n=node: put(t, p, {NEXT_TO[k]: n[k]})
    for path, value in leaves(tree["criteria"]):
        if value in levers and levers[value].domain and "test" in path:
            default = levers[value].default if levers[value].default != "off" else levers[value].suggested
            number = str(int(str(default)) * {"weeks": 7}.get(str(levers[value].unit), 1))
            where, here = ".".join(map(str, path)), ("criteria", *path)
            yield f"{where} {number} for {value}", lambda t, p=here, v=number: put(t, p, v)


def slipped(slip: Slip) -> Policy:
    tree = whole()
    slip[1](tree)
    return Policy.model_validate(tree)


def judged(chosen: Iterable[Slip], seed: int = 7) -> tuple[int, int, dict[str, int], list[str]]:
    """Slips tried, slips of which nothing wrong is proven, relations met with, and what was wrong."""
    draws, tried, right, wrong = Draws(seed), 0, 0, []
    words: dict[str, int] = {}
    for slip in chosen:
        after = slipped(slip)
        proof = prove_everywhere(plain_once().settings(), after.settings())
        words[proof.overall.word] = words.get(proof.overall.word, 0) + 1
        against = brute_force(proof, plain_once(), after, draws, 12, 150)
        for witness in proof.overall.witnesses().values():
            sides = Levers((plain_once().settings(), after.settings())).settings(dict(witness.levers))
            against += [] if all_confirmed([witness], [sides]) == [True] else [f"no witness: {witness.text()}"]
        tried += 1
        right += not against
        wrong += [f"{slip[0]}: {said}" for said in against[:1]]
    return tried, right, words, wrong


@functools.cache
def plain_once() -> Policy:
    return plain()


@pytest.mark.slow
def test_nothing_wrong_is_proven_of_a_few_slips() -> None:
    every = list(slips())
    tried, right, words, wrong = judged(every[5::60])
    assert (tried, wrong) == (right, [])
    assert tried >= 3
    assert "not proven" not in words, words


@pytest.mark.slow
def test_nothing_wrong_is_proven_of_any_slip() -> None:
    """Each requirement and lever reference of the shipped policy deleted, each comparison inverted, one at a time."""
    tried, right, words, wrong = judged(slips())
    assert (right, wrong) == (tried, [])
    assert tried > 200
    assert words.get("not proven", 0) == 0, words


# Levers that only one side has ---------------------------------------------------------------------------------------


def test_a_lever_or_value_of_one_side_runs_over_all_its_values_there_and_is_named() -> None:
    """The second document lets two drugs be asked for by a lever of its own, default as before: it can be stricter."""
    first = small()
    second = copy.deepcopy(first)
    second["levers"]["drugs"] = {**second["levers"]["tn_failed_drugs_min"], "label": "Drugs"}
    second["criteria"]["tn_drugs"]["test"] = {"at_least": {"failed_anticonvulsants": "drugs"}}
    second["criteria"]["tn_drugs"]["says"] = "Some drugs failed"
    one, other = (Policy.model_validate(tree) for tree in (first, second))
    assert prove(one.settings(), other.settings()).overall.word == "equal"
    proof = prove_everywhere(one.settings(), other.settings(), ["trigeminal_block"])
    assert proof.overall.word == "mixed"
    told = [w.text() for w in proof.overall.witnesses().values()]
    assert all("(a lever of the second alone)" in text or "the first alone" in text for text in told), told
    wider = copy.deepcopy(first)
    wider["levers"]["tn_failed_drugs_min"]["domain"] = {"min": "0", "max": "5", "step": "1"}
    proof = prove_everywhere(one.settings(), Policy.model_validate(wider).settings(), ["trigeminal_block"])
    assert proof.overall.word == "never looser"
    assert proof.overall.stricter
    assert "tn_failed_drugs_min=1 in the first" in proof.overall.stricter.text()


def test_a_threshold_that_also_switches_a_test_is_held_against_the_other_thresholds() -> None:
    """Each stretch of values between two levers is met with at some setting that a proof tries, as by plain counting.

    Once a lever that a `lever:` test names was left out of their order, and "equal" was proven wrongly.
    """
    tree = small()
    tree["levers"]["most"] = {**tree["levers"]["tn_failed_drugs_min"], "direction": "stricter_when_lower"}
    below = {"none_of": [{"more_than": {"failed_anticonvulsants": "most"}}]}
    switched = {"any_of": [{"lever": {"tn_failed_drugs_min": ["2"]}}, below]}
    least = {"at_least": {"failed_anticonvulsants": "tn_failed_drugs_min"}}
    tree["criteria"]["tn_drugs"]["test"] = {"all_of": [least, switched]}
    read = Policy.model_validate(tree)
    names = ("tn_failed_drugs_min", "most")
    values = [list(read.levers[name].values()) for name in names]

    def stretches(least: Any, most: Any) -> tuple[bool, tuple[tuple[bool, bool], ...]]:
        return least == 2, tuple(both for both, _ in itertools.groupby((n >= least, n <= most) for n in range(21)))

    tried = Levers((read.settings(), read.settings())).representatives(("failed_anticonvulsants",))
    assert {stretches(*(chosen[name][0] for name in names)) for chosen in tried} == {
        stretches(least, most) for least in values[0] for most in values[1]
    }


def test_what_is_too_large_is_said_to_be_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = small(), small()
    require = second["pathways"]["trigeminal_block"]["rule"]["require"]
    require.append({"criterion": "trigger_points"})
    monkeypatch.setattr("policy.authoring.everywhere.MOST_PATHS", 0)
    sides = [Policy.model_validate(tree).settings() for tree in (first, second)]
    relation = prove_everywhere(sides[0], sides[1], ["trigeminal_block"]).overall
    assert relation.word == "not proven"
    assert "more than 0 ways through the rules" in relation.text()


def edits_of_the_small_policy() -> Iterator[tuple[str, Tree]]:
    for place in range(4):
        tree = small()
        del tree["pathways"]["trigeminal_block"]["rule"]["require"][place]
        yield f"trigeminal_block without {place}", tree
    for path, node in nodes(small()["criteria"]):
        if "test" in path and next(iter(node)) in ("is", "at_least"):
            tree = small()
            put(tree["criteria"], path, {"none_of": [node]})
            yield f"{path} inverted", tree


@pytest.mark.slow
def test_what_is_left_out_of_sight_hides_no_change() -> None:
    """Every change that exact enumeration of the whole pathway finds, the reduced one holds possible, at any nearness.

    And the relation is the one of exact enumeration.
    """
    base, tried = Policy.model_validate(small()), 0
    for name, tree in edits_of_the_small_policy():
        levers = Levers((base.settings(), Policy.model_validate(tree).settings()))
        alike = alike_criteria(levers)
        for cell in pairs_of_codes(levers):
            if cell.name not in ("trigeminal_block", "fibromyalgia_trigger_point") or alike_in_words(levers, cell):
                continue
            found = []
            for closeness in CLOSENESS:
                seen = Possible(smaller(levers, cell, closeness, alike), frozenset((1, -1, 0)))
                Everywhere(seen.levers).explore(cell, seen.leaf)
                found.append(set(seen.settings))
            assert found[0] >= found[1] >= found[2], (name, cell)
            exact = Possible(levers, frozenset((1, -1, 0)))
            Everywhere(levers).explore(cell, exact.leaf)
            assert found[2] == set(exact.settings), (name, cell)
            search = Search(levers, cell, alike).run()
            assert not search.gaps
            assert {way(c) for c in search.found} | {0} == {way(c) for c in exact.settings} | {0}, (name, cell)
            tried += 1
    assert tried > 20, tried


WIDER = {
    "a word more": (
        "image_guidance",
        {"choices": ["fluoroscopy", "ct", "ultrasound", "none", "mri"]},
        "mri, the second",
    ),
    "a shorter range": ("conservative_care_days", {"max": "60"}, "above 60, the first"),
    "a least value": ("failed_preventives", {"min": "1"}, "below 1, the first"),
    "a coarser step": ("block_1_relief_pct", {"step": "5"}, "finer than steps of 5, the first"),
    "never empty": ("function_limited", {"required": "true"}, "empty, the first"),
}


@pytest.mark.parametrize("widened", WIDER)
def test_a_row_that_one_side_rejects_is_not_claimed_to_be_compared(widened: str) -> None:
    """'Equal on every case there can be' was said of two policies of which one rejects what the other approves."""
    name, changed, said = WIDER[widened]
    tree = small() if name == "function_limited" else whole()
    before = Policy.model_validate(tree)
    tree["fields"][name] |= changed
    after = Policy.model_validate(tree)
    proof = prove(before.settings(), after.settings(), ["trigeminal_epidural"])
    assert proof.unread == (f"{name} {said} alone",)
    assert prove(before.settings(), before.settings(), ["trigeminal_epidural"]).unread == ()
    (change,) = differences(before.settings(), after.settings())
    assert change.kind == "field"  # a text never decides a case


def test_a_code_taken_into_scope_is_no_change_of_text() -> None:
    tree = whole()
    tree["diagnoses"]["neck_pain"]["codes"]["M54.12"] = {"label": "x", "origin": "assumption"}
    (change,) = differences(plain().settings(), Policy.model_validate(tree).settings())
    assert change.kind == "code"
    assert "M54.12" in change.says


def test_the_redline_says_otherwise_only_of_the_pathway_for_all_else() -> None:
    def of(kind: str) -> policy.Policy:
        rule = {"outcome": "review", "because": "x"}
        chosen = {"diagnosis": ["one"], "procedure": ["device"], "with": {"kind": kind}}
        codes = {f"E060{n}": {"label": "x", "attributes": {"kind": k}} for n, k in enumerate(("fixed", "two"))}
        ways = {"some": chosen, "rest": "otherwise"}
        pathways = {n: {"title": n, "origin": "assumption", "for": f, "rule": rule} for n, f in ways.items()}
        known = {"known": {"is": {"told": "true"}}}
        device = {"device": {"label": "x", "codes": codes}}
        return small_policy({"told": {"type": "boolean"}}, {}, known, pathways=pathways, procedures=device)

    told = [change.says for change in differences(of("fixed").settings(), of("two").settings())]
    assert told == [
        "some, for: diagnosis one, procedure device, with kind fixed -> diagnosis one, procedure device, with kind two"
    ]
