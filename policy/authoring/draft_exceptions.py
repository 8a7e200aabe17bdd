"""A case that shows an exception to a direction again, after an edit kept its own from showing it."""

from collections.abc import Iterator, Mapping

from policy.authoring.direction import Broken, broken_direction
from policy.checking.examples import check_exceptions
from policy.entries.exceptions import DirectionException
from policy.model import Policy, as_word

__all__ = ["shown_again"]


def shown_again(before: Policy, after: Policy, number: int) -> DirectionException | None:
    """An exception of `after` with a case that shows it; None: it is proven that nothing asks for it any more.

    As it stands where neither was found. First its own case is tried, with the levers that moved since `before` held
    where they stood; then one is searched for, which takes some seconds.
    """
    one = after.direction_exceptions[number]
    for other in _as_before(before, after, one):
        if _shows(after, other):
            return other
    rest = tuple(other for other in after.direction_exceptions if other is not one)
    found = broken_direction(after.model_copy(update={"direction_exceptions": rest}), one.lever)
    if found is None:
        return None
    other = _found(after, one, found)
    return other if _shows(after, other) else one


def _shows(policy: Policy, one: DirectionException) -> bool:
    return not [*check_exceptions(policy.model_copy(update={"direction_exceptions": (one,)}))]


def _as_before(before: Policy, after: Policy, one: DirectionException) -> Iterator[DirectionException]:
    """Its own case with levers that moved held where they stood: one of them, as one may be enough, then all."""
    old, new = before.settings(), after.settings()
    free = [name for name in new if name != one.lever and name not in one.while_]
    moved = {name: as_word(old[name]) for name in free if name in old and old[name] != new[name]}
    held = {name: word for name, word in moved.items() if _legal(after, name, word)}
    for name in held:
        yield one.model_copy(update={"set_": {name: held[name], **one.set_}})
    yield one.model_copy(update={"set_": {**held, **one.set_}})


def _found(after: Policy, one: DirectionException, found: Broken) -> DirectionException:
    """It with the case of a step that is not declared without it; as it is where that could not be worked out."""
    if found.witness is None:
        return one
    levers = {name: as_word(pair[1]) for name, pair in found.witness.levers.items() if name != one.lever}
    stated = {name: as_word(after.settings()[name]) for name in one.while_}
    return one.model_copy(update={"case": dict(found.witness.case), "set_": _needed(one, {**stated, **levers})})


def _legal(policy: Policy, name: str, word: str) -> bool:
    try:
        policy.levers[name].check(word)
    except ValueError:
        return False
    return True


def _needed(one: DirectionException, levers: Mapping[str, str]) -> dict[str, str]:
    """Without what the case is set to as it is."""
    stands = {name: words[0] for name, words in one.while_.items()}
    return {name: word for name, word in levers.items() if stands.get(name) != word}
