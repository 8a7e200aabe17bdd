"""The frozen record that every part of a document is."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from policy.entries.scalars import StatementId


class ReadOnly(dict[Any, Any]):
    """A dict that refuses every change; `|` and `dict(...)` give one that may be changed."""

    def _refuse(self, *_: object, **__: object) -> None:
        raise TypeError("a loaded document cannot be changed; edit a copy of its file and load that")

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]
    __ior__ = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:  # copied and pickled whole, not entry by entry
        return type(self), (dict(self),)


class Record(BaseModel):
    """Frozen, its mappings too, with no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    def model_post_init(self, context: Any, /) -> None:
        """Close the mappings."""
        for name, value in self.__dict__.items():
            if type(value) is dict:
                self.__dict__[name] = ReadOnly(value)


class Element(Record):
    """Whatever stands on the policy's source: names its statements, or says where else it comes from."""

    statements: tuple[StatementId, ...] = ()
    origin: Literal["alternative", "assumption"] | None = None

    @model_validator(mode="after")
    def _sourced(self) -> "Element":
        if not self.statements and self.origin is None:
            message = "names no statement (such as S1) and no origin: alternative or assumption"
            raise PydanticCustomError("source", message)
        return self
