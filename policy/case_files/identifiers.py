"""What looks like an identifier of a person. It is refused where text is kept, and echoed nowhere."""

import re
from collections.abc import Sequence

from policy.problems import shown, visible

HIDDEN = "(not shown)"
_COLUMN = re.compile(
    r"(^|_)(\w*name|dob|\w*birth\w*|ssn?|social|mrn|mbi|hicn?|npi|\w*phone|tel|cell|mobile|fax|e_?mail|\w*address|street"
    r"|city|zip\w*|post(al)?_?code|(member|subscriber|patient|beneficiary|enrollee|insured|medicare|medicaid)_?(id|no|nr"
    r"|num(ber)?)|social_security\w*|medical_record\w*|acc(oun)?t\w*|licen[cs]e\w*|notes?)(_|$)"
)
_APART = r"(^|[^\d-])"
# Also run by pyarrow (RE2), which has no look-behind and no look-ahead.
_FORMATS = {
    "a social security number, phone number or e-mail address": (
        rf"{_APART}(\d{{3}}-\d{{2}}-\d{{4}}|\d{{3}} \d{{2}} \d{{4}}|(\+?1[ .-])?\(?\d{{3}}\)?[ .-]?\d{{3}}[ .-]\d{{4}})"
        r"($|[^\d-])|\S@\S"
    ),
    "a Medicare number": (r"(?i)(^|[^0-9a-z])[1-9][a-z][0-9a-z]\d[ -]?[a-z][0-9a-z]\d[ -]?[a-z]{2}\d{2}($|[^0-9a-z])"),
}
# Two to four words of letters alone; `L` is a letter, which RE2 and Python spell differently.
_NAME = r"^(L|['’.-]){2,},? +((L|['’.-])+,? *){1,3}$|^(L|['’-]){2,}, *(L|['’. -])+$"
DIGITS_OF_A_PERSON = 9  # digits that alone may be the number of a person
_BARE = r"^\d{9,10}[A-Za-z]?\d?$"
_DAY = r"^\d{4}-\d\d-\d\d$|^\d{1,2}[/.]\d{1,2}[/.]\d{2,4}$"
# What is looked for in a case_id: pattern -> what is said.
OF_AN_ID = {
    **{pattern: f"looks like {what}" for what, pattern in _FORMATS.items()},
    _NAME.replace("L", r"\pL"): "looks like the name of a person",
    _DAY: "looks like a date of birth",
}
BARE = {
    _BARE: "looks like a bare number of a person (9 or 10 digits); where it is no more than a key of your own,"
    " say --case-id-is-key"
}
_KEPT = [(re.compile(pattern), f"looks like {what}") for what, pattern in _FORMATS.items()]
_ECHO = [*(pattern for pattern, _ in _KEPT), re.compile(_BARE)]
_WORD = r"[^\W\d_a-z]([^\W\d_]|['’.-])*"
_CAPITALISED = re.compile(rf"^{_WORD}(,? +{_WORD}){{1,3}}$")  # Jo Example; EXAMPLE, JO


def identifying_column(header: str, known: Sequence[str]) -> bool:
    """Whether a column is called like an identifier; columns of the policy are not."""
    name = header.strip().lower()
    return name not in known and bool(_COLUMN.search(re.sub(r"[^a-z0-9]+", "_", name)))


def identifier(text: str) -> str:
    """'looks like ...' for a text that may not be kept, else nothing."""
    return next((said for pattern, said in _KEPT if pattern.search(text)), "")


def echoed(cell: object) -> str:
    """A cell as it may be shown: nothing of it where it could be a person's."""
    text = str(cell)
    return HIDDEN if _CAPITALISED.search(text) or any(pattern.search(text) for pattern in _ECHO) else visible(text)


def quoted(text: object) -> str:
    """In quotation marks, or that it is not shown; the name of a column may be two words in capitals."""
    return HIDDEN if text == HIDDEN or any(pattern.search(str(text)) for pattern in _ECHO) else shown(text)
