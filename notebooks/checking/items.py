"""What is to be done before a draft is ready: items in sections, each with its place and, where it is plain, a mend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from policy import Draft
from policy.authoring.draft_edits import Edited
from policy.problems import counted

__all__ = ["MUST", "QUICK", "SECTIONS", "SLOW", "Found", "Item", "Mend", "summary"]

SECTIONS = {  # key -> title, and what is meant
    "problems": ("Problems", "what is wrong with the document: as long as there is one, it cannot be used"),
    "examples": ("Examples that fail", "worked examples that come out otherwise than they say"),
    "remarks": ("Odd in the logic", "rules that never decide, columns that no rule reads, questions for nothing"),
    "texts": ("Texts that name an old value", "a lever was moved, and a text still names the value that it had"),
    "coverage": ("Not seen to decide", "a criterion can decide in this state, and no example shows that it does"),
    "slips": ("Slips that nobody would notice", "a small mistake in the document that no example would show"),
    "evidence": ("Evidence due for review", "sources that are old, contested, replaced or not verified in full"),
    "sources": ("Without a source", "criteria and levers that stand on no source which supports them today"),
}
SLOW = ("remarks", "coverage", "slips")  # found step by step, beside the hands
QUICK = tuple(name for name in SECTIONS if name not in SLOW)
_BLOCKS = {"problems": "problem", "examples": "failing example"}  # section -> what one of its items is
MUST = (*_BLOCKS,)  # what nobody can decide to leave


@dataclass(frozen=True)
class Mend:
    """What a button does to the draft here and now; `text` in our own words, since it is a button's."""

    text: str
    edit: Callable[[Draft], Edited]


@dataclass(frozen=True)
class Item:
    """One thing to work off: a sentence, more about it, the place where it is mended, and what would mend it."""

    section: str
    place: str
    says: str
    more: str = ""
    mends: tuple[Mend, ...] = field(default=(), compare=False)

    @property
    def key(self) -> str:
        """The same for the same item of another day; another where what it says is another."""
        return f"{self.section} {self.place}: {self.says}"


@dataclass(frozen=True)
class Found:
    """What one section has so far: `tried` of `total` steps, `total` 0 before it begins; `note`: what else to know."""

    items: tuple[Item, ...] = ()
    tried: int = 0
    total: int = 0
    note: str = ""

    @property
    def whole(self) -> bool:
        """Whether everything was looked at."""
        return 0 < self.total <= self.tried


NOT_YET = Found()


def summary(sections: dict[str, Found], left: Sequence[str]) -> str:
    """The line on top: whether it is ready for the committee, what blocks it, and what remains."""
    still = {name: sum(item.key not in left for item in found.items) for name, found in sections.items()}
    unseen = [SECTIONS[name][0] for name in SECTIONS if not sections.get(name, NOT_YET).whole]
    blocks = {noun: count for name, noun in _BLOCKS.items() if (count := still.get(name, 0))}
    rest = sum(count for name, count in still.items() if name not in MUST)
    more = f"{counted(rest, 'thing')} more to decide"
    if total := sum(blocks.values()):
        what = ", ".join(counted(count, noun) for noun, count in blocks.items())
        said = f"Not ready for the committee: {counted(total, 'thing')} block{'s' * (total == 1)} it ({what}), {more}"
    elif rest or unseen:
        said = f"Nothing blocks it, but the list is not worked off: {more}"
    else:
        said = "Ready for the committee: nothing blocks it, and nothing is left to decide"
    decided = f", {len(left)} left with a reason" if left else ""
    looked = f". Still to look at: {', '.join(unseen)}" if unseen else ""
    return f"{said}{decided}{looked}."
