"""What becomes of each small slip: some vignette notices it, no case is decided otherwise, or it is a gap.

A slip that no vignette notices is either equivalent (the proof finds no case that it decides otherwise) or a gap in
the vignettes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from policy.authoring.mutation import Mutant, levers_of, mutants, probes
from policy.authoring.proof import prove, prove_everywhere
from policy.authoring.settings_tried import more_settings
from policy.authoring.vignettes import Batch
from policy.authoring.witness import Witness
from policy.model import Policy
from policy.problems import ProblemsFound


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: killed (by a vignette), equivalent or survived, and why.

    Of one that survived the case that would tell, under `provisions`, where one was found.
    """

    mutant: Mutant
    word: str
    why: str
    witness: Witness | None = None
    provisions: Mapping[str, object] = field(default_factory=dict)


def judge(
    policy: Policy, mutant: Mutant, asked: Sequence[Batch], readings: Mapping[str, Mapping[str, object]]
) -> Verdict:
    """Killed by the first vignette that fails (outcomes first, then the lists), else equivalent or survived."""
    for lists in (False, True):
        for batch in asked:
            if lists and batch.reading != "default":
                continue
            failing = batch.failing(mutant.policy, lists)
            if failing:
                vignette, said = failing[0]
                expected = vignette.expect[batch.reading]
                what = f"{said} for {expected}" if said != expected else "reasons or ask differ"
                return Verdict(mutant, "killed", f"{vignette.place} {vignette.name}: {what}")
    return unnoticed(policy, mutant, readings)


def unnoticed(policy: Policy, mutant: Mutant, readings: Mapping[str, Mapping[str, object]]) -> Verdict:
    """Whether any case is decided otherwise: as the policy stands, then at all settings at once, then one by one.

    One by one are tried the readings, each lever moved alone, and what the slip needs.
    """
    touched = mutant.touches(policy)
    moved = mutant.place.split(".")[1] if mutant.kind == "lever" else None
    drawn, complete = more_settings(policy, [name for name in levers_of(policy, touched) if name != moved])
    tried = drawn if complete else list(probes(policy, readings, touched, mutant))
    found = _told_apart(policy, mutant, touched, tried[:1])
    if found is None and not complete and mutant.kind != "lever":
        overall = prove_everywhere(policy.settings(), mutant.policy.settings(), touched).overall
        complete = not overall.open
        for direction, witness in overall.witnesses().items():
            return Verdict(mutant, "survived", f"{direction}: {witness.text()}", witness)
        tried = [] if complete else tried
    found = found or _told_apart(policy, mutant, touched, tried[1:])
    where = "any setting" if complete else f"{len(tried)} settings"
    return found or Verdict(mutant, "equivalent", f"no case is decided otherwise under {where} of the levers it reads")


def _told_apart(
    policy: Policy, mutant: Mutant, touched: Sequence[str], tried: Sequence[Mapping[str, object]]
) -> Verdict | None:
    """A case that is decided otherwise at some of these settings; None: there is none."""
    for provisions in tried:
        try:
            proof = prove(policy.settings(provisions), mutant.policy.settings(provisions), touched)
        except ProblemsFound as wrong:
            return Verdict(mutant, "survived", f"whether a case is decided otherwise is not known: {wrong.problems[0]}")
        for direction, witness in proof.overall.witnesses().items():
            levers = ", ".join(f"{k}={v}" for k, v in provisions.items()) or "no lever moved"
            why = f"{direction} with {levers}: {witness.text()}"
            return Verdict(mutant, "survived", why, witness, provisions)
    return None


def judge_all(
    policy: Policy, asked: Sequence[Batch], readings: Mapping[str, Mapping[str, object]]
) -> Iterator[Verdict]:
    """Every mutant with its verdict, one by one."""
    for mutant in mutants(policy):
        yield judge(policy, mutant, asked, readings)
