"""What a policy document is made of: immutable records, checked one by one by pydantic (references: validation.py).

Lowest first: units, levers, history, fields, tests and rules; the document, and the policy with its
settings. This is their one face: what stands here is all that others may use.
"""

from policy.entries.history import (
    EVENT_CODE,
    HISTORY_TAGS,
    CountOfEvents,
    DaysSinceLast,
    DistinctGroups,
    Events,
    History,
    InWindow,
    LongestRun,
)
from policy.entries.records import Record
from policy.entries.scalars import (
    CPT_PATTERN,
    ICD_PATTERN,
    Flag,
    IcdCode,
    Id,
    StatementId,
    Text,
    While,
    Whole,
    Word,
    Words,
    Written,
    as_list,
    is_day,
    truth_word,
    whole,
)
from policy.entries.sources import Evidence
from policy.entries.units import KNOWN, Unit, in_units
from policy.model.document import CodeNotice, Example, Pathway, Relation, Selector
from policy.model.fields import LONGEST_DAYS, CaseField
from policy.model.leaves import Between, Comparison, Equals, LeverIs, Mean, OnFile, States, Sum
from policy.model.levers import Amount, DirectionException, Lever, Value, as_word, simplest
from policy.model.nodes import is_number
from policy.model.policy import Policy, Settings
from policy.model.rules import FORMS, OPTIONAL, OUTCOMES, Criterion, Gate, Requirement, Rule, Step, Switch
from policy.model.tests import TAGS, AllOf, AnyOf, Count, NoneOf, Score, Test, says_yes, test_of

__all__ = [
    "CPT_PATTERN", "EVENT_CODE", "FORMS", "HISTORY_TAGS", "ICD_PATTERN", "KNOWN", "LONGEST_DAYS", "OPTIONAL",
    "OUTCOMES", "TAGS", "AllOf", "Amount", "AnyOf", "Between", "CaseField", "CodeNotice", "Comparison", "Count",
    "CountOfEvents", "Criterion", "DaysSinceLast", "DirectionException", "DistinctGroups", "Equals", "Events",
    "Evidence", "Example", "Flag", "Gate", "History", "IcdCode", "Id", "InWindow", "Lever", "LeverIs", "LongestRun",
    "Mean", "NoneOf", "OnFile", "Pathway", "Policy", "Record", "Relation", "Requirement", "Rule", "Score", "Selector",
    "Settings", "StatementId", "States", "Step", "Sum", "Switch", "Test", "Text", "Unit", "Value", "While", "Whole",
    "Word", "Words", "Written", "as_list", "as_word", "in_units", "is_day", "is_number", "says_yes", "simplest",
    "test_of", "truth_word", "whole",
]  # fmt: skip
