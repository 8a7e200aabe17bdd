"""A case under review as HTML: outcome, criteria, what would change it, what is asked for, and what to beware of.

Nothing stands here by the name of an entry where it has words: criteria by their sentences, facts and levers by labels.
"""

from collections.abc import Iterable

from notebooks.levers import shown
from notebooks.page import bullets, esc, evidence_mark, evidence_marks, mark, outcome_mark, plain, table
from notebooks.review.reviewing import CaseReview, Finding
from notebooks.review.typed_case import TYPED
from notebooks.rules import sentence
from notebooks.tweaks import Tweaks
from policy.authoring.letter import YES, way_named, way_said
from policy.authoring.questions import FEW_CHANGES, all_tried
from policy.entries.sources import Evidence
from policy.evaluation.pathways import diagnosis_group
from policy.explanation.details import Detail
from policy.explanation.explanation import NOT_A_DENIAL
from simulations.statistics.disclosure_control import LEAST_ABOUT, SMALL, TOO_FEW, TOO_FEW_ABOUT, about_all, rounded
from simulations.statistics.number_format import percent

__all__ = [
    "aside",
    "asked_for",
    "case_headline",
    "criteria",
    "notices",
    "population_line",
    "review_in_words",
    "way_out",
]

ROW_LEVEL = "Row level, not for release: this case may be a person’s. It is shown exactly, to the owner of the table."
_LOOK = """<style>
.nbw .falls-short{border:2px solid #b3261e;font-weight:650}.nbw .silent{border:2px dashed #b35900;font-weight:650}
.nbw .facts tbody th[scope=row]{padding-left:2.2em}
.nbw .facts tbody th[scope=rowgroup]{padding-top:.7em;font-weight:500}
.nbw .facts th>div{max-width:100ch}
</style>"""
TRUTHS = {0: "✗ not met", 1: "? not documented", 2: "✓ met", None: "– not read"}
_LOOKS = {0: "falls-short", 1: "silent", 2: ""}
_SIGN = {0: "✗", 1: "?", 2: "✓"}
_FITS = {0: "not as needed", 1: "not known", 2: "as needed"}
_WORKED_OUT = {"count": "How many of these"}
_YES = {**YES, "not true": "no", "not false": "yes"}


def case_headline(review: CaseReview) -> str:
    """The request, its outcome in the field's word with what that means, and how levers that were moved changed it."""
    before, now = review.before(), review.now()
    told = now.told
    means = NOT_A_DENIAL[now.outcome]
    if now.outcome == "pend" and not told.ask:
        means = "the policy lets it wait; no document that it reads would change that"
    arrow = f"{outcome_mark(before.outcome)} → " if before.outcome != now.outcome else ""
    moved = _moved(review, before, now) if review.tweaks.settings != review.tweaks.baseline else ""
    return (
        f"{_request(now)}{_whose(review)}"
        f'<p class="finding" role="status" aria-live="polite">{arrow}{outcome_mark(now.outcome)} – {esc(means)}.</p>'
        f"<p>{esc(_capital(told.why.removeprefix('Because: ')))}.</p>{moved}"
    )


def _request(now: Finding) -> str:
    policy, dx, cpt = now.settings.policy, str(now.case.dx[0]), str(now.case.cpt[0])
    group = diagnosis_group(policy, dx)
    title = policy.pathways[now.pathway].title if now.pathway else "Outside this policy"
    diagnosis = policy.diagnoses[group].label if group else "outside this policy"
    labels = {code: x.label for family in policy.procedures.values() for code, x in family.codes.items()}
    said = f"{dx} ({diagnosis}), {cpt} ({labels.get(cpt, 'outside this policy')})"
    name = "A case as you typed it" if str(now.case.ids[0]) == TYPED else f"Case {now.case.ids[0]}"
    return f"<h2>{esc(name)}: {esc(title)}</h2><p class='faint'><small>{esc(said)}</small></p>"


def _whose(review: CaseReview) -> str:
    if review.of_people:
        return f'<p class="note">{esc(ROW_LEVEL)}</p>'
    if review.typed is not None:
        return "<p class='faint'><small>It stays in this notebook while it runs, and is written nowhere.</small></p>"
    return ""


def _moved(review: CaseReview, before: Finding, now: Finding) -> str:
    """Which levers stand elsewhere, and what that does to this case."""
    levers = _words("; ".join(review.tweaks.changes().values()))
    parts = []
    for name in review.changed():
        was, reads = (TRUTHS[side.truths.get(name)] for side in (before, now))
        parts.append(f"{sentence(now.settings, name)}: {was} → <b>{reads}</b>")
    same = "" if before.outcome != now.outcome else " The outcome stays as it was."
    told = bullets(parts) if parts else "<p>No criterion reads otherwise.</p>"
    return f"<p><b>Moved:</b> {esc(levers)}.{same}</p>{told}"


def criteria(review: CaseReview) -> str:
    """Each criterion in order: truth, sentence, what it stands on; of each fact value, what is needed, distance."""
    now, changed = review.now(), set(review.changed())
    if not now.told.reasons:
        return "<p>No criterion is read: the outcome follows from the codes, or from what the request is for.</p>"
    body = ""
    for reason in now.told.reasons:
        kind = ' class="changed"' if reason.criterion in changed else ""
        truth = mark(TRUTHS[reason.truth], _LOOKS[reason.truth]) + (" (changed)" if kind else "")
        says = f"{truth} {sentence(now.settings, reason.criterion)}{_stands_on(review, reason.criterion)}"
        facts = "".join(f"<tr{kind}>{_fact(review, one)}</tr>" for one in now.details[reason.criterion])
        body += f'<tbody><tr{kind}><th scope="rowgroup" colspan="4">{says}</th></tr>{facts}</tbody>'
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Fact", "On file", "Needed", "Distance"))
    caption = "Every criterion that was read, in the order of the policy, with its facts"
    table_of = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>{body}</table>"
    return f'{_LOOK}<div class="wide facts">{table_of}</div>'


def _stands_on(review: CaseReview, name: str) -> str:
    """The levers that draw its line, its evidence and its source."""
    policy, settings, card = review.policy, review.now().settings, review.policy.criteria[name]
    levers = [f"{policy.levers[n].label}: {shown(policy.levers[n], settings[n])}" for n in review.levers_of(name)]
    marks = evidence_marks(policy, card.evidence)
    drawn = f"Drawn by {esc('; '.join(levers))}. " if levers else ""
    return f"<div><small class='faint'>{drawn}{esc(card.citation)}</small> {marks}</div>"


def _fact(review: CaseReview, one: Detail) -> str:
    """Label, value, what is needed and distance of one fact, as cells."""
    kind = review.policy.fields_.get(one.fact)
    asked = " or ".join(_YES.get(word, word) for word in one.asked.what.split(" or "))
    value = _YES.get(one.value, one.value)
    value += " or not documented" if kind is not None and kind.absent == one.value else ""
    told = f"<i>{esc(value)}</i>" if value == "not documented" else f"<b>{esc(_words(value))}</b>"
    far = f"{_SIGN[one.truth]} {one.asked.distance or _FITS[one.truth]}"
    label = kind.label if kind else _WORKED_OUT.get(one.fact) or _words(one.fact)
    cells = (told, esc(_words(asked)) or "–", esc(far))
    return f'<th scope="row">{esc(label)}</th>' + "".join(f"<td>{cell}</td>" for cell in cells)


def way_out(review: CaseReview) -> str:
    """What is asked for, and what would change the outcome: documents, facts, criteria, levers."""
    return f"{asked_for(review)}{_by_facts(review)}{_by_rules(review)}"


def asked_for(review: CaseReview) -> str:
    """The documents that are asked for."""
    fields = [review.policy.fields_[name] for name in review.now().told.ask]
    if not fields:
        return ""
    return f"<h3>What is asked for</h3>{bullets(f'{esc(one.label)}: {esc(one.ask)}' for one in fields)}"


def _by_facts(review: CaseReview) -> str:
    now, policy, found = review.now(), review.policy, review.now().changes
    html = ""
    if found.why:
        return f"<p class='note'>Which facts would change it cannot be searched for here: {esc(found.why)}.</p>"
    if found.documents:
        could: dict[str, list[str]] = {}
        for way in found.documents:
            could.setdefault(way_named(policy, way), []).append(outcome_mark(way.outcome))
        lines = bullets(f"{esc(named)} → {' or '.join(words)}" for named, words in could.items())
        html += f"<h3>Which documents could settle it, and what it could then be</h3>{lines}"
    if now.outcome not in ("met", "out_of_scope"):
        ways = (esc(_words(way_said(policy, way))) for way in found.to_meet)
        few = "" if all_tried(now.settings) else f" at most {FEW_CHANGES}"
        nothing = f"<p>None: no change of{few} facts that a case table can hold makes it met.</p>"
        told = bullets(ways) if found.to_meet else nothing
        html += f"<h3>Smallest changes of the facts that would make it met</h3>{told}"
    return html


def _by_rules(review: CaseReview) -> str:
    now, policy, found = review.now(), review.policy, review.now().changes
    html = ""
    if found.criteria:
        said = ((" and ".join(sentence(now.settings, n) for n in names), word) for names, word in found.criteria)
        lines = bullets(f"{names} → {outcome_mark(word)}" for names, word in said)
        html += f"<h3>What the outcome would be if more were met</h3>{lines}"
    if found.levers:
        rows = ((policy.levers[name], now.settings[name], value, word) for name, value, word in found.levers)
        cells = ((esc(x.label), esc(shown(x, at)), esc(shown(x, to)), outcome_mark(word)) for x, at, to, word in rows)
        header = ("Lever", "Now", "At", "Outcome of this case")
        html += f"<h3>Levers that alone would change it, at the nearest value</h3>{table(header, cells)}"
    return html or "<p>Nothing else that this policy reads would change the outcome.</p>"


def notices(review: CaseReview) -> str:
    """Codes that do not mean what they are called, codes that are retired, evidence that is not current."""
    policy, now = review.policy, review.now()
    here = {str(now.case.dx[0]), str(now.case.cpt[0])}
    lines = [
        f"<b>{esc(n.code)}</b> is called “{esc(n.source_label)}” by {esc(policy.source_name)}. It means: "
        f"{esc(n.official_meaning)} {esc(n.consequence)} Likely intended: {esc('; '.join(n.likely_intended))}."
        for n in policy.code_notices
        if n.code in here
    ]
    lines += [
        f"<b>{esc(c)}</b> is no longer a valid code: {esc(s)}." for c, s in policy.retired_codes.items() if c in here
    ]
    lines += [
        f"<b>{esc(c.title)}</b> {evidence_mark(c, titled=True)} {esc(c.status_note or c.note)}" for c in _disputed(now)
    ]
    said = f"<h3>To beware of</h3>{bullets(lines)}" if lines else ""
    return f"{said}<p class='faint'><small>{esc(policy.notice_of(now.people))}</small></p>"


def _disputed(now: Finding) -> Iterable[Evidence]:
    policy = now.settings.policy
    stated = set(policy.pathways[now.pathway].statements) if now.pathway else set()
    named = {key for name in now.truths for key in policy.criteria[name].evidence}
    for key, card in policy.evidence.items():
        if card.status != "current" and (key in named or stated & set(card.statements)):
            yield card


def aside(review: CaseReview) -> str:
    """Which case of how many; without the number where the cases may be people."""
    if review.typed is not None:
        return "A case that was typed."
    if review.load.guarded:
        return "Numbers of cases are not told: they may be people."
    kind = " of its kind" if review.of_a_kind else ""
    first = f" among the first {len(review.picks.cases):,}" if review.load.parts() > 1 else ""
    return f"Case {review.at + 1:,} of {len(review.list):,}{kind}{first}."


def population_line(tweaks: Tweaks) -> str:
    """In one line, what the levers as they stand do to the approval rate of all cases."""
    answer = tweaks.answer()
    if not answer.changes:
        return ""
    if not answer.guarded:
        return answer.impact.finding() + "." if not answer.nothing else "No case of the population changes."
    flow = answer.impact.counts.sum(axis=(0, 1))
    cases = int(flow.sum())
    if cases < LEAST_ABOUT:
        return f"{(TOO_FEW if cases <= SMALL else TOO_FEW_ABOUT).capitalize()}."
    met = [about_all(flow.sum(axis=axis), cases)[0] for axis in (1, 0)]
    before, after = ("not told" if n is None else f"about {percent(n / rounded(cases))}" for n in met)
    return f"Approvals of all cases: {before} before, {after} now. Not for release."


def review_in_words(review: CaseReview) -> str:
    """The case as text, as the panel shows it."""
    line = population_line(review.tweaks)
    parts = (case_headline(review), criteria(review), way_out(review), f"<p>{esc(line)}</p>" if line else "")
    return plain("".join(parts))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _words(text: str) -> str:
    return text.replace("_", " ")
