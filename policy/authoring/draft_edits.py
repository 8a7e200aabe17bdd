"""What an author changes in a draft, by the names of the document: levers, criteria, sentences, sources, pathways."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.authoring.pages import Page, Path
from policy.authoring.revising import revised
from policy.problems import Problem, ProblemsFound, nearest, refuse, shown
from policy.reading.yaml import Node

_LEVER_ORDER = ("label", "says", "default", "values", "domain", "unit", "direction", "off_allowed", "suggested")
_CARD_ORDER = (
    "title", "source", "year", "population", "stance", "strength", "status", "status_note", "note", "verified",
    "in_full", "reference",
)  # fmt: skip


@dataclass(frozen=True)
class Edited:
    """What an edit did, and what is wrong with the document now; `lines` are gone ('- ...') or new ('+ ...').

    `done`: whether the draft was changed; where not, `problems` says why. `notices`: of the file that keeps the draft.
    """

    says: str
    done: bool
    problems: tuple[Problem, ...]
    lines: tuple[str, ...] = ()
    notices: tuple[Problem, ...] = ()

    def __str__(self) -> str:
        head = self.says if self.done else f"not done: {self.says}"
        return "\n".join([head, *self.lines, *map(str, self.problems), *map(str, self.notices)])


def as_text(value: Any) -> Any:
    """A value as a document has it: text, lists and mappings; True is 'true'. TypeError for what has no text."""
    if isinstance(value, Mapping):
        return {str(key): as_text(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(one) for one in value]
    if value is None or isinstance(value, set | frozenset | bytes | float):
        raise TypeError(f"a document holds text, whole numbers, lists and mappings, not {type(value).__name__}")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _given(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not given."""
    return {key: as_text(value) for key, value in entries.items() if value is not None and value != ()}


class Edits:
    """The edits of a draft. Each is checked, kept and can be undone; it returns what is wrong then as `Edited`."""

    page: Page

    def _edit(self, says: str, change: Callable[[Page], Page]) -> Edited:
        raise NotImplementedError

    # Anything ---------------------------------------------------------------------------------------------------------

    def put(self, path: str | Path, value: Any, after: Iterable[str] = ()) -> Edited:
        """Another value at a path ('levers.LEVER.label'), or a new key there, after others."""
        return self._edit(f"{path} is set", lambda page: page.put(page.path(path), as_text(value), after))

    def revise(self, path: str | Path, value: Any) -> Edited:
        """Another value at a path, a whole test or rule perhaps; what is alike inside keeps its lines and comments."""
        return self._edit(f"{path} is revised", lambda page: revised(page, page.path(path), as_text(value)))

    def add(self, path: str | Path, value: Any, at: int | None = None) -> Edited:
        """One more item in a list, before the one at position `at` (None: at the end)."""
        return self._edit(f"an item is added to {path}", lambda page: page.add(page.path(path), at, as_text(value)))

    def take_out(self, path: str | Path) -> Edited:
        """Without an entry or an item."""
        return self._edit(f"{path} is taken out", lambda page: page.take_out(page.path(path)))

    # Levers -----------------------------------------------------------------------------------------------------------

    def set_default(self, lever: str, value: Any) -> Edited:
        """Another default; a lever with dated values has none."""

        def change(page: Page) -> Page:
            if page.has(("levers", lever, "values")):
                raise refuse("dated-values", f"levers.{lever}", "has values by date; set those")
            page.find(("levers", lever))
            return page.put(("levers", lever, "default"), as_text(value), _LEVER_ORDER[:2])

        return self._edit(f"{lever}: default {as_text(value)}", change)

    def set_dated(self, lever: str, values: Mapping[str, Any]) -> Edited:
        """Values by date in the place of the default: {'2026-01-01': 6, '2027-01-01': 8}."""

        def change(page: Page) -> Page:
            path, wanted = ("levers", lever), as_text(values)
            page = page.put((*path, "values"), wanted, _LEVER_ORDER[:3])
            return page.take_out((*path, "default")) if page.has((*path, "default")) else page

        said = ", ".join(f"{value} from {day}" for day, value in values.items())
        return self._edit(f"{lever}: {said}", change)

    def set_domain(self, lever: str, min: Any = None, max: Any = None, step: Any = None) -> Edited:
        """Other ends or steps of the values that a number may take."""
        given = _given({"min": min, "max": max, "step": step})

        def change(page: Page) -> Page:
            for key, value in given.items():
                page = page.put(("levers", lever, "domain", key), value)
            return page

        return self._edit(f"{lever}: domain {', '.join(f'{k} {v}' for k, v in given.items())}", change)

    def switch(self, lever: str, choice: str) -> Edited:
        """Another choice of a lever that is a stance, an action or a switch."""

        def change(page: Page) -> Page:
            known = page.find(("levers", lever, "choices")).value
            if as_text(choice) not in known:
                message = f"{choice} is none of {', '.join(known)}{nearest(str(choice), known)}"
                raise refuse("lever-value", f"levers.{lever}", message)
            return page.put(("levers", lever, "default"), as_text(choice))

        return self._edit(f"{lever}: {as_text(choice)}", change)

    def add_lever(self, name: str, *, after: str | None = None, **entries: Any) -> Edited:
        """A new lever with its entries: label, says, default, domain, unit, direction (or choices), citation, ..."""
        return self._new("levers", name, _given(entries), after)

    # Criteria and where they are required -----------------------------------------------------------------------------

    def add_criterion(
        self, name: str, *, says: str, ask: str, citation: str, test: Mapping[str, Any], statements: Iterable[str] = (),
        origin: str | None = None, evidence: Iterable[str] = (), variants: Iterable[Mapping[str, Any]] = (),
        after: str | None = None,
    ) -> Edited:  # fmt: skip
        """A new criterion; its test is built as documents do: {'at_least': {'age': 'least_age'}}."""
        entries = {
            "says": says,
            "variants": tuple(variants),
            "ask": ask,
            "citation": citation,
            "statements": tuple(statements),
            "origin": origin,
        }
        return self._new("criteria", name, _given({**entries, "evidence": tuple(evidence), "test": test}), after)

    def remove_criterion(self, name: str) -> Edited:
        """Without a criterion, also in every list that requires it."""

        def change(page: Page) -> Page:
            page.find(("criteria", name))
            while found := [(path, i) for path in required(page).values() for i in _places(page, path, name)]:
                path, i = found[-1]
                page = page.take_out((*path, i))
            return page.take_out(("criteria", name))

        return self._edit(f"criterion {name} is removed", change)

    def require(
        self, where: str | Path, criterion: str, *, at: int | None = None,
        only_while: Mapping[str, Any] | None = None, codes: Iterable[str] = (),
    ) -> Edited:  # fmt: skip
        """A criterion or gate in the list of a pathway or gate, at a position, perhaps only while levers say so."""
        more = _given({"while": only_while, "codes": tuple(codes)})
        entry = {"criterion": criterion, **more} if more else criterion
        return self._edit(f"{where} requires {criterion}", lambda page: page.add(_list(page, where), at, entry))

    def drop(self, where: str | Path, criterion: str) -> Edited:
        """A pathway or gate without one of its requirements."""

        def change(page: Page) -> Page:
            path = _list(page, where)
            return page.take_out((*path, _place(page, path, criterion)))

        return self._edit(f"{where} no longer requires {criterion}", change)

    def move(self, where: str | Path, criterion: str, *, to: str | Path | None = None, at: int | None = None) -> Edited:
        """A requirement at another position `at` (None: the end) of its list, or of the list `to`."""

        def change(page: Page) -> Page:
            path = _list(page, where)
            target = path if to is None else _list(page, to)
            size = len(page.find(target).value)
            return page.move((*path, _place(page, path, criterion)), target, size if at is None else at)

        return self._edit(f"{criterion} of {where} is moved{'' if to is None else f' to {to}'}", change)

    # Sentences and sources --------------------------------------------------------------------------------------------

    def reword(self, section: str, name: str, says: str) -> Edited:
        """Another sentence (`says`) of a criterion, lever, statement or text: reword('criteria', 'age', '...')."""
        return self._entry(section, name, "says", says)

    def set_ask(self, criterion: str, ask: str) -> Edited:
        """What is asked for where a criterion is not documented."""
        return self._entry("criteria", criterion, "ask", ask)

    def cite(
        self, section: str, name: str, citation: str | None = None, evidence: Iterable[str] | None = None
    ) -> Edited:
        """Another citation, or other evidence cards, of a criterion or lever."""
        given = _given({"citation": citation}) | ({} if evidence is None else {"evidence": as_text([*evidence])})

        def change(page: Page) -> Page:
            for key, value in given.items():
                page.find((section, name))
                page = page.put((section, name, key), value, ("citation",))
            return page

        return self._edit(f"{name}: {' and '.join(given)}", change)

    def set_evidence(self, card: str, **entries: str) -> Edited:
        """Entries of an evidence card: status='superseded', status_note='...', note='...'."""

        def change(page: Page) -> Page:
            page.find(("evidence", card))
            for key, value in _given(entries).items():
                order = _CARD_ORDER[: _CARD_ORDER.index(key)] if key in _CARD_ORDER else ()
                page = page.put(("evidence", card, key), value, order)
            return page

        return self._edit(f"evidence {card}: {', '.join(entries)}", change)

    # Pathways and examples --------------------------------------------------------------------------------------------

    def add_pathway(
        self, name: str, *, title: str, diagnosis: Iterable[str], procedure: Iterable[str], rule: Mapping[str, Any],
        statements: Iterable[str] = (), origin: str | None = None, after: str | None = None, **selected: Any,
    ) -> Edited:  # fmt: skip
        """A pathway for groups of diagnoses and families of procedures, with its rule as in a document."""
        entries = {"title": title, "for": {"diagnosis": tuple(diagnosis), "procedure": tuple(procedure), **selected}}
        more = {"statements": tuple(statements), "origin": origin, "rule": rule}
        return self._new("pathways", name, _given({**entries, **more}), after)

    def add_example(
        self, name: str, case: Mapping[str, Any], expect: str, *, levers: Mapping[str, Any] | None = None,
        asks: Iterable[str] | None = None,
    ) -> Edited:  # fmt: skip
        """A worked example: a case, perhaps with levers moved, and the outcome that it must have."""
        entry = _given({"name": name, "set": levers, "case": case, "expect": expect})
        if asks is not None:
            entry["asks"] = as_text([*asks])
        return self._edit(f"example {name}", lambda page: page.add(("examples",), None, entry))

    def set_example(self, name: str, **entries: Any) -> Edited:
        """Other entries of a worked example, by its name: expect='pend', asks=['age'], case={...}."""
        given = {key: as_text([*value] if key == "asks" else value) for key, value in entries.items()}

        def change(page: Page) -> Page:
            for key, value in given.items():
                page = page.put((*_example(page, name), key), value)
            return page

        return self._edit(f"example {name}: {', '.join(given)}", change)

    def remove_example(self, name: str) -> Edited:
        """Without a worked example."""
        return self._edit(f"example {name} is removed", lambda page: page.take_out(_example(page, name)))

    # ------------------------------------------------------------------------------------------------------------------

    def _entry(self, section: str, name: str, key: str, text: str) -> Edited:
        def change(page: Page) -> Page:
            page.find((section, name, key))
            return page.put((section, name, key), as_text(text))

        return self._edit(f"{section}.{name}: {key}", change)

    def _new(self, section: str, name: str, value: dict[str, Any], after: str | None) -> Edited:
        def change(page: Page) -> Page:
            if page.has((section, name)):
                raise refuse("exists", f"{section}.{name}", "is there already; choose another name or change that")
            if after is not None:
                page.find((section, after))
            return page.put((section, name), value, () if after is None else (after,))

        return self._edit(f"{section}.{name} is added", change)


def required(page: Page) -> dict[str, Path]:
    """Every list of requirements, by its path in words: 'gates.spine_gate.require'."""
    tops = [top for top in ("gates", "pathways") if page.has((top,))]
    return {".".join(map(str, path)): path for top in tops for path in _required(page.find((top,)), (top,))}


def _required(node: Node, path: Path) -> Iterator[Path]:
    inside = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
    for step, one in inside:
        if step == "require" and isinstance(one.value, list):
            yield (*path, step)
        elif not isinstance(one.value, str):
            yield from _required(one, (*path, step))


def _example(page: Page, name: str) -> Path:
    names = [str(one.get("name")) for one in page.find(("examples",)).plain()]
    if name not in names:
        raise refuse("no-entry", "examples", f"no example is called {shown(name)}{nearest(name, names)}")
    return "examples", names.index(name)


def _list(page: Page, where: str | Path) -> Path:
    """The list of requirements of a gate, of a pathway that has one, or at a path; raises ProblemsFound."""
    lists = required(page)
    if where in lists.values() or where in lists:
        return lists[where] if isinstance(where, str) else where
    found = [path for path in lists.values() if path[1] == where]
    if len(found) == 1:
        return found[0]
    names = [".".join(map(str, path)) for path in found]
    if names:
        raise refuse("where", str(where), f"has several lists of requirements; name one: {', '.join(names)}")
    near = nearest(str(where), [str(path[1]) for path in lists.values()])
    raise refuse("where", str(where), f"is no gate and no pathway with requirements{near}")


def _places(page: Page, path: Path, criterion: str) -> list[int]:
    items = page.find(path).plain()
    names = [one.get("criterion") if isinstance(one, dict) else one for one in items]
    return [i for i, name in enumerate(names) if name == criterion]


def _place(page: Page, path: Path, criterion: str) -> int:
    found = _places(page, path, criterion)
    if not found:
        raise ProblemsFound([Problem("no-entry", ".".join(map(str, path)), f"does not require {criterion}")])
    return found[0]
