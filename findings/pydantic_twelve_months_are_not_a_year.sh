#!/usr/bin/env bash
# pydantic 2.14.4: a timedelta read from "P12M" is 360 days and one from "P1Y" 365, so that 12 months fail "at least P1Y".
#
# Guessed: a duration in months or years is refused for a timedelta, which has only days and seconds; and if it is not, 12 months are
# a year, as they are for isodate, whose Duration keeps the months.
# Seen: a month is 30 days and a year 365 without a word, also in strict mode. What is written depends on the number: 365 days come
# out as "P1Y", 360 days as "P360D", so that a document read and written again has turned months into days, and days into a year that
# another reader adds by the calendar: 31 January 2024 plus 365 days is 30 January 2025, plus P1Y a day later.
#
# Why it matters here: a policy's periods are months and years of the calendar ("imaging within 12 months"). As timedelta fields of a
# model they shrink by five days in months and not in years, whichever the author wrote; the workbook keeps number and unit apart.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.4 isodate==0.7.2
"$folder/env/bin/python" - <<'PY'
from datetime import date, timedelta
from importlib.metadata import version
from typing import Annotated

import isodate
import pydantic

print("pydantic", pydantic.VERSION, "isodate", version("isodate"))
duration = pydantic.TypeAdapter(timedelta)
seen = {}
for text in ("P1M", "P12M", "P1Y", "P6W", "P365D"):
    read = duration.validate_json(f'"{text}"', strict=True)
    seen[text] = (read.days, duration.dump_json(read).decode().strip('"'))
    print(f"{text}: {read.days} days, written again {seen[text][1]}")
expected = {"P1M": (30, "P30D"), "P12M": (360, "P360D"), "P1Y": (365, "P1Y"), "P6W": (42, "P42D"), "P365D": (365, "P1Y")}
assert seen == expected, "months and years are read otherwise now"
a_year = pydantic.TypeAdapter(Annotated[timedelta, pydantic.Field(ge=timedelta(days=365))])
try:
    raise SystemExit(f"12 months are now at least a year: {a_year.validate_python('P12M')}")
except pydantic.ValidationError as refusal:
    print("P12M, at least 365 days:", refusal.errors()[0]["msg"])
assert isodate.parse_duration("P12M") == isodate.parse_duration("P1Y")
start = date(2024, 1, 31)
by_days, by_calendar = start + isodate.parse_duration("P365D"), start + isodate.parse_duration(seen["P365D"][1])
print(f"{start} plus P365D by isodate: {by_days}; plus what pydantic wrote for it: {by_calendar}")
assert (by_days, by_calendar) == (date(2025, 1, 30), date(2025, 1, 31))
PY
