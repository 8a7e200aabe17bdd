"""Texts of a draft that still speak of the value that a lever had before: 'six weeks' where eight are set."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from policy.model import Amount, Criterion, Lever, Policy
from policy.trees.policies import levers_read
from policy.trees.rules import stated_outcomes

__all__ = ["OldValue", "amount_in_text", "old_values"]

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_NUMBER = rf"(?:\d+(?:[.,]\d+)*|(?:{'|'.join(_TENS)})(?:-(?:{'|'.join(_ONES[1:10])}))?|{'|'.join(_ONES)})"
_BETWEEN = rf"(?:[\s-]+(?!(?:to|and)\b|{_NUMBER}\b)[a-z]+){{0,2}}?[\s-]+"  # 'six full weeks', '6-week'
_RANGE = re.compile(rf"\b{_NUMBER}\s*(?:to|and|-|–)\s*$", re.IGNORECASE)  # 'four to' before 'six weeks'
_PER_CENT = r"\s*(?:%|per\s?cent\b)"


class OldValue(NamedTuple):
    """A text that names a value which its lever no longer has.

    `place` is the entry ('criteria.NAME', 'examples.3'), `key` the text in it ('citation'), `says` the words found
    ('six weeks'), `sentence` the part of the text that they stand in, `now` what the lever has instead ('8 weeks').
    """

    place: str
    key: str
    lever: str
    says: str
    sentence: str
    now: str


def old_values(before: Policy, after: Policy) -> tuple[OldValue, ...]:
    """The texts of `after` that name, with its unit, a number that a lever had in `before` and has no more.

    Looked at are the texts of the lever itself, of the criteria that compare with it, of the facts that these read, of
    the reasons of the pathways that hang on it, and the names of the examples that tell one of these facts.
    """
    found: list[OldValue] = []
    for name, new in after.levers.items():
        old = before.levers.get(name)
        if old is None or new.domain is None or old.unit != new.unit:
            continue
        gone = [value for value in _values(old) if value not in _values(new)]
        found += [one for value in gone for one in _named(after, name, value)]
    return tuple(found)


def _written(lever: Lever) -> list[str]:
    """What a lever has, at whatever day."""
    return [lever.default_] if lever.default_ is not None else [*lever.dated.values()]


def _values(lever: Lever) -> list[Amount]:
    """The numbers that a lever has."""
    return [value for word in _written(lever) if isinstance(value := lever.check(word), int | Decimal)]


def _named(policy: Policy, name: str, value: Amount) -> Iterator[OldValue]:
    """Each text that names the value, by the first sentence that does."""
    lever = policy.levers[name]
    pattern = amount_in_text(value, lever)
    now = " or ".join(dict.fromkeys(lever.in_words(lever.check(word)) for word in _written(lever)))
    for place, key, text in _texts(policy, name):
        for sentence in re.split(r"(?<=[.;:])\s+", text):
            hit = next((one for one in pattern.finditer(sentence) if not _RANGE.search(sentence[: one.start()])), None)
            if hit:
                yield OldValue(place, key, name, hit[0], sentence, now)
                break


def _texts(policy: Policy, name: str) -> Iterator[tuple[str, str, str]]:
    """(entry, key, text) of whatever speaks of a lever."""
    lever, facts = policy.levers[name], dict[str, None]()
    yield from _of(f"levers.{name}", {"label": lever.label, "says": lever.says, "citation": lever.citation})
    for text in lever.contradictions:
        yield f"levers.{name}", "contradictions", text
    for criterion, stated in policy.criteria.items():
        if name in stated.test.levers():
            facts |= dict.fromkeys(stated.test.facts())
            yield from _of_criterion(f"criteria.{criterion}", stated)
    for fact in facts:
        yield from _of(f"fields.{fact}", {"label": policy.fields_[fact].label, "ask": policy.fields_[fact].ask or ""})
    for way, pathway in policy.pathways.items():
        if name in levers_read(policy, pathway.rule):
            for because in dict.fromkeys(because for _, because in stated_outcomes(pathway.rule) if because):
                yield f"pathways.{way}", "because", because
    for i, example in enumerate(policy.examples):
        if facts.keys() & example.case.keys() and name not in example.set_:
            yield f"examples.{i}", "name", example.name


def _of(place: str, texts: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    yield from ((place, key, text) for key, text in texts.items())


def _of_criterion(place: str, stated: Criterion) -> Iterator[tuple[str, str, str]]:
    yield from _of(place, {"says": stated.says, "ask": stated.ask, "citation": stated.citation})
    for one in stated.variants:
        yield place, "variants", one.says


@lru_cache(maxsize=64)
def _pattern(number: str, one: str, many: str) -> re.Pattern[str]:
    unit = _PER_CENT if one == "%" else f"{_BETWEEN}(?:{re.escape(many)}|{re.escape(one)})\\b"
    return re.compile(rf"(?<![\w.,/])(?:{number}){unit}", re.IGNORECASE)


def amount_in_text(value: Amount, lever: Lever) -> re.Pattern[str]:
    """What finds a number with the unit of a lever in a text, in digits or words: 6 weeks, six-week, 80 per cent."""
    digits = [f"{value:,}", f"{value}"]
    words = [rf"(?<!-){_in_words(int(value))}"] if value == int(value) and 0 <= value < 100 else []
    return _pattern("|".join([*dict.fromkeys(map(re.escape, digits)), *words]), lever.measure.one, lever.measure.many)


def _in_words(number: int) -> str:
    """'six', 'twenty-five'; 0 to 99."""
    if number < len(_ONES):
        return _ONES[number]
    return _TENS[number // 10 - 2] + (f"[ -]{_ONES[number % 10]}" if number % 10 else "")
