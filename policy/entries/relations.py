"""What is said of two facts of a case together; a row where it is not so is rejected or remarked on."""

from typing import Literal

from policy.entries.records import Record
from policy.entries.scalars import Id, Text


class Relation(Record):
    """What one fact must be to another, or should: numbers or dates of one unit, where both are documented.

    Days may also be held against a duration. `says`: what is wrong, or odd: 'more days of care than of symptoms'.
    """

    field: Id
    at_most: Id
    verdict: Literal["reject", "remark"]  # of a row where it is not so
    says: Text
