"""The redline of two documents for a screen: what decides, what is asked for, texts and evidence."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from notebooks.comparison.words import card_name, entry_name, without_identifiers
from notebooks.page import bullets, esc
from policy.authoring.change import Change
from policy.authoring.side_by_side import word_by_word
from policy.model import Settings
from simulations.studies.versions import changes_apart

__all__ = ["DECIDES", "MARKS", "Entry", "entries", "redline", "turned"]

MARKS = """<style>
.nbw del{text-decoration:line-through;color:var(--faint)}
.nbw ins{text-decoration:underline;font-weight:650}
.nbw .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
</style>"""
DECIDES = "What may decide a case"
ASKED = "What is asked for when it is not documented"
TEXTS = "Texts and evidence, which decide no case"
_SECTIONS = {
    "levers": "Levers", "criteria": "Criteria", "gates": "Criteria that stand together", "pathways": "Pathways",
    "fields": "Facts of a case", "diagnoses": "Diagnosis codes", "procedures": "Procedure codes",
    "evidence": "Evidence cards", "statements": "Statements of the source", "references": "References",
    "texts": "Texts", "open_questions": "Open questions", "code_notices": "Notices on codes", "examples": "Examples",
    "direction_exceptions": "Exceptions to the direction of a lever",
}  # fmt: skip
_KEYS = {
    "value": "", "text": "", "says": "Sentence", "then": "What follows", "because": "Reason given", "ask": "Asked for",
    "test": "The test behind the sentence", "variants": "Sentence at other settings", "for": "Requests that take it",
    "switch": "What it depends on", "citation": "Where it comes from", "evidence": "Sources", "default": "Default",
    "statements": "Statements behind it", "domain": "Values that it may take", "choices": "Choices",
    "status": "Standing", "status_note": "On its standing", "verified": "How far it was read", "stance": "What it says",
}  # fmt: skip
_WORDING = ("label", "says", "origin", "suggested")  # of a lever
_MADE = ("test", "then", "switch", "domain", "for", "require")  # texts that the program made out of names
_SHORT = 9  # words; what is longer is shown word by word


class Entry(NamedTuple):
    """One entry of the document that differs: its group and section, its name in words, and how, as ready HTML."""

    group: str
    section: str
    name: str
    changes: tuple[str, ...]


def entries(before: Settings, after: Settings) -> tuple[Entry, ...]:
    """Every entry that differs, in the order of the groups, then of the document."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for change, decides in changes_apart(before, after):
        section, _, name = change.id.partition(".")
        if section in ("pathways", "gates", "criteria", "levers"):
            name = name.partition(".")[0]
        group = DECIDES if decides and (section != "levers" or change.key not in _WORDING) else TEXTS
        place = (ASKED if change.key == "ask" else group, section, name)
        found.setdefault(place, []).append(_said(change, section, name, (after, before)))
    order = (DECIDES, ASKED, TEXTS)
    return tuple(
        Entry(group, _SECTIONS.get(section, "The document"), _name(section, name, (after, before)), tuple(said))
        for (group, section, name), said in sorted(found.items(), key=lambda pair: order.index(pair[0][0]))
    )


def _name(section: str, name: str, sides: tuple[Settings, ...]) -> str:
    return entry_name(sides, section, name) if name else section.replace("_", " ").capitalize()


def _said(change: Change, section: str, name: str, sides: tuple[Settings, Settings]) -> str:
    """One change as ready HTML, without the name of the entry, which stands above it."""
    if not change.key:
        return esc(_sentence(change.says, section, name, sides))
    made = change.key in _MADE or section == "fields"
    texts = [
        without_identifiers(text, sides, change.key == "test") if made else text
        for text in (change.before, change.after)
    ]
    if section in ("levers", "criteria") and change.key == "value":
        texts = [text.replace("_", " ") for text in texts]
    if change.key == "evidence":
        return _cards(change, sides)
    label = _KEYS.get(change.key, change.key.replace("_", " ").capitalize()) if name else ""
    where = _where(change, section, name, sides) if section == "pathways" and change.key in ("then", "because") else ""
    head = f"{label}{f' {where}' if where else ''}"
    return f"{esc(head)}{': ' if head else ''}{turned(*texts)}"


def _where(change: Change, section: str, name: str, sides: tuple[Settings, Settings]) -> str:
    """Of a pathway the conditions under which it changes."""
    title = getattr(sides[0].policy, section)[name].title
    return without_identifiers(change.what.removeprefix(title).removesuffix(", because").strip(), sides)


def _sentence(says: str, section: str, name: str, sides: tuple[Settings, Settings]) -> str:
    """'Now also asks: ...': without the words for the entry that it begins with."""
    for begins in (_name(section, name, sides), f"{section}.{name}", f"{section}, {name}", section):
        if says.startswith(begins):
            says = says.removeprefix(begins).lstrip(":,. ")
            break
    for begins in ("criterion added: ", "criterion removed: "):
        if says.startswith(begins):
            says = begins.removesuffix(": ")
    said = without_identifiers(says, sides)
    if section in ("evidence", "texts", "statements", "references") and says in ("added", "removed"):
        return f"{said.capitalize()}: {_content(sides[says == 'removed'], section, name)}"
    return said[:1].upper() + said[1:]


def _content(settings: Settings, section: str, name: str) -> str:
    entry = getattr(settings.policy, section)[name]
    return entry if isinstance(entry, str) else str(getattr(entry, "says", getattr(entry, "stance", "")))


def _cards(change: Change, sides: tuple[Settings, Settings]) -> str:
    """Sources that came and that went."""
    known = {**sides[1].policy.evidence, **sides[0].policy.evidence}
    old, new = ([key for key in text.split(", ") if key in known] for text in (change.before, change.after))
    came = [f"source added: <ins>{esc(card_name(known[key]))}</ins>" for key in new if key not in old]
    went = [f"source taken out: <del>{esc(card_name(known[key]))}</del>" for key in old if key not in new]
    said = "; ".join([*came, *went]) or "sources in another order"
    return said[0].upper() + said[1:]


def turned(before: str, after: str) -> str:
    """A text that became another: both in a line where they are short, else word by word."""
    if max(len(before.split()), len(after.split())) <= _SHORT:
        return f"<del>{esc(before)}</del> → <ins>{esc(after)}</ins>"
    parts = []
    for words in word_by_word(before, after):
        if words.kept:
            parts.append(esc(words.into))
            continue
        parts += [_marked("del", "taken out", words.out)] * bool(words.out)
        parts += [_marked("ins", "put in", words.into)] * bool(words.into)
    return " ".join(parts)


def _marked(tag: str, told: str, words: str) -> str:
    """With words for whoever cannot see the mark."""
    return f'<{tag}><span class="unseen">[{told}: </span>{esc(words)}<span class="unseen">]</span></{tag}>'


def redline(before: Settings, after: Settings) -> str:
    """All that differs, as ready HTML; what decides no case is folded away where there is much of it."""
    found = entries(before, after)
    if not found:
        return "<p>Nothing is different: the two say the same in every line.</p>"
    parts = [] if found[0].group == DECIDES else ["<p><b>Nothing that may decide a case differs.</b></p>"]
    for group, mine in groupby(found, key=lambda entry: entry.group):
        parts.append(f"<h3>{esc(group)}</h3>{''.join(_sections(mine, folded=group == TEXTS))}")
    return MARKS + "".join(parts)


def _sections(found: Iterable[Entry], folded: bool) -> Iterator[str]:
    by_section: dict[str, list[Entry]] = {}
    for one in found:
        by_section.setdefault(one.section, []).append(one)
    for section, mine in by_section.items():
        inside = bullets(f"<b>{esc(one.name)}</b>{_several(one.changes)}" for one in mine)
        title = f"{esc(section)} ({len(mine)})"
        yield f"<details><summary>{title}</summary>{inside}</details>" if folded else f"<p>{title}</p>{inside}"


def _several(changes: tuple[str, ...]) -> str:
    return f": {changes[0]}" if len(changes) == 1 else bullets(changes)
