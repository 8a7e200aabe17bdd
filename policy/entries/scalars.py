"""What one entry of a document may be. Scalars arrive as text (reading/yaml.py); each type accepts one spelling."""

import datetime
import re
import unicodedata
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError


def whole(text: object) -> object:
    """'6' -> 6; digits and one sign only (no 1_000, 0x1F, 017, +6, 80%)."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if not isinstance(text, str) or not re.fullmatch(r"-?(0|[1-9]\d{0,8})", text, re.ASCII):
        meant = plain_digits(str(text)[:80])
        hint = f", did you mean {meant}?" if meant else ""
        raise PydanticCustomError("number", "is not a whole number{hint}", {"hint": hint})
    return int(text)


_DECIMAL = r"-?(0|[1-9]\d{0,8})\.\d{1,6}"


def number(text: object) -> object:
    """'6' -> 6 and '7.5' -> Decimal('7.5'); one spelling, as of a whole number, and zeros at the end say nothing."""
    if isinstance(text, Decimal) or (isinstance(text, str) and re.fullmatch(_DECIMAL, text, re.ASCII)):
        return int(found) if (found := Decimal(text)) == int(found) else found.normalize()
    try:
        return whole(text)
    except PydanticCustomError as error:
        near = plain_decimal(str(text)[:80])
        hint = f", did you mean {near}?" if near else str((error.context or {}).get("hint", ""))
        raise PydanticCustomError("number", "is not a plain number{hint}", {"hint": hint}) from None


def shortest(text: str) -> str:
    """'7.50' -> '7.5' and '7.0' -> '7': what is compared with a value is written as the value is shown."""
    return f"{Decimal(text):f}".rstrip("0").rstrip(".") if "." in text else text


def is_number(reference: str) -> bool:
    """Whether what a test compares with is a plain number, and no lever."""
    return reference.replace(".", "", 1).isdigit()


def plain_line(text: str) -> str:
    """A lever, or a number in its one spelling (no 007) of at most nine digits before the point."""
    return str(number(text)) if is_number(text) else text


def plain_digits(text: str) -> str:
    """The plain digits of '80%', '+80', '080', '80.0', '1,000', '1_000', '6 weeks' or full-width digits, else ''."""
    plain = unicodedata.normalize("NFKC", text).replace("_", "").strip(" +%")
    found = re.fullmatch(r"0*(\d{1,3}(?:,\d{3}){1,2}|\d{1,9})(?:\.0+)?(?: *[a-z_]+)?", plain, re.ASCII)
    return found[1].replace(",", "") if found else ""


def plain_decimal(text: str) -> str:
    """The plain number of '.5', '7,5' or '+7.50', else '' (1,000 is a thousand, and told by its digits)."""
    found = re.fullmatch(r"\+?(\d{0,9})[.,](\d{1,6})", text.strip(), re.ASCII)
    return "" if found is None or plain_digits(text) else shortest(f"{int(found[1] or 0)}.{found[2]}")


def truth_word(text: object) -> object:
    """'true' / 'false' only."""
    if isinstance(text, bool):
        return text
    if text not in ("true", "false"):
        raise PydanticCustomError("boolean", "must be true or false")
    return text == "true"


def as_list(value: object) -> object:
    """One item may stand without a list."""
    return value if isinstance(value, (list, tuple)) else (value,)


def real_day(text: str) -> str:
    """A day of the calendar, as it is written: years, months and days in this order compare as text does."""
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("day", "is no day of the calendar") from None
    if text < "1901":
        raise PydanticCustomError("day", "is outside 1901-01-01 to 2099-12-31")
    return text


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, as a document has it."""
    try:
        return bool(re.fullmatch(DAY_PATTERN, text, re.ASCII) and real_day(text))
    except PydanticCustomError:
        return False


DAY_PATTERN = r"^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$"
Day = Annotated[str, StringConstraints(pattern=DAY_PATTERN), AfterValidator(real_day)]  # ISO, quoted or not
Whole = Annotated[int, BeforeValidator(whole)]
_NumberText = Annotated[str, StringConstraints(pattern=rf"^({_DECIMAL}|-?(0|[1-9]\d{{0,8}}))$")]
Number = Annotated[int | Decimal, BeforeValidator(number, json_schema_input_type=_NumberText)]
Flag = Annotated[bool, BeforeValidator(truth_word)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Written = Annotated[str, StringConstraints(min_length=1)]  # as it stands, for `Lever.check` to judge
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
StatementId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,4}[1-9][0-9]{0,3}$")]
ICD_PATTERN = r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?"
CPT_PATTERN = r"([0-9]{4}[0-9FTU]|[A-Z][0-9]{4})"
IcdCode = Annotated[str, StringConstraints(pattern=f"^{ICD_PATTERN}$")]
CptCode = Annotated[str, StringConstraints(pattern=f"^{CPT_PATTERN}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
Words = Annotated[
    tuple[Word, ...], BeforeValidator(as_list, json_schema_input_type=Word | tuple[Word, ...]), Field(min_length=1)
]
Reference = Annotated[
    str, StringConstraints(pattern=r"^([a-z0-9_]{1,60}|[0-9]{1,9}\.[0-9]{1,6})$"), AfterValidator(shortest)
]
Line = Annotated[Reference, AfterValidator(plain_line)]
Values = Annotated[
    tuple[Reference, ...],
    BeforeValidator(as_list, json_schema_input_type=Reference | tuple[Reference, ...]),
    Field(min_length=1),
]
While = dict[Id, Values]  # levers and the values under which an entry is in force
