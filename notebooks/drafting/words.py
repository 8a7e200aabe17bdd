"""What a form calls what a document is made of: its sections, their keys, kinds of tests and forms of rules."""

from collections.abc import Mapping

from policy.entries.levers import SPOKEN

__all__ = [
    "AROUND",
    "BEGINNINGS",
    "FORM",
    "HEAD",
    "KEYS",
    "KINDS",
    "LONG",
    "NO_ORDER",
    "SECTION_WORDS",
    "SILENT",
    "WORDS",
    "hint",
    "key_label",
]  # fmt: skip

HEAD = "head"
SECTION_WORDS: Mapping[str, tuple[str, str]] = {  # section of a document -> all of them, one of them
    HEAD: ("Title and status", "title and status"),
    "levers": ("Levers", "lever"),
    "criteria": ("Criteria", "criterion"),
    "pathways": ("Pathways", "pathway"),
    "gates": ("Shared requirements (gates)", "list of shared requirements"),
    "evidence": ("Evidence cards", "evidence card"),
    "statements": ("Statements of the source", "statement"),
    "fields": ("Columns of a case", "column"),
    "diagnoses": ("Diagnosis groups", "diagnosis group"),
    "procedures": ("Procedure families", "procedure family"),
    "units": ("Units", "unit"),
    "relations": ("Relations between columns", "relation"),
    "examples": ("Examples", "example"),
    "texts": ("Standing texts", "standing text"),
    "open_questions": ("Open questions", "open question"),
    "references": ("References", "reference"),
    "code_notices": ("Notices on codes", "notice on a code"),
    "retired_codes": ("Codes no longer valid", "code no longer valid"),
    "direction_exceptions": ("Exceptions to a direction", "exception to a direction"),
    "history": ("Life of the version", "note on the life of the version"),
}

KINDS: Mapping[str, str] = {  # kind of a test -> how a form offers it
    "at_least": "a number is at least …",
    "more_than": "a number is more than …",
    "less_than": "a number is less than …",
    "at_most": "a number is at most …",
    "between": "a number lies between … and …",
    "is": "a column says one of …",
    "states": "a column says one of …, anything else is as good as nothing",
    "on_file": "a column has any value",
    "sum": "a sum of columns is …",
    "mean": "the mean of columns reaches …",
    "all_of": "all of these tests are met",
    "any_of": "any of these tests is met",
    "none_of": "none of these tests is met",
    "count": "so many of these tests are met",
    "score": "the points of these tests reach …",
    "lever": "the policy itself is set so (a lever)",
}


FORM: Mapping[str, str] = {  # form of a rule, and other kinds to choose among -> how a form offers it
    "require": "require criteria, then give an outcome",
    "outcome": "give one outcome always",
    "switch": "ask a column, a branch for each word",
    "first_of": "the first of several rules that is in force",
    "Selector": "some diagnosis groups with some procedure families",
    "otherwise": "every request that no other pathway is for",
    "CountOfEvents": "how many events there were",
    "DistinctGroups": "how many of several groups of events occurred",
    "LongestRun": "the longest run of days",
    "DaysSinceLast": "days since the last event",
}
SILENT = ("branches", "first_of")  # steps of a path that a reader needs no word for
NO_ORDER = ("statements", "evidence", "diagnosis", "procedure", "asks", "of", "minus", "codes", "all_of", "any_of")
AROUND = ("all_of", "any_of", "none_of")  # kinds that take the test that stood there as their first

_ALL = {"require": [{}], "then": [{"outcome": "met"}]}
_NUMBER = {
    "label": "", "says": "", "default": "", "domain": {"min": "0", "max": "", "step": "1"}, "unit": "",
    "direction": "stricter_when_higher", "citation": "", "origin": "assumption",
}  # fmt: skip
_STANCE = {
    "label": "", "says": "", "default": "", "choices": {"": ""}, "order": [""], "citation": "", "origin": "assumption",
}  # fmt: skip
_COLUMN = {"label": "", "ask": "", "type": "", "origin": "assumption"}
_CODES = {"label": "", "codes": {"": {"label": "", "origin": "assumption"}}}
_FOR = {"diagnosis": [""], "procedure": [""]}


def _pathway(rule: Mapping[str, object]) -> dict[str, object]:
    return {"title": "", "for": _FOR, "origin": "assumption", "rule": rule}


BEGINNINGS: Mapping[str, Mapping[str, Mapping[str, object]]] = {  # section -> what a new entry may begin from
    "levers": {"A number": _NUMBER, "Some words (a stance, an action, a switch)": _STANCE},
    "fields": {
        "Yes or no": _COLUMN | {"type": "boolean"},
        "A whole number": _COLUMN | {"type": "whole", "unit": "", "min": "0", "max": ""},
        "A number with decimals": _COLUMN | {"type": "decimal", "unit": "", "min": "0", "max": "", "step": "0.1"},
        "Per cent": _COLUMN | {"type": "percent", "max": "100"},
        "One of some words": _COLUMN | {"type": "choice", "choices": [""]},
        "A day": _COLUMN | {"type": "date"},
        "What lies between two days": _COLUMN
        | {"type": "duration", "unit": "weeks", "from": "", "to": "", "days": ""},
        "Text (for subgroups)": _COLUMN | {"type": "text"},
    },
    "pathways": {
        "Require criteria; met when all are": _pathway(_ALL),
        "Always one outcome": _pathway({"outcome": "not_met", "because": ""}),
        "Ask a column, a branch for each word": _pathway({"switch": "", "stated": "", "branches": {"": _ALL}}),
        "One outcome while a lever says so, else require criteria": _pathway(
            {"first_of": [{"while": {"": ""}, "outcome": "not_met", "because": ""}, _ALL]}
        ),
    },
    "criteria": {"A test of its own": {"says": "", "ask": "", "citation": "", "origin": "assumption", "test": {}}},
    "gates": {"": {"title": "", "require": [{}]}},
    "evidence": {
        "": {
            "title": "", "source": "", "year": "", "population": "", "stance": "", "strength": "", "status": "current",
            "note": "", "verified": "", "reference": "", "origin": "assumption",
        },
    },
    "statements": {"": {"says": "", "stance": "", "source": "", "applies_to": ""}},
    "diagnoses": {"": _CODES},
    "procedures": {"": {"label": "", "codes": {"": {"label": ""}}}},
    "examples": {"": {"name": "", "case": {"dx": "", "cpt": ""}, "expect": ""}},
    "texts": {"": {"title": "", "says": "", "origin": "assumption"}},
    "open_questions": {"": {"question": "", "options": [""], "why_open": "", "origin": "assumption"}},
}  # fmt: skip

LONG = {"says", "ask", "citation", "note", "because", "notice", "why_open", "question", "consequence", "status_note"}

_BOUND = "A lever, so that it can be moved later; or a number that stays."
KEYS: Mapping[str, tuple[str, str]] = {  # key, or Record.key where one record calls it otherwise -> label, hint
    "says": ("Sentence", "What it says, in words that a reader understands at first reading."),
    "Criterion.says": ("Sentence", "What must be true. {name_of_a_lever} stands for its value."),
    "Relation.says": ("What is wrong then", "Such as: more days of care than of symptoms."),
    "ask": ("Asked for where not documented", "What a reviewer asks the practice for."),
    "citation": ("Citation", "Where it was read, and what of it is an assumption."),
    "evidence": ("Evidence cards", "The sources that it stands on."),
    "statements": ("Statements of the source", "What it stands on; without any it is an assumption or an alternative."),
    "origin": (
        "Origin, where no statement says it",
        "Assumption: nobody wrote it. Alternative: another source has it.",
    ),
    "test": ("Test", "When it is met."),
    "variants": ("Other sentences while levers say so", "The first that fits is shown."),
    "label": ("Label", "What people call it."),
    "title": ("Title", "What people call it."),
    "default": ("Value", "Where it stands."),
    "values": ("Values by date", "From each day on; they stand in the place of one value."),
    "domain": ("What it may be", "Least, greatest and step of the values that are legal."),
    "min": ("Least", ""),
    "max": ("Greatest", ""),
    "step": ("Step", "0.1 for one decimal."),
    "unit": ("Unit", "What the number counts."),
    "direction": ("Direction", "Which way is stricter."),
    "off_allowed": ("May be off", "Whether the line may be taken away."),
    "suggested": ("Suggested when off", "The value that a reader is shown while it is off."),
    "cited": ("What the sources use", "A value outside is remarked on."),
    "choices": ("Choices", "Each word and what it means."),
    "CaseField.choices": ("Words that it may say", ""),
    "order": ("Order of strictness", "Each choice once, the loosest first."),
    "contradictions": ("Contradictions", "What the sources say against each other."),
    "type": ("Holds", "What a cell of the column holds."),
    "required": ("Always there", "A row without it is rejected."),
    "absent": ("What silence means", "The word that is taken where nothing is documented."),
    "implied_by": ("Told by other columns", "A column on file, and the least that it then tells here."),
    "ignored": ("Read, but used by no rule", ""),
    "onset": ("First day (column)", ""),
    "request": ("Last day (column)", ""),
    "from": ("From (column with a date)", ""),
    "to": ("To (column with a date)", ""),
    "DirectionException.from": ("From the value", ""),
    "DirectionException.to": ("To the value", ""),
    "days": ("Days, where a date is missing (column)", ""),
    "history": ("Counted from events", "How a history of events tells it."),
    "codes": ("Codes", ""),
    "Requirement.codes": ("Only for these diagnosis codes", ""),
    "prefixes": ("Codes that begin with", ""),
    "level": ("Level", "A word of your own that pathways may ask for."),
    "attributes": ("Attributes", "Words of your own that pathways may ask for."),
    "for": ("For which requests", "Groups of diagnoses with families of procedures."),
    "diagnosis": ("Diagnosis groups", ""),
    "procedure": ("Procedure families", ""),
    "with": ("Only codes with these attributes", ""),
    "rule": ("Rule", "What is required, and what follows."),
    "require": ("Required", "All must be met; the first that is not met decides."),
    "then": ("What follows when all are met", "The first that applies."),
    "outcome": ("Outcome", "A word, or a lever that chooses the word."),
    "because": ("Because", "The reason that a reader is told."),
    "when": ("Only where this criterion is met", ""),
    "while": ("Only while levers say so", ""),
    "criterion": ("Criterion", "A criterion, or a list of shared requirements."),
    "assume.criterion": ("Read as the branch", ""),
    "switch": ("Depends on (column)", ""),
    "stated": ("Criterion that it is stated", "What is asked where no branch can be chosen."),
    "branches": ("Branches", "A rule for each word of the column."),
    "otherwise": ("Any other word", ""),
    "assume": ("Not documented is read as", ""),
    "first_of": ("Rules, the first that is in force", ""),
    "source": ("Source", "Who published it."),
    "Statement.source": ("Evidence card", "The card that it was read in."),
    "seed_citation": ("Citation in the source", ""),
    "applies_to": ("About", "Which requests it speaks of."),
    "stance": ("Stance", "What it says for or against."),
    "year": ("Year", ""),
    "population": ("About whom", ""),
    "strength": ("Strength", "As graded there, or in words."),
    "status": ("Status", ""),
    "status_note": ("Why that status", ""),
    "note": ("Note", ""),
    "verified": ("How far it was read", ""),
    "in_full": ("Read in full", "Whether the source itself was read, not a summary."),
    "reference": ("Reference", "Where it can be found."),
    "one": ("One of it", "week"),
    "many": ("Many of it", "weeks"),
    "equals": ("Equals", "7 days"),
    "field": ("Column", ""),
    "Relation.at_most": ("Must be at most (column)", ""),
    "verdict": ("Where it is not so", ""),
    "name": ("Name", "What the example shows."),
    "case": ("Case", "What the request tells; a column that is not there is not documented."),
    "set": ("Levers moved for it", ""),
    "expect": ("Outcome that it must have", ""),
    "asks": ("Asks for exactly", "The columns that are asked for."),
    "question": ("Question", ""),
    "options": ("Options", ""),
    "why_open": ("Why it is open", ""),
    "contradiction": ("Contradiction", ""),
    "code": ("Code", ""),
    "source_label": ("Label in the source", ""),
    "official_meaning": ("Official meaning", ""),
    "consequence": ("Consequence", ""),
    "likely_intended": ("Likely intended", ""),
    "CodeNotice.lever": ("Lever", "The lever that says what is done."),
    "pend_while": ("Waits while the lever says", ""),
    "of": ("Columns", ""),
    "Counted.of": ("Tests", ""),
    "minus": ("Taken away", "Columns that are subtracted."),
    "Counted.at_least": ("How many", _BOUND),
    "reaches": ("Reaches", _BOUND),
    "points": ("Points", "What it adds; less than none takes away."),
    "Scored.points": ("Tests with their points", ""),
    "at_least": ("is at least", _BOUND),
    "more_than": ("is more than", _BOUND),
    "less_than": ("is less than", _BOUND),
    "at_most": ("is at most", _BOUND),
    "months": ("Within so many months", ""),
    "CountOfEvents.days": ("Within so many days", ""),
    "DistinctGroups.days": ("Within so many days", ""),
    "LongestRun.days": ("Within so many days", ""),
    "CountOfEvents.of": ("Counted", "Events, days with one, or the quantity that they tell."),
    "CountOfEvents.count": ("Codes that are counted", ""),
    "gap_days": ("Days that may lie between", ""),
    "distinct": ("Groups and their codes", ""),
    "days_since_last": ("Codes of the event", ""),
    "longest_run": ("Codes of the run", ""),
    "version": ("Version", ""),
    "effective": ("In force from", "YYYY-MM-DD"),
    "retired": ("Retired on", "YYYY-MM-DD"),
    "notice": ("Notice", "What every reader is told."),
    "source_name": ("Name of the source", ""),
    "date": ("Day", "YYYY-MM-DD"),
}

WORDS: Mapping[str, str] = {  # words of the language whose meaning is not seen at once
    "met_if_prereqs": SPOKEN["met_if_prereqs"],
    "whole": "a whole number",
    "decimal": "a number with decimals",
    "percent": "per cent",
    "boolean": "yes or no",
    "choice": "one of some words",
    "date": "a day",
    "duration": "what lies between two days",
    "months": "months between two days",
    "text": "text (for subgroups)",
    "diagnosis": "the diagnosis code",
    "procedure": "the procedure code",
    "stricter_when_higher": "a higher value is stricter",
    "stricter_when_lower": "a lower value is stricter",
    "true": "yes",
    "false": "no",
    "reject": "the row is refused",
    "remark": "it is remarked on",
}


ITEMS: Mapping[str, str] = {  # key of a list or mapping -> what one value in it is called, where that is another
    "choices": "Meaning",
    "CaseField.choices": "Word",
    "order": "Choice",
    "values": "Value from that day",
    "case": "What it says",
    "while": "Says",
    "lever": "Says",
    "set": "Value",
    "attributes": "Word",
    "implied_by": "At least",
    "options": "Option",
    "all_of": "Test",
    "any_of": "Test",
    "none_of": "Test",
    "Counted.of": "Test",
    "first_of": "Rule",
    "branches": "Rule",
    "of": "Column",
    "minus": "Column",
    "statements": "Statement",
    "evidence": "Evidence card",
    "diagnosis": "Diagnosis group",
    "procedure": "Procedure family",
    "asks": "Column",
    "references": "Text",
    "retired_codes": "Since when, and what stands in its place",
}


def key_label(record: str, key: str, item: bool = False) -> str:
    """The label of a key, or of an item under it."""
    if item and (one := ITEMS.get(f"{record}.{key}") or ITEMS.get(key)):
        return one
    found = KEYS.get(f"{record}.{key}") or KEYS.get(key)
    return found[0] if found else key.replace("_", " ").capitalize()


def hint(record: str, key: str) -> str:
    """What belongs there, in a sentence; empty where the label says it."""
    found = KEYS.get(f"{record}.{key}") or KEYS.get(key)
    return found[1] if found else ""
