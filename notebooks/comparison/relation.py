"""Which of two documents is stricter, pathway by pathway, as it is proven over all cases and settings, in words."""

from collections.abc import Callable

from notebooks.comparison.words import before_and_after, case_in_words, without_identifiers
from notebooks.levers import shown
from notebooks.page import bullets, esc, table
from notebooks.reach import listed
from policy.authoring.levers import ABSENT, Pair
from policy.authoring.proof import Proof, Relation, prove_everywhere
from policy.authoring.witness import Witness
from policy.model import Settings
from policy.problems import counted

__all__ = ["proven", "relation", "verdict"]

_WORDS = {
    "equal": "the same",
    "never looser": "stricter",
    "never stricter": "looser",
    "mixed": "mixed",
    "not proven": "not proven",
}
_SENTENCES = {
    "equal": "Neither is stricter: no case there can be is decided more strictly, or more leniently.",
    "never looser": "The second is stricter: some cases are decided more strictly, and none more leniently.",
    "never stricter": "The second is looser: some cases are decided more leniently, and none more strictly.",
    "mixed": "Mixed: some cases are decided more strictly by the second, and some more leniently.",
    "not proven": "Not proven: the rules are too many to be worked out. What is shown below was found on the way.",
}
_MEANS = (
    "Proven means: worked out for every case there can be, not counted on cases that were drawn, so nothing is left to"
    " chance. Met is more lenient than pend and review, which are more lenient than not met, mismatch and out of scope."
)


def relation(before: Settings, after: Settings, far: Callable[..., object]) -> Proof:
    """The proof; `far` is told how many pairs of codes are done, and of how many."""
    return prove_everywhere(before, after, progress=far)


def verdict(proof: Proof) -> str:
    """The answer in a sentence."""
    if proof.overall.same_strictness_only:
        return "Neither is stricter, but some cases get another outcome word (pend in the place of review, say)."
    return _SENTENCES[proof.overall.word]


def proven(proof: Proof, before: Settings, after: Settings) -> str:
    """The relation of each pathway with its witnesses, the worst first, and what was varied; ready HTML."""
    sides = (before, after)
    differ = {name: one for name, one in proof.pathways.items() if one.witnesses() or one.word != "equal"}
    alike = [_title(name, sides) for name in proof.pathways if name not in differ]
    worst = sorted(differ.items(), key=lambda pair: min([w.rank for w in pair[1].witnesses().values()], default=(9,)))
    rows = [(esc(_title(name, sides)), _relation(one), _witnesses(one, sides)) for name, one in worst]
    header = ("Pathway", "The second is", "On a case such as")
    found = table(header, rows, "Where the two differ, the worst first") if rows else ""
    if alike:
        told = f"Proven the same in {counted(len(alike), 'pathway')}"
        found += f"<details><summary>{told}</summary>{bullets(map(esc, alike))}</details>"
    unread = without_identifiers("; ".join(proof.unread), sides, every=True)
    only = f"<p>Not compared, because only one of the two knows it: {esc(unread)}.</p>" if unread else ""
    means = f"{_MEANS} {_varied(proof, sides)}"
    return f"<p><b>{esc(verdict(proof))}</b></p>{found}{only}<p class='faint'>{esc(means)}</p>"


def _title(name: str, sides: tuple[Settings, Settings]) -> str:
    known = next((s.policy.pathways[name] for s in reversed(sides) if name in s.policy.pathways), None)
    return known.title if known else "Requests that no pathway takes"


def _relation(one: Relation) -> str:
    word = "as strict, in other words" if one.same_strictness_only else _WORDS[one.word]
    gaps = f" ({listed([*one.open])})" if one.open else ""
    return f"<b>{word}</b>{esc(gaps)}"


def _witnesses(one: Relation, sides: tuple[Settings, Settings]) -> str:
    found = sorted(one.witnesses().values(), key=lambda witness: witness.rank)
    return "".join(f"<p>{_witness(witness, sides)}</p>" for witness in found)


def _witness(witness: Witness, sides: tuple[Settings, Settings]) -> str:
    """'Met before, not met after: Sleep apnoea (G47.33), ...', and what levers are set to besides."""
    policy = sides[1].policy if set(witness.case) <= {"dx", "cpt", *sides[1].policy.fields_} else sides[0].policy
    set_to = [_set(name, pair, sides) for name, pair in witness.levers.items()]
    levers = f" This is so while {'; '.join(set_to)}." if set_to else ""
    told = f"{case_in_words(policy, witness.case)}.{levers}"
    return f"<b>{esc(before_and_after(witness.before, witness.after))}</b>: {esc(told)}"


def _set(name: str, pair: Pair, sides: tuple[Settings, Settings]) -> str:
    values = [shown(s.policy.levers[name], value) for s, value in zip(sides, pair, strict=True) if value != ABSENT]
    label = next(s.policy.levers[name].label for s in reversed(sides) if name in s.policy.levers)
    told = values[0] if len(set(values)) == 1 else f"{values[0]} before and {values[-1]} after"
    return f"“{label}” is {told}"


def _varied(proof: Proof, sides: tuple[Settings, Settings]) -> str:
    """Which levers stayed, and which were varied."""
    before, after = sides
    stay = [
        f"“{after.policy.levers[name].label}” ({shown(before.policy.levers[name], before[name])} before,"
        f" {shown(after.policy.levers[name], after[name])} after)"
        for name in proof.own
    ]
    others = len({*before, *after}) - len(stay)
    held = f"Held at the value of each side: {', '.join(stay)}. " if stay else ""
    return f"{held}Varied over every value that they may take, alike on both sides: {_others(others, bool(stay))}."


def _others(count: int, some_stay: bool) -> str:
    return f"{'the other' if some_stay else 'all'} {counted(count, 'lever')}"
