"""What the comparisons of a criterion say of one case: value on file, what is needed, distance, each in its own unit.

Under `none_of` a comparison is asked the other way round ("at least" becomes "less than"), and its distance is that to
the other side: what is said is what would meet the criterion.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from operator import mul
from typing import NamedTuple

import numpy as np

from policy.case_files.written import as_written, day_of
from policy.cases.relations import half_months, half_months_of_days
from policy.entries.history import DaysSinceLast, History
from policy.entries.units import in_units
from policy.evaluation.evaluation import Evaluation
from policy.evaluation.kleene import MET, NOT_MET, codes_of_truth
from policy.model import CaseField, Test
from policy.trees.tests import weighed


class Asked(NamedTuple):
    """What a test asks of a fact: `how` ('needed', 'asked for', 'lever off'), what, and how far away the fact is.

    Each is empty where nothing more is to be said.
    """

    how: str = ""
    what: str = ""
    distance: str = ""

    def __str__(self) -> str:
        told = f"{self.how}: {self.what}" if self.how else ""
        inside = "; ".join(filter(None, (told, self.distance)))
        return f" ({inside})" if told else f"; {inside}" if inside else ""


_OFF = Asked("lever off", "not asked for")


@dataclass(frozen=True)
class Detail:
    """One fact as one test reads it: `value` on file, what is `asked` of it, and the truth.

    `words`: what is asked for, for a fact of words; `turned`: that none of them is; `worth`: what it counts for.
    """

    fact: str
    value: str
    asked: Asked
    truth: int
    words: tuple[str, ...] = ()
    turned: bool = False
    worth: str = ""

    def __str__(self) -> str:
        return f"{self.fact}: {self.value}{self.asked}{self.worth}"


def details(evaluation: Evaluation, test: Test, turned: bool = False) -> Iterator[Detail]:
    """The comparisons of a test that are in force, for the one case of an evaluation; of what counts also the count.

    `turned`: asked the other way round.
    """
    if not evaluation.settings.asks(test):
        return
    truth = int(MET) - _truth(evaluation, test) if turned else _truth(evaluation, test)
    for name in test.fields():
        asked = _asked(evaluation, test, name, turned)
        yield Detail(name, _value(evaluation, name), asked, truth, test.words, turned)
    if test.sums:
        yield _total(evaluation, test, truth, turned)
    for part, points, opposite in weighed(test):
        inside = [*details(evaluation, part, turned ^ opposite)]
        if test.counts:
            inside = _counting(inside, _worth(points, _truth(evaluation, part)))
        yield from inside
    if test.counts:
        yield _count(evaluation, test, truth, turned)


def _truth(evaluation: Evaluation, test: Test) -> int:
    return int(codes_of_truth(evaluation.test(test), 1)[0])


def _worth(points: int, truth: int) -> tuple[int, int]:
    """The least and the most that a part counts for, of one truth."""
    if truth in (MET, NOT_MET):
        return (points, points) if truth == MET else (0, 0)
    return min(points, 0), max(points, 0)


def _counting(inside: list[Detail], worth: tuple[int, int]) -> list[Detail]:
    """The comparisons of one part of what counts, the last of them with what the part counts for."""
    if not inside and worth == (0, 0):
        return []
    said = " or ".join(map(_signed, dict.fromkeys(worth)))
    *before, last = inside or [Detail("as the levers stand", "counts", Asked(), int(MET))]
    told = f" {said}" if not inside else f"; {'together ' if before else ''}counts {said}"
    return [*before, replace(last, worth=last.worth + told)]


def _count(evaluation: Evaluation, test: Test, truth: int, turned: bool) -> Detail:
    """What the parts count for together, of all that they can, with what is needed and the distance."""
    worth = (_worth(points, _truth(evaluation, part)) for part, points, _ in weighed(test))
    ends = [sum(end) for end in zip(*worth, strict=True)]
    value = f"{' to '.join(map(_signed, dict.fromkeys(ends)))} of {test.most}"
    number = evaluation.settings.number(str(test.reference()))
    if number is None:
        return Detail(test.kind, value, _OFF, truth)
    wanted, (low, high) = int(number), ends
    if truth == MET:
        far = "kept" if turned else "reached"
    elif truth == NOT_MET:
        far = f"{low - wanted + 1} too many" if turned else f"{wanted - high} short{' at best' if low < high else ''}"
    else:
        far = "open until all of it is documented"
    return Detail(test.kind, value, Asked("needed", f"{'less than' if turned else 'at least'} {wanted}", far), truth)


def _signed(number: int) -> str:
    return f"{number}".replace("-", "−")


def _total(evaluation: Evaluation, test: Test, truth: int, turned: bool) -> Detail:
    """The mean or the sum of several facts with its distance, in the unit of the facts."""
    values = [int(evaluation.rows.fact(name)[0]) for name in test.fields()]
    threshold = evaluation.settings.threshold(test.fields()[0], str(test.reference()))
    if min(values) < 0 or threshold is None:
        return Detail(test.kind, "not known", Asked(), truth)
    kind = evaluation.policy.fields_[test.fields()[0]]
    found = Fraction(sum(map(mul, test.signs, values)), test.times)
    sense = test.senses[turned]
    short = found - threshold if sense in ("less than", "at most") else threshold - found
    if short > 0:
        far = f"{_amount(short, kind)} {'too much' if sense in ('less than', 'at most') else 'short'}"
    elif short == 0 and sense in ("less than", "more than"):
        far = "not below" if sense == "less than" else "not above"
    else:
        far = "kept" if sense in ("less than", "at most") else "reached"
    return Detail(test.kind, _amount(found, kind), Asked(distance=far), truth)


def _number(number: Fraction) -> str:
    """In full where it ends within six decimals, as every value of a grid does; a mean may not."""
    ends = (number * 10**6).denominator == 1
    written = f"{Decimal(number.numerator) / number.denominator:.{6 if ends else 3}f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def _amount(number: Fraction | int, kind: CaseField) -> str:
    """A number on the grid of a field, in the unit of its column."""
    number = Fraction(number) / kind.scale
    return f"{_number(number)} {kind.measure.word(number) if kind.measure else ''}".strip()


def _value(evaluation: Evaluation, name: str) -> str:
    kind, value = evaluation.policy.fields_[name], int(evaluation.rows.fact(name)[0])
    if not kind.told:
        onset, request, days = _told(evaluation, kind)
        if onset >= 0 and request >= 0:
            return f"from {day_of(onset)} to {day_of(request)}"
        return f"{days} day{'s' * (days != 1)}" if days >= 0 else "not documented"
    if kind.history is not None and value != -1:
        return _of_events(kind, kind.history, value)
    if value < 0:
        return f"at least {_amount(-1 - value, kind)}, how many is not documented" if value < -1 else "not documented"
    return as_written(kind, value) if kind.words or kind.type == "date" else _amount(value, kind)


def _of_events(kind: CaseField, history: History, value: int) -> str:
    """'at least 2 sessions in the 12 months before the request; the history is not complete'."""
    if value < 0:
        return f"at least {_amount(-1 - value, kind)} {history.when}; the history is not complete"
    more = " or more (or none is on file)" if isinstance(history, DaysSinceLast) and value == kind.max else ""
    return f"{_amount(value, kind)}{more} {history.when}"


def _told(evaluation: Evaluation, kind: CaseField) -> tuple[int, int, int]:
    """First day, last day and days of a duration, -1 where not documented."""
    onset, request, days = (int(evaluation.rows.fact(column)[0]) for column in kind.sources)
    return onset, request, days


def _asked(evaluation: Evaluation, test: Test, name: str, turned: bool) -> Asked:
    """The threshold with its distance, or the words asked for."""
    words, reference = test.words, test.reference()
    if reference is None:
        if not words:
            return Asked("asked for", "not on file") if turned else Asked()
        several = f"neither {' nor '.join(words)}" if len(words) > 1 else f"not {words[0]}"
        return Asked("asked for", several if turned else " or ".join(words))
    threshold = evaluation.settings.threshold(name, reference)
    if threshold is None:
        return _OFF
    kind, lever = evaluation.policy.fields_[name], evaluation.policy.levers.get(reference)
    sense = test.senses[turned]
    if lever:
        shown, unit = lever.show(evaluation.settings[reference]), lever.unit or ""
    else:
        shown, unit = f"{reference} {kind.measure.word(Fraction(reference)) if kind.measure else ''}".strip(), ""
    if test.sums:
        return Asked("needed", f"{test.kind} of {sense} {shown}")
    return Asked("needed", f"{sense} {shown}", _distance(evaluation, name, sense, threshold, unit))


def _distance(evaluation: Evaluation, name: str, sense: str, threshold: int, unit: str) -> str:
    """How far the value is from the nearest one that fits; nothing where there is no value."""
    kind, value = evaluation.policy.fields_[name], int(evaluation.rows.fact(name)[0])
    if value < 0:
        return ""
    upper = sense in ("less than", "at most")
    limit = threshold + (sense == "more than") - (sense == "less than")  # the nearest value on the grid that fits
    if (value <= limit) if upper else (value >= limit):
        return "kept" if upper else "reached"
    if limit < 0 or (kind.type != "date" and limit > kind.span[1]):
        return "no value is"
    if not kind.told:
        days = _days_off(evaluation, kind, limit, -1 if upper else 1)
        return f"{days} day{'s' * (days != 1)} {'too long' if upper else 'short'}"
    far = abs(value - limit)
    units = evaluation.policy.every_unit
    size = (in_units(units, unit, kind.grid[0]) or 1) * kind.scale if unit in units else 1
    whole = unit != kind.grid[0] and size > 1 and not far % size
    in_unit = f" ({far // size} {units[unit].word(far // size)})" if whole else ""
    too = "too much" if kind.scale > 1 else "too many"
    return f"{_amount(far, kind)} {too if upper else 'short'}{in_unit}"


def _days_off(evaluation: Evaluation, kind: CaseField, limit: int, way: int) -> int:
    """Days by which a duration is too short to reach so many half months (`way` 1), or too long to stay within (-1)."""
    onset, request, days = _told(evaluation, kind)
    dated = onset >= 0 and request >= 0
    if not kind.calendar:
        return abs((request - onset if dated else days) - limit)
    most = 31 * (limit // 2 + 2) if way > 0 else (request - onset if dated else days) + 1
    moved = way * np.arange(most)
    lasts = half_months(np.full(most, onset), request + moved) if dated else half_months_of_days(days + moved)
    return int(np.argmax(lasts >= limit if way > 0 else lasts <= limit))
