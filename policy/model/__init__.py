"""What a policy is made of, lowest first: fields, tests, rules, levers; the document, and the policy with its settings.

This is their one face. Every part is a frozen `Record`; an `Element` also names its source. A `While` is a condition on
levers, {lever: words}: an entry is in force while each lever has one of its words. How an entry is written, and what in
a document decides no case, stands in policy/entries.
"""

from policy.entries.levers import Amount, Value, as_word, simplest
from policy.entries.scalars import is_number
from policy.model.document import CodeNotice, Example, Pathway, Selector
from policy.model.fields import LONGEST_DAYS, CaseField
from policy.model.leaves import Between, Comparison, Equals, LeverIs, Mean, OnFile, States, Sum
from policy.model.levers import Lever
from policy.model.policy import Policy, Settings
from policy.model.rules import FORMS, OPTIONAL, OUTCOMES, Criterion, Gate, Requirement, Rule, Step, Switch
from policy.model.tests import TAGS, AllOf, AnyOf, Count, NoneOf, Score, Test, test_of

__all__ = [
    "FORMS", "LONGEST_DAYS", "OPTIONAL", "OUTCOMES", "TAGS", "AllOf", "Amount", "AnyOf", "Between", "CaseField",
    "CodeNotice", "Comparison", "Count", "Criterion", "Equals", "Example", "Gate", "Lever", "LeverIs", "Mean", "NoneOf",
    "OnFile", "Pathway", "Policy", "Requirement", "Rule", "Score", "Selector", "Settings", "States", "Step", "Sum",
    "Switch", "Test", "Value", "as_word", "is_number", "simplest", "test_of",
]  # fmt: skip
