"""A case that shows an exception to a direction again, after an edit kept its own from showing it."""

from collections.abc import Iterator, Mapping

from policy.authoring.direction import broken_direction
from policy.checking.examples import check_exceptions
from policy.entries.exceptions import DirectionException
from policy.model import Policy, as_word

__all__ = ["shown_again"]


def shown_again(before: Policy, after: Policy, number: int) -> DirectionException | None:
    """An exception of `after` with a case that shows it; None: none was found, so that nothing asks for it any more.

    First its own case, with the levers that moved since `before` held where they stood; else one that is searched for,
    which takes some seconds.
    """
    one = after.direction_exceptions[number]
    return next((other for other in _tried(before, after, one) if _shows(after, other)), None)


def _shows(policy: Policy, one: DirectionException) -> bool:
    return not [*check_exceptions(policy.model_copy(update={"direction_exceptions": (one,)}))]


def _tried(before: Policy, after: Policy, one: DirectionException) -> Iterator[DirectionException]:
    old, new = before.settings(), after.settings()
    free = [name for name in new if name != one.lever and name not in one.while_]
    moved = {name: as_word(old[name]) for name in free if name in old and old[name] != new[name]}
    held = {name: word for name, word in moved.items() if _legal(after, name, word)}
    for name in held:  # one may be enough
        yield one.model_copy(update={"set_": {name: held[name], **one.set_}})
    yield one.model_copy(update={"set_": {**held, **one.set_}})
    rest = tuple(other for other in after.direction_exceptions if other is not one)
    found = broken_direction(after.model_copy(update={"direction_exceptions": rest}), one.lever)
    if found and found.witness:
        levers = {name: as_word(pair[1]) for name, pair in found.witness.levers.items() if name != one.lever}
        stated = {name: as_word(new[name]) for name in one.while_}
        yield one.model_copy(update={"case": dict(found.witness.case), "set_": _needed(one, {**stated, **levers})})


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
