"""What a policy document is made of: immutable records, checked one by one by pydantic (references: validation.py).

Lowest first: units, levers, fields, tests and rules; the document, and the policy with its
settings. This is their one face: what stands here is all that others may use.
"""

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
from policy.model.document import CodeNotice, Example, Pathway
from policy.model.fields import CaseField
from policy.model.levers import Lever, Value, as_word
from policy.model.policy import DirectionException, Policy, Settings
from policy.model.rules import FORMS, OUTCOMES, Criterion, Gate, Requirement, Rule, Step, Switch
from policy.model.tests import (
    TAGS,
    AllOf,
    AnyOf,
    Comparison,
    Count,
    Equals,
    LeverIs,
    Mean,
    NoneOf,
    OnFile,
    States,
    Test,
    says_yes,
    test_of,
)
from policy.model.units import GRIDS, UNITS, unit_word

__all__ = [
    "CPT_PATTERN", "FORMS", "GRIDS", "ICD_PATTERN", "OUTCOMES", "TAGS", "UNITS", "AllOf", "AnyOf", "CaseField",
    "CodeNotice", "Comparison", "Count", "Criterion", "DirectionException", "Equals", "Evidence",
    "Example", "Flag", "Gate", "IcdCode", "Id", "Lever", "LeverIs", "Mean", "NoneOf", "OnFile",
    "Pathway", "Policy", "Record", "Requirement", "Rule", "Settings", "StatementId", "States", "Step", "Switch",
    "Test", "Text", "Value", "While", "Whole", "Word", "Words", "Written", "as_list", "as_word", "is_day", "says_yes",
    "test_of", "truth_word", "unit_word", "whole",
]  # fmt: skip
