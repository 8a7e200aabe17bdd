"""Ways through a test and all below it."""

from collections.abc import Callable, Iterator

from policy.entries.scalars import While
from policy.model import Equals, Settings, Test
from policy.model.nodes import Node


def weighed(test: Node) -> Iterator[tuple[Test, int, bool]]:
    """Each of its parts, what that counts for, and whether it is asked the other way round."""
    for i, part in enumerate(test.parts):
        yield part, test.points[i], test.turn(i) < 0


def placed_tests(test: Test, path: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], Test]]:
    """This node and all below, each with the keys that lead to it; not what is no test of its own in a document."""
    yield path, test
    for i, part in enumerate(test.parts if test.nested else ()):
        yield from placed_tests(part, (*path, test.key, *test.steps(i)))


def lines_to(test: Test) -> Iterator[tuple[Test, ...]]:
    """This node and all below, each as the last of all that it lies in."""
    yield (test,)
    for part in test.parts:
        yield from ((test, *line) for line in lines_to(part))


def direction_of(test: Test, of: Callable[[Test], int | None]) -> int | None:
    """Which way it can only go: 1 harder to meet, -1 easier, 0 neither; None: either way.

    `of`: the same of each node, its parts staying as they are.
    """
    found = {of(test)}
    for i, part in enumerate(test.parts):
        way = direction_of(part, of)
        found.add(None if way is None or (way and not test.turn(i)) else way * test.turn(i))
    return None if None in found or len(found - {0}) > 1 else max(found - {0}, default=0)  # type: ignore[type-var]


def guarded_tests(test: Test, needs: tuple[While, ...] = ()) -> Iterator[tuple[Test, tuple[While, ...]]]:
    """This node and all below, each with what levers must say, beside it or above, for it to be asked."""
    yield test, needs
    for part in test.parts:
        beside = (condition for condition in test.only_while if condition is not part.condition)
        yield from guarded_tests(part, (*needs, *beside))


def in_force(settings: Settings, test: Test, turned: bool = False) -> Iterator[tuple[Test, bool]]:
    """The nodes of a tree of tests that the levers leave in force; `turned`: asked the other way round."""
    if settings.asks(test):
        yield test, turned
        for i, part in enumerate(test.parts):
            yield from in_force(settings, part, turned ^ (test.turn(i) < 0))


def says_yes(field: str) -> Test:
    """That a yes-or-no field says yes; its name need not be one that a document may use."""
    return Equals.model_construct(equals={field: ("true",)})
