"""What takes a while: the lint, what the examples show of each criterion, and slips that none of them would show.

Each is a generator that gives what is found so far; whoever stops asking stops the work. What was tried of the same
rules is remembered, so that another example is asked of what nobody noticed before, and of nothing else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from notebooks.checking.items import Found, Item, Mend
from notebooks.checking.words import (
    entry_in_words,
    in_labels,
    levers_in_words,
    outcome_in_words,
    slip_in_words,
)
from notebooks.comparison.words import case_in_words
from policy import Draft
from policy.authoring.coverage import Coverage, Goal, Offer, covering
from policy.authoring.draft_edits import Edited
from policy.authoring.lint import Finding, lint
from policy.authoring.memory import Memory
from policy.authoring.mutation import Mutant, levers_of, slips
from policy.authoring.verdicts import Verdict, unnoticed
from policy.authoring.vignettes import Batch, Vignette, batches, example_vignettes, read_vignettes
from policy.determinations.determination import determine
from policy.model import Policy, as_word
from policy.problems import ProblemsFound, listed
from policy.reading.loading import DOCUMENTS
from simulations.scenario.loading import readings_for

__all__ = ["Asked", "Tried", "looked_for"]

_KINDS = {  # of the lint, in the order in which they are looked for, quick ones first -> what is looked for
    "gap": "requests without a pathway, with two, or a pathway without requests", "unreachable": "rules never reached",
    "outside cited": "thresholds that no source uses", "unused column": "columns that no rule reads",
    "never decides": "criteria that never decide", "direction": "levers that go the other way than they say",
    "reaches nothing": "levers that reach no case", "needless ask": "questions for nothing",
}  # fmt: skip
_GONE = {("unused column", "fields"): "Take the column out", ("never decides", "criteria"): "Remove the criterion"}
_STATES = ("is not met", "is not documented", "is met")


class Asked(NamedTuple):
    """The examples and vignettes that hold, by what they ask, and those that come out otherwise in this draft."""

    batches: list[Batch]
    readings: dict[str, dict[str, object]]
    otherwise: list[tuple[Vignette, str]]
    ways: list[Counter[str]]  # of each batch: how many of its vignettes are of each pathway

    @classmethod
    def of(cls, policy: Policy) -> "Asked":
        """Of the examples of a policy and the vignettes that ship beside it."""
        folder, readings = DOCUMENTS / policy.id / "vignettes", readings_for(policy)
        known = [*example_vignettes(policy), *(read_vignettes([folder]) if folder.is_dir() else [])]
        known = [one for one in known if one.expect.keys() <= readings.keys()]
        while True:
            try:
                asked = batches(known, policy, readings)
                break
            except ProblemsFound as found:  # a vignette whose case or levers this draft does not know
                places = {problem.place for problem in found.problems}
                if not any(one.place in places for one in known):
                    raise
                known = [one for one in known if one.place not in places]
        otherwise = [pair for batch in asked for pair in batch.failing(policy, lists=True)]
        places = {vignette.place for vignette, _ in otherwise}
        kept = batches([one for one in known if one.place not in places], policy, readings) if places else asked
        used = {batch.reading for batch in kept} | {"default"}
        ways = [_ways(policy, batch) for batch in kept]
        return cls(kept, {name: levers for name, levers in readings.items() if name in used}, otherwise, ways)

    @property
    def note(self) -> str:
        """Which vignettes come out otherwise in this draft; empty: none does."""
        found = [(one, said) for one, said in self.otherwise if not one.place.startswith("examples.")]
        if not found:
            return ""
        told = "vignette of the version before comes" if len(found) == 1 else "vignettes of the version before come"
        names = [f"“{one.name}” ({said})" for one, said in found]
        why = "they are kept beside that version and are not part of a draft; make such a case an example of the draft"
        return f"; {len(found)} {told} out otherwise here and prove nothing: {listed(names, 4)}. Nothing to mend: {why}"

    def noticed(self, policy: Policy, mutant: Mutant) -> bool:
        """Whether some example or vignette comes out otherwise with a slip; those of the pathways it reaches are asked.

        First where many are, then those whose lists could be others.
        """
        reached = mutant.touches(policy)
        if mutant.kind == "lever":
            reached = [way for way in reached if mutant.place.split(".")[1] in levers_of(policy, [way])]
        counted = [
            (sum(ways[way] for way in reached), batch) for batch, ways in zip(self.batches, self.ways, strict=True)
        ]
        asked = [batch for count, batch in sorted(counted, key=lambda pair: -pair[0]) if count]
        return any(batch.failing(mutant.policy, lists) for lists in (False, True) for batch in asked)

    @property
    def said(self) -> frozenset[str]:
        """Each vignette as text: what it asks and expects."""
        return frozenset(
            repr((v.name, v.case, v.provisions, v.expect, v.lists)) for b in self.batches for v in b.vignettes
        )


def _ways(policy: Policy, batch: Batch) -> Counter[str]:
    names, found = [*policy.pathways], determine(policy, batch.cases, batch.settings(policy), asking=False)
    return Counter(names[way] for way in found.pathway.tolist() if way >= 0)


class Tried:
    """What became of the slips of one set of rules, and what lint found: only what changed is looked at again."""

    def __init__(self) -> None:
        self.rules, self.said = "", frozenset[str]()
        self.verdicts: dict[tuple[str, str, str], Verdict] = {}
        self.remarks = Memory[Finding]()

    def begin(self, policy: Policy, asked: Asked) -> dict[tuple[str, str, str], Verdict]:
        """Without what other rules made of it, and what was noticed by an example that is gone.

        A dict of its own each time: who began earlier and was overtaken writes in the one of then.
        """
        rules = policy.model_copy(update={"examples": ()}).fingerprint
        kept = self.verdicts if rules == self.rules else {}
        still = self.said <= asked.said
        self.verdicts = {key: one for key, one in kept.items() if still or one.word != "killed"}
        self.rules, self.said = rules, asked.said
        return self.verdicts


def looked_for(section: str, tree: Mapping[str, Any], policy: Policy, tried: Tried) -> Iterator[Found]:
    """What is found so far in a slow section of a draft: its plain text, and the policy that it is."""
    if section == "remarks":
        yield from _remarks(tree, policy, tried.remarks)
        return
    try:
        asked = Asked.of(policy)
        yield from _coverage(tree, policy, asked) if section == "coverage" else _slips(tree, policy, asked, tried)
    except ProblemsFound as wrong:  # a rule that no proof reaches
        yield Found(note=f"cannot be looked for: {in_labels(policy, str(wrong.problems[0]))}")


# Remarks --------------------------------------------------------------------------------------------------------------


def _remarks(tree: Mapping[str, Any], policy: Policy, memory: Memory[Finding]) -> Iterator[Found]:
    items: tuple[Item, ...] = ()
    for tried, (kind, meant) in enumerate(_KINDS.items()):
        yield Found(items, tried, len(_KINDS), f"looking for {meant}")
        for finding in lint(policy.settings(), [kind], memory):
            where = entry_in_words(tree, finding.place, policy)
            says = f"{where[:1].upper()}{where[1:]}: {in_labels(policy, finding.says)}"
            section, _, name = finding.place.partition(".")
            gone = _GONE.get((finding.kind, section))
            mends = (Mend(gone, _removes(section, name)),) if gone else ()
            item = Item("remarks", finding.place, says, f"{in_labels(policy, finding.witness)}.", mends)
            items = items if item in items else (*items, item)
    yield Found(items, len(_KINDS), len(_KINDS))


def _removes(section: str, name: str) -> Any:
    def edit(draft: Draft) -> Edited:
        return draft.remove_criterion(name) if section == "criteria" else draft.take_out((section, name))

    return edit


# Coverage -------------------------------------------------------------------------------------------------------------


def _coverage(tree: Mapping[str, Any], policy: Policy, asked: Asked) -> Iterator[Found]:
    found, total = Coverage(), len(policy.pathways) + 1
    for tried, found in enumerate(covering(policy, asked.batches, {"default": {}})):
        items = tuple(_unseen(tree, policy, *pair) for pair in found.uncovered.items())
        yield Found(items, tried + 1, total)
    reached, every = found.share("default")
    items = tuple(_unseen(tree, policy, *pair) for pair in found.uncovered.items())
    yield Found(
        items,
        total,
        total,
        f"{reached:,} of {every:,} are seen by an example or a vignette{_unseen_in(policy, found)}{asked.note}",
    )


def _unseen_in(policy: Policy, found: Coverage) -> str:
    """The pathways of which not all could be looked for, and why; empty: all could."""
    return "".join(
        f"; “{policy.pathways[way].title}” cannot be looked at whole: {in_labels(policy, str(wrong.problems[0]))}"
        for way, wrong in found.unseen.items()
    )


def _unseen(tree: Mapping[str, Any], policy: Policy, goal: Goal, offer: Offer) -> Item:
    _, pathway, criterion, truth = goal
    where = entry_in_words(tree, f"criteria.{criterion}", policy)
    says = f"In “{policy.pathways[pathway].title}” no example shows what follows where {where} {_STATES[truth]}"
    name = f"{policy.pathways[pathway].title}: {where} {_STATES[truth]}"
    return _with_case(
        "coverage", f"pathways.{pathway}", says, policy, offer.provisions, offer.case, offer.outcome, name
    )


def _with_case(
    section: str, place: str, says: str, policy: Policy, levers: Mapping[str, object], case: Mapping[str, str],
    comes_out: str, name: str, after: str = "",
) -> Item:  # fmt: skip
    """An item with a case that would show it, and the mend that makes an example of it."""
    told = f"A case that would show it: {levers_in_words(policy, levers)}{case_in_words(policy, case)}"
    provisions = {k: v if isinstance(v, str) else as_word(v) for k, v in levers.items()}  # type: ignore[arg-type]

    def edit(draft: Draft) -> Edited:
        names = [one.get("name") for one in draft.value("examples")] if draft.page.has(("examples",)) else []
        own = next(n for n in (name, *(f"{name} ({i})" for i in range(2, len(names) + 3))) if n not in names)
        return draft.add_example(own, case, comes_out, levers=provisions or None)

    mend = Mend(f"It should be {outcome_in_words(comes_out)}: add it as an example", edit)
    return Item(section, place, says, f"{told}: {outcome_in_words(comes_out)} today{after}.", (mend,))


# Slips ----------------------------------------------------------------------------------------------------------------


def _slips(tree: Mapping[str, Any], policy: Policy, asked: Asked, tried: Tried) -> Iterator[Found]:
    """First which slips the examples notice, which is quick; then whether the others change any case at all."""
    every, verdicts = [*slips(policy)], tried.begin(policy, asked)
    missed: list[Mutant] = []
    items: dict[tuple[str, str, str], Item] = {}
    for count, (kind, place, did, changed) in enumerate(every):
        known = verdicts.get((kind, place, did))
        if known is None or known.word == "survived":
            mutant = known.mutant if known else Mutant(kind, place, did, changed)
            if asked.noticed(policy, mutant):
                verdicts[kind, place, did] = Verdict(mutant, "killed", "")
            elif known:
                items[kind, place, did] = _survivor(tree, policy, known)
            else:
                missed.append(mutant)
        yield Found((*items.values(),), count + 1 - len(missed), len(every) + 1)
    for i, mutant in enumerate(missed):
        note = f"{len(missed) - i} that no example notices: would they change any case?"
        yield Found((*items.values(),), len(every) - len(missed) + i, len(every) + 1, note)
        key = (mutant.kind, mutant.place, mutant.did)
        verdicts[key] = unnoticed(policy, mutant, asked.readings)
        if verdicts[key].word == "survived":
            items[key] = _survivor(tree, policy, verdicts[key])
    same = sum(one.word == "equivalent" for one in verdicts.values())
    total = max(len(every), 1)
    yield Found((*items.values(),), total, total, f"{len(every):,} tried; {same} of them change no case{asked.note}")


def _survivor(tree: Mapping[str, Any], policy: Policy, verdict: Verdict) -> Item:
    mutant, witness = verdict.mutant, verdict.witness
    slip = slip_in_words(tree, policy, mutant)
    place = ".".join(mutant.place.split(".")[:2])
    says = f"Nobody would notice {slip}"
    if witness is None:
        return Item("slips", place, says, in_labels(policy, verdict.why))
    levers = {**verdict.provisions, **{name: pair[0] for name, pair in witness.levers.items()}}
    after = f", {outcome_in_words(witness.after)} with the slip"
    return _with_case("slips", place, says, policy, levers, witness.case, witness.before, f"notices {slip}", after)
