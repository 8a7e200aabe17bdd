"""The rule of a pathway as a person reads it: what must be true, what is asked for, what it stands on, what follows."""

import re
from collections.abc import Iterable

from notebooks.levers import shown
from notebooks.page import bullets, codes, esc, evidence_marks, origin_mark, outcome_mark, table
from policy.entries.scalars import While
from policy.model import Policy, Requirement, Rule, Settings, Step, Switch
from policy.problems import counted
from policy.trees.policies import criteria_read, reached

__all__ = ["Writer", "ends", "sentence", "statements_behind"]

_HEADER = ("What must be true", "Asked for when not documented", "Stands on")
_BLOCKS = {"0": "none", "1": "one", "2": "two"}


def sentence(settings: Settings, criterion: str) -> str:
    """The criterion's sentence, each lever's present value in bold; a lever that is off shows what is suggested."""
    policy = settings.policy
    stated = policy.criteria[criterion]
    says = next((v.says for v in stated.variants if settings.holds(v.while_)), stated.says)
    parts = re.split(r"\{([a-z0-9_]+)\}", says)
    words = [esc(part) for part in parts]
    for i in range(1, len(parts), 2):
        lever = policy.levers.get(parts[i])
        if lever is None:
            words[i] = esc("{" + parts[i] + "}")
            continue
        value = shown(lever, settings[parts[i]])
        if settings[parts[i]] is None and lever.suggested is not None:
            value = f"{shown(lever, lever.suggested)} (suggested; now off)"
        words[i] = f"<b>{esc(value)}</b>"
    return "".join(words)


def statements_behind(policy: Policy, name: str) -> list[str]:
    """Every statement that the pathway or one of its criteria stands on, in the order of their numbers."""
    found = set(policy.pathways[name].statements)
    for criterion in criteria_read(policy, policy.pathways[name].rule):
        found |= {*policy.criteria[criterion].statements}
    return sorted(found, key=lambda s: int(s[1:]))


def ends(settings: Settings, rule: Rule) -> list[str]:
    """The outcome words that a rule can lead to under these settings."""
    now = next(reached(settings, rule))
    if now.outcome is not None:
        return [outcome_of(settings, now.outcome)]
    found = [word for below in now.below for word in ends(settings, below)]
    if now.requires:
        found = [outcome_of(settings, s.outcome) for s in _in_force(settings, now.steps())]
        found += ["not_met"] if settings.policy.required(now, settings) else []
    return list(dict.fromkeys([*found, str(settings["undocumented_action"])]))


def outcome_of(settings: Settings, outcome: str) -> str:
    """An outcome word, or that of the lever which sets it."""
    value = settings.outcome(outcome)
    return "met" if value == "met_if_prereqs" else value


def _in_force(settings: Settings, steps: Iterable[Step]) -> list[Step]:
    """The steps that can still decide: none after the first that always applies."""
    found: list[Step] = []
    for step in steps:
        if settings.holds(step.while_):
            found.append(step)
            if not step.when:
                break
    return found


def _while(settings: Settings, values: While) -> str:
    levers = settings.policy.levers
    parts = [f"“{levers[n].label}” is {' or '.join(map(levers[n].word, words))}" for n, words in values.items()]
    return esc(" and ".join(parts))


class Writer:
    """Writes pathways one after the other; a gate is written out where it first occurs and named after that."""

    def __init__(self, settings: Settings):
        self.settings, self.policy = settings, settings.policy
        self._gates: set[str] = set()

    def pathway(self, name: str) -> str:
        """One pathway: title, codes, evidence, rule, and the statements behind it in our words."""
        pathway, statements = self.policy.pathways[name], statements_behind(self.policy, name)
        cards = [key for key, c in self.policy.evidence.items() if set(c.statements) & set(pathway.statements)]
        marks = evidence_marks(self.policy, cards)
        source = f"<p>Stands on {codes(pathway.statements)}{f': {marks}' if marks else '.'}</p>"
        told = [(s, self.policy.statements[s]) for s in statements]
        lines = bullets(f"<b>{s}</b> {esc(x.says)} <i>({esc(x.stance.replace('_', ' '))})</i>" for s, x in told)
        count = counted(len(told), "statement")
        folded = f"<details><summary>{count} behind it, in our words</summary>{lines}</details>"
        title = f"{esc(pathway.title)}{origin_mark(pathway.origin)}"
        return (
            f'<h3 id="pathway-{name}">{title}</h3><p class="faint">{self._requests(name)}.</p>'
            f"{source if pathway.statements else ''}{self._rule(pathway.rule)}{folded if told else ''}"
        )

    def _requests(self, name: str) -> str:
        selects = self.policy.pathways[name].selects
        if selects.rest:
            return "For every other request of this policy"
        groups = [self.policy.diagnoses[d] for d in selects.diagnosis]
        dx = [*(c for g in groups for c in g.codes), *(f"{p}-" for g in groups for p in g.prefixes)]
        families = [self.policy.procedures[p] for p in selects.procedure]
        asked = selects.asked.items()
        cpt = [c for f in families for c, x in f.codes.items() if all(x.told.get(key) in words for key, words in asked)]
        return f"For {codes(dx)} with {codes(cpt)}"

    def _outcome(self, outcome: str, because: str | None) -> str:
        """The outcome as a mark, why, and the lever that sets it."""
        lever, word = self.policy.levers.get(outcome), outcome_of(self.settings, outcome)
        by = f" <small class='faint'>(lever “{esc(lever.label)}”)</small>" if lever else ""
        return f"{outcome_mark(word)}{f' – {esc(because)}' if because else ''}{by}"

    def _rule(self, rule: Rule) -> str:
        if rule.outcome is not None:
            return f"<p>Always {self._outcome(rule.outcome, rule.because)}.</p>"
        if rule.asked:
            return self._switch(rule, rule.asked)
        return self._require(rule) if rule.requires else self._first_of(rule)

    def _first_of(self, rule: Rule) -> str:
        """The alternative in force, then the others: one line, or folded away."""
        chosen = self.settings.first(rule)
        html = f"<p>In force because {_while(self.settings, chosen.while_)}:</p>" if chosen.while_ else ""
        html += self._rule(chosen)
        for other in rule.below:
            if other is chosen:
                continue
            when = f"Instead, while {_while(self.settings, other.while_)}" if other.while_ else "Otherwise"
            if other.outcome is not None:
                html += f'<p class="faint">{when}: {self._outcome(other.outcome, other.because)}.</p>'
            else:
                html += f"<details><summary>{when}</summary>{self._rule(other)}</details>"
        return html

    def _switch(self, rule: Rule, asked: Switch) -> str:
        label, stated = self.policy.fields_[asked.field].label, self.policy.criteria[asked.criterion]
        html = f"<p>Depends on <b>{esc(label[0].lower() + label[1:])}</b>. {self._missing(asked)}</p>"
        for word, below in zip((*asked.words, "anything else"), rule.below, strict=False):
            name = _BLOCKS.get(word, word.replace("_", " "))
            html += f'<div class="band"><h4>{esc(label)}: {esc(name)}</h4>{self._rule(below)}</div>'
        source = self._source(stated.evidence, stated.citation)
        return f"{html}<div class='faint'><small>{esc(stated.says)}.</small> {source}</div>"

    def _missing(self, asked: Switch) -> str:
        if asked.assumed and self.settings.holds(asked.assumed.while_):
            return f"Not documented is read as {esc(asked.assumed.criterion.replace('_', ' '))}."
        ask = esc(self.policy.criteria[asked.criterion].ask)
        word = outcome_mark(str(self.settings["undocumented_action"]))
        return f"Not documented: {word}, and the question is {ask}, unless every branch comes out the same."

    def _require(self, rule: Rule) -> str:
        rows: list[tuple[str, ...]] = []
        dormant: list[tuple[Requirement, While]] = []
        for entry in rule.entries():
            if entry.criterion in self.policy.gates:
                rows += self._gate(entry, dormant)
            elif self.settings.holds(entry.while_):
                rows.append(self._row(entry))
            else:
                dormant.append((entry, entry.while_))
        html = table(_HEADER, rows) if rows else ""
        if dormant:
            would = bullets(
                f"{sentence(self.settings, r.criterion)}, while {_while(self.settings, w)}" for r, w in dormant
            )
            html += f"<details><summary>Not asked for now, but could be ({len(dormant)})</summary>{would}</details>"
        missing = outcome_mark(str(self.settings["undocumented_action"]))
        order = f"If one is false: {outcome_mark('not_met')}. If none is false but one is not documented: {missing}."
        first = f"<p>{order}</p><p>If all are met:</p>" if rows else "<p>Nothing has to be true first:</p>"
        return f"{html}{first}{self._steps(rule.steps())}"

    def _gate(self, entry: Requirement, dormant: list[tuple[Requirement, While]]) -> list[tuple[str, ...]]:
        gate, active = self.policy.gates[entry.criterion], []
        for inner in self.policy.inside(entry.criterion):
            both = inner.within(entry.codes)
            if both and self.settings.holds(entry.while_) and self.settings.holds(inner.while_):
                active.append(both)
            elif both:
                dormant.append((both, {**entry.while_, **inner.while_}))
        if entry.criterion not in self._gates or not active or entry.codes:
            self._gates |= {entry.criterion} if active else set()
            return [self._row(inner) for inner in active]
        again = f"<b>{esc(gate.title)}</b>, as above: "
        again += "; ".join(sentence(self.settings, inner.criterion) for inner in active)
        return [(again, "as above", "as above")]

    def _row(self, entry: Requirement) -> tuple[str, ...]:
        criterion = self.policy.criteria[entry.criterion]
        only = f" <small>(only for {codes(entry.codes)})</small>" if entry.codes else ""
        what = f"{sentence(self.settings, entry.criterion)}{only}{origin_mark(criterion.origin)}"
        return what, esc(criterion.ask), self._source(criterion.evidence, criterion.citation)

    def _source(self, evidence: Iterable[str], citation: str) -> str:
        return f"{evidence_marks(self.policy, evidence)}<div><small>{esc(citation)}</small></div>"

    def _steps(self, steps: tuple[Step, ...]) -> str:
        """What follows, the first that applies; then, folded, what would follow under other settings."""
        lines: list[str] = []
        active = _in_force(self.settings, steps)
        for step in active:
            when = f"{sentence(self.settings, step.when)}: " if step.when else "otherwise: " if lines else ""
            lines.append(f"{when}{self._outcome(step.outcome, step.because)}")
        others = [step for step in steps if step not in active]
        would = [
            f"{f'while {_while(self.settings, x.while_)}' if x.while_ else 'if none of these applied'}: "
            f"{self._outcome(x.outcome, x.because)}"
            for x in others
        ]
        folded = f"<details><summary>Under other settings</summary>{bullets(would)}</details>" if would else ""
        return bullets(lines) + folded
