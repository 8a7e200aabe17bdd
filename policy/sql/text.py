"""SQL as text: predicates, choices and named expressions, in one portable form that is printed in other dialects.

Every name and number that gets into a text here comes from a checked document; text constants go through `literal`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Predicate = str | bool  # SQL, or what the setting alone decides


def concatenated(pieces: Sequence[str]) -> str:
    """One text of many: CONCAT of CONCATs, as PostgreSQL passes at most 100 arguments to a function."""
    most = 50
    while len(pieces) > most:
        pieces = [f"CONCAT({', '.join(pieces[at : at + most])})" for at in range(0, len(pieces), most)]
    return f"CONCAT({', '.join(pieces)})"


def literal(text: str) -> str:
    """A text constant."""
    return "'" + text.replace("'", "''") + "'"


def every(parts: Iterable[Predicate]) -> Predicate:
    """All of the predicates."""
    texts = list(dict.fromkeys(parts))
    if False in texts:
        return False
    return _joined([p for p in texts if isinstance(p, str)], " AND ") or True


def either(parts: Iterable[Predicate]) -> Predicate:
    """Any of the predicates."""
    texts = list(dict.fromkeys(parts))
    if True in texts:
        return True
    return _joined([p for p in texts if isinstance(p, str)], " OR ") or False


def _joined(parts: Sequence[str], word: str) -> str:
    return parts[0] if len(parts) == 1 else f"({word.join(parts)})" if parts else ""


def negated(part: Predicate) -> Predicate:
    """The opposite; no predicate here is ever NULL."""
    return not part if isinstance(part, bool) else f"NOT ({part})"


def one_of(name: str, values: Iterable[object]) -> Predicate:
    """A number or text among constants."""
    values = list(values)
    numbers = [v for v in values if isinstance(v, int)]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(values))):  # DuckDB joins on long lists
        return f"{name} BETWEEN {numbers[0]} AND {numbers[-1]}"
    words = [literal(v) if isinstance(v, str) else str(v) for v in values]
    return f"{name} = {words[0]}" if len(words) == 1 else f"{name} IN ({', '.join(words)})" if words else False


def chosen(pairs: Iterable[tuple[Predicate, object]], otherwise: object) -> str:
    """The value of the first predicate that holds."""
    kept: list[str] = []
    for predicate, value in pairs:
        if predicate is True:
            otherwise = value
            break
        if predicate is not False:
            kept.append(f"WHEN {predicate} THEN {value}")
    return f"CASE {' '.join(kept)} ELSE {otherwise} END" if kept else str(otherwise)


# What the SELECTs are named after, in this order
STEPS = ("facts", "bins", "criteria", "pathways", "keys")


@dataclass
class Query:
    """Named expressions over `source`; each stands one SELECT above the names that it uses, the SELECTs in `STEPS`.

    `notes`: name -> comment beside it. `before`: steps that `source` stands on; `join`: what stands beside it.
    """

    source: str = "cases"
    before: tuple[str, ...] = ()
    join: str = ""
    place: dict[str, tuple[int, int]] = field(default_factory=dict)  # step, and how far into it
    text: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def let(self, name: str, expression: str, step: str = "facts") -> str:
        """Name an expression; constants and names need no other name."""
        if expression in self.place or re.fullmatch(r"-?\d+", expression):
            return expression
        if self.text.get(name, expression) != expression:
            raise ValueError(f"{name} is the name of another expression already")
        used = {self.place[other] for other in self._names(expression)}
        own = max([STEPS.index(step), *(other for other, _ in used)])
        self.place[name] = (own, 1 + max((far for other, far in used if other == own), default=0))
        self.text[name] = expression
        return name

    def _names(self, text: str) -> set[str]:
        return {word for word in re.findall(r"(?<![.\w])\w+", text) if word in self.place}

    def select(self, columns: Sequence[str], keep: Sequence[str] = (), tail: str = "") -> str:
        """One SELECT of `columns`, of the names only those that they use; `keep`: what of the source to carry along."""
        *steps, last = self._steps(columns, keep, tail)
        return f"WITH {', '.join(steps)} {last}"

    def step(self, name: str, columns: Sequence[str], keep: Sequence[str] = (), tail: str = "") -> "Query":
        """A query over the rows of this one's SELECT."""
        *steps, last = self._steps(columns, keep, tail)
        return Query(name, (*steps, f"{name} AS ({last})"))

    def _steps(self, columns: Sequence[str], keep: Sequence[str], tail: str) -> list[str]:
        steps, below, beside = list(self.before), self.source, self.join
        own = "" if below == "cases" else f"{below}_"
        used, more = set[str](), self._names(" ".join([*columns, tail]))
        while more:
            used |= more
            more = self._names(" ".join(self.text[name] for name in more)) - used
        for place in sorted({self.place[name] for name in used}):
            names = [
                f"{self.text[n]} AS {n}{self._note(n)}" for n, at in self.place.items() if at == place and n in used
            ]
            carried = [f"{self.source}.{c} AS {c}" for c in keep] if below == self.source else ["*"]
            name = f"{own}{STEPS[place[0]]}_{place[1]}"
            steps.append(f"{name} AS (SELECT {', '.join([*carried, *names])} FROM {below}{beside})")
            below, beside = name, ""
        return [*steps, f"SELECT {', '.join(columns)} FROM {below}{beside}{tail}"]

    def _note(self, name: str) -> str:
        return f" /* {uncommented(self.notes[name])} */" if name in self.notes else ""


def uncommented(text: str) -> str:
    """Text that cannot begin or end a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def any_bits(parts: Iterable[str]) -> str:
    """Union of sets of columns."""
    kept = [part for part in dict.fromkeys(parts) if part != "0"]
    return f"({' | '.join(f'({part})' for part in kept)})" if kept else "0"


def grouped(which: str, values: dict[int, str]) -> list[tuple[Predicate, object]]:
    """One entry for each different expression."""
    places: dict[str, list[int]] = {}
    for position, value in values.items():
        places.setdefault(value, []).append(position)
    return [(one_of(which, positions), value) for value, positions in places.items()]
