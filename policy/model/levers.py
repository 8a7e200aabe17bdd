"""A lever: one setting of the policy that a medical director may move."""

from collections.abc import Iterable

from policy.entries.levers import LeverEntry, Value, as_word


class Lever(LeverEntry):
    """One adjustable setting: numeric (domain, unit, direction) or a choice (stance, action, switch).

    Its value stands in `default`, or by date in `values`: from each day to the day before the next; the first holds
    before its day too.
    """

    # A numeric one may be off (None) where the document allows it: then no test asks for its number.

    @property
    def default(self) -> str:
        """The value as written; of dated values the latest, which stands where no day is named."""
        return self.at(None)

    def at(self, day: str | None) -> str:
        """The value that stands on a day (ISO; None: the latest), as written."""
        if self.default_ is not None:
            return self.default_
        days = sorted(self.dated)
        return self.dated[max((d for d in days if d <= day), default=days[0]) if day else days[-1]]

    def meets(self, value: Value, words: Iterable[str]) -> bool:
        """Whether a condition that names these words holds at a value; `on` is any value but off."""
        return as_word(value) in words or ("on" in words and value is not None and self.off_allowed)
