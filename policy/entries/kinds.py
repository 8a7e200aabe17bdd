"""One of several kinds of record, told by a key of the mapping that a document writes."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, Tag
from pydantic_core import PydanticCustomError

from policy.entries.records import Record

# What others call a kind of test
_MEANT = {
    **dict.fromkeys(("<=", "lte", "le", "max", "maximum", "up_to", "no_more_than", "not_more_than", "less_or_equal",
                     "within"), "at_most"),
    **dict.fromkeys((">=", "gte", "ge", "min", "minimum", "no_less_than", "not_less_than", "greater_or_equal"),
                    "at_least"),
    **dict.fromkeys((">", "gt", "greater_than", "above", "over", "exceeds"), "more_than"),
    **dict.fromkeys(("<", "lt", "below", "under", "fewer_than"), "less_than"),
    **dict.fromkeys(("=", "==", "eq", "equals", "equal", "in", "one_of", "has"), "is"),
    **dict.fromkeys(("range", "from_to"), "between"), **dict.fromkeys(("and", "all", "every"), "all_of"),
    **dict.fromkeys(("or", "any", "either"), "any_of"), **dict.fromkeys(("not", "none", "neither"), "none_of"),
    **dict.fromkeys(("points", "add_up"), "score"), **dict.fromkeys(("plus", "total", "difference"), "sum"),
    **dict.fromkeys(("average", "avg"), "mean"), **dict.fromkeys(("exists", "documented", "present"), "on_file"),
}  # fmt: skip


def tagged(keys: Mapping[str, type[Any]], tag: Callable[[str], str], check: Callable[[Mapping[str, Any]], None]) -> Any:
    """The union of the kinds of `keys`; `check` refuses a mapping that has not the key of exactly one.

    `tag` names a kind for pydantic, also in the place of an error: no key looks like it.
    """

    def checked(value: object) -> object:
        if isinstance(value, Record):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("model_type", "must be a mapping of keys to values")
        check(value)
        return value

    def tag_of(value: Any) -> str:
        kind: Any = value if isinstance(value, Record) else next(keys[key] for key in value if key in keys)
        return tag(kind.kind)

    union: Any = Union[tuple(Annotated[one, Tag(tag(one.kind))] for one in keys.values())]  # noqa: UP007
    return Annotated[union, Discriminator(tag_of), BeforeValidator(checked)]


def one_key(keys: Mapping[str, type[Any]], value: Mapping[str, Any]) -> None:
    """A test has the key of one kind and no other; a key that others write is told what is meant."""
    for key in value:
        if key not in keys:
            meant = _MEANT.get(str(key).lower().strip("_"), "")
            raise PydanticCustomError("unknown-key", "", {"key": key, "known": [*keys], "meant": meant})
    if len(value) != 1:
        raise PydanticCustomError("test", "needs exactly one test, found {n}", {"n": len(value)})
