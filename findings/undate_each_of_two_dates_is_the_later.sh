#!/usr/bin/env bash
# undate 0.8.0 (dates that are known in part): of 2026-02-XX and 2026-02-15 each is later than the other; 2026-XX-15 likewise.
#
# Guessed: the comparison is refused, as that of 2026-02 with 2026-02-15 is. The documentation says that dates which cannot be compared "due to
# ambiguity or precision" raise NotImplementedError, and 2026-02-XX is the same February, written with the day that is not known.
# Seen: a date with an X in its last part has the precision of that part, so that the other date is not found "in" it; nothing is refused, <
# is false both ways, and > is the negation of < and ==. So a > b and b > a are both true, for 2026-02-XX and 2026-02-15 as for 2026-0X and
# 2026-03 and for 202X and 2026. sorted() leaves the dates in the order in which they came, and max() takes the last of them.
#
# Why it matters here: "imaging in February" and "last block some time in 2026" are what a record often has, and this package is made for
# them. A check "the care ended after the pain began" is true whichever of the two is asked first, and the latest of several sessions is
# whichever stands last. The same month without its XX is refused as it should be.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check undate==0.8.0 lark==1.3.1 convertdate==2.4.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

from undate import Undate


def known(text):
    return Undate.parse(text, "EDTF")


def later(one, other):
    try:
        return one > other
    except NotImplementedError:
        return "refused"


print("undate", version("undate"))
asked = [
    ("2026-02", "2026-02-15"),
    ("2026-02-XX", "2026-02-15"),
    ("2026-XX-15", "2026-02-15"),
    ("2026-0X", "2026-03"),
    ("202X", "2026"),
    ("2026-02-XX", "2026-03-15"),
]
found = {}
for one, other in asked:
    pair = known(one), known(other)
    found[one, other] = (later(*pair), later(*reversed(pair)))
    print(f"{one} > {other}: {found[one, other][0]}; {other} > {one}: {found[one, other][1]}")
assert found["2026-02", "2026-02-15"] == ("refused", "refused")
assert found["2026-02-XX", "2026-03-15"] == (False, True)
assert all(found[pair] == (True, True) for pair in asked[1:5])
sessions = [known("2026-02-XX"), known("2026-02-15")]
latest = [str(max(sessions)), str(max(reversed(sessions)))]
print("the latest of two sessions, by the order of their rows:", *latest)
assert latest == ["2026-02-15", "2026-02-XX"]
assert [str(day) for day in sorted(sessions)] == ["2026-02-XX", "2026-02-15"]
assert [str(day) for day in sorted(reversed(sessions))] == ["2026-02-15", "2026-02-XX"]
PY
