"""A first page for a policy: every column, each number a placeholder marked as an assumption, made from the document.

Whoever takes the page over puts shares of their own in the place of these, ties facts together by the latent causes,
and says how often each is written down. The page is valid as it is written.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from policy.evaluation.pathways import diagnosis_group
from policy.model import CaseField, Policy
from policy.trees.policies import facts_read
from simulations.population.columns import Column, columns_of

_OUTSIDE = ("R69", "Z76.89", "Z00.00"), ("99499", "A9270", "20610")  # codes that few policies cover, to be out of scope
_RANGE, _SCALED = "{odds_percent: [50, 200]}", "{scale_percent: [50, 150]}"
_HOW = """\
# A made-up population of requests for {policy}, drafted from the policy by `workbook population --draft`.
# EVERY NUMBER IS A PLACEHOLDER: nobody looked one up, so no result on this page says anything about a plan. Put your
# own in their place, and beside each `source: R1` (described under `sources: {{R1: ...}}`), or as here
# `assumption: true` with a `range`.
#   shares    in %, add up to 100; a key is a word, a number, or "low to high" (evenly spread)
#   percent   of cases for which the answer is yes
#   rows      tried from the top; the first whose `when` fits is used; `when` may name any variable above, so that facts
#             hang together
#   latent    behind the scenes, never a column. `severity` is a first common cause of the facts that rules read: the
#             row for severe holds what the other row holds until you part them
#   documented  how often a fact that arises is written down: one of `habits` (`this` is the fact itself), a table of
#             its own, or always
#   range     how far an assumption may be off: reports draw populations from it
#   targets   published figures that the cases should show:
#             {{name: {{says: ..., share_of: {{...}}, value: ..., between: [...], source: R1}}}}
"""


def draft(policy: Policy, named: str) -> str:
    """The page as text; `named`: how it names the policy, by id or by a path from the folder of the page."""
    columns = columns_of(policy)
    lines = [_HOW.format(policy=policy.name).rstrip(), *_head(policy, named), "habits:", *_habits(policy, columns)]
    lines += ["", "variables:", *_requests(policy), *_causes(), *_facts(policy, columns)]
    return "\n".join(lines).rstrip() + "\n"


def _head(policy: Policy, named: str) -> Iterator[str]:
    yield from ("schema: population/1", f"id: {policy.id[:54]}_draft", f"policy: {_text(named)}")
    yield f"label: {_text(f'Placeholders for {policy.title}, a draft')}"
    told = (
        "Synthetic cases for policy simulation. No row is a person. Every share is a placeholder that nobody looked up."
    )
    yield f"notice: {_text(told)}"
    yield from ("", "period:", "  first: 2026-01-01", "  last: 2026-12-31", "  assumption: true")
    yield from ("  range: {scale_percent: [99, 101]}", "")


def _habits(policy: Policy, columns: dict[str, Column]) -> Iterator[str]:
    """How often facts are written down: as a rule, and where silence counts as a no."""
    used = {_habit(policy, name) for name, column in columns.items() if column.kind != "made"}
    if "charted" in used:
        yield from ("  charted:", "    assumption: true", f"    range: {_RANGE}", "    rows:")
        for word, percent in (("thorough", 97), ("usual", 90), ("sparse", 75)):
            yield f"      - {{when: {{provider_documentation: {word}}}, percent: {percent}}}"
    if "if_true" in used:
        yield from ("  if_true:", "    note: Written down when it is so; seldom denied in writing.")
        yield from ("    assumption: true", f"    range: {_RANGE}", "    rows:")
        yield from ("      - {when: {this: true}, percent: 90}", "      - {percent: 25}")


def _habit(policy: Policy, name: str) -> str:
    field = policy.fields_[name]
    if field.required or field.ignored:
        return "always"
    return "if_true" if field.absent == "false" and field.type == "boolean" else "charted"


# The request ---------------------------------------------------------------------------------------------------------


def _requests(policy: Policy) -> Iterator[str]:
    """Diagnosis and procedure, the codes of each, and a few codes that the policy does not cover."""
    covered = {code for family in policy.procedures.values() for code in family.codes}
    dx = next((code for code in _OUTSIDE[0] if diagnosis_group(policy, code) is None), "")
    cpt = next((code for code in _OUTSIDE[1] if code not in covered), "")
    groups, families = policy.diagnoses, policy.procedures
    yield from _variable("diagnosis", "Group of the diagnosis on the request", "latent: true")
    yield from (f"    shares: {_shares(_even(list(groups)))}", "")
    yield from _variable("dx", "Diagnosis code as submitted; a few fall outside the policy", "documented: always")
    yield "    rows:"
    for name, group in groups.items():
        yield _row("diagnosis", name, _shares(_mostly(list(group.codes or group.prefixes), [dx])))
    yield from ("", *_variable("procedure", "Family of the procedure or item requested", "latent: true"), "    rows:")
    for name in groups:
        fitting = [family for family in families if not _mismatched(policy, name, family)]
        others = [family for family in families if family not in fitting]
        yield _row("diagnosis", name, _shares(_mostly(fitting or others, others if fitting else [])))
    yield from ("", *_variable("cpt", "Code as submitted; a few fall outside the policy", "documented: always"))
    yield "    rows:"
    for name, family in families.items():
        yield _row("procedure", name, _shares(_mostly(list(family.codes), [cpt])))
    yield ""


def _mismatched(policy: Policy, diagnosis: str, family: str) -> bool:
    """Whether a family does not belong to a diagnosis, or no pathway is written for the two."""
    rules = [
        p.rule for p in policy.pathways.values() if diagnosis in p.selects.diagnosis and family in p.selects.procedure
    ]
    return all(rule.outcome == "mismatch" for rule in rules)


def _causes() -> Iterator[str]:
    """The latent causes that tie the facts of one case together."""
    yield "  # --- causes that tie the facts of one case together " + "-" * 50
    yield from _variable("severity", "How badly the person is affected; facts may depend on it", "latent: true")
    yield from ("    shares: {mild: 30, moderate: 45, severe: 25}", "")
    says = "How fully the provider writes things down; all missing facts of a case hang on it"
    yield from (*_variable("provider_documentation", says, "latent: true"),)
    yield from ("    shares: {thorough: 50, usual: 35, sparse: 15}", "")


# The facts -----------------------------------------------------------------------------------------------------------


def _facts(policy: Policy, columns: Mapping[str, Column]) -> Iterator[str]:
    """Every other column that a page makes; a number before the facts that tell of it."""
    read = {fact for rule in policy.rules() for fact in facts_read(policy, rule)}
    read |= {str(policy.fields_[fact].days) for fact in read if policy.fields_[fact].days}
    made = [name for name, column in columns.items() if column.kind != "made" and name not in ("dx", "cpt")]
    yield "  # --- the facts " + "-" * 86
    limits = {one.field: one.at_most for one in policy.relations if one.verdict == "reject" and one.at_most in made}
    for name in sorted(made, key=lambda n: (not policy.fields_[n].implied_by, _depth(n, limits))):
        column, field = columns[name], policy.fields_[name]
        settings = [f"unit: {_text(column.unit.replace('_', ' ') or 'number')}"] if column.kind == "count" else []
        settings += [f"at_most: {limits[name]}"] if name in limits and column.kind == "count" else []
        yield from _variable(name, field.label, *settings, f"documented: {_habit(policy, name)}")
        yield from _told(policy, name, column, name in read)
        yield ""


def _depth(name: str, limits: Mapping[str, str]) -> int:
    """How many numbers above it limit a number, one the other."""
    seen: list[str] = []
    while name in limits and name not in seen:
        seen.append(name)
        name = limits[name]
    return len(seen)


def _told(policy: Policy, name: str, column: Column, read: bool) -> Iterator[str]:
    """The shares of a column: by severity where a rule reads it, none where the number that it tells of is too low."""
    form = _form(policy, name, column)
    needs = {n: field.implied_by[name] for n, field in policy.fields_.items() if name in field.implied_by}
    if not read and not needs:
        yield f"    {form}"
        return
    yield "    rows:"
    other = "".join(f", {number}: {_span(n, _top(policy, number))}" for number, n in needs.items())
    if read:
        yield f"      - {{when: {{severity: severe{other}}}, {form}}}"
    yield f"      - {{when: {{{other[2:]}}}, {form}}}" if needs else f"      - {{{form}}}"
    if needs:
        yield "      - {empty: true}"


def _form(policy: Policy, name: str, column: Column) -> str:
    """`percent: 40` or `shares: {...}`, from what the policy asks for."""
    asked = [test for c in policy.criteria.values() for test in c.test.walk() if name in test.fields()]
    words = {word for test in asked for word in test.words}
    if column.kind == "flag" and policy.fields_[name].absent == "false":
        return "percent: 8"
    if column.kind == "flag":
        return f"percent: {75 if 'true' in words else 15 if 'false' in words else 40}"
    if column.kind == "words":
        return f"shares: {_shares(_even(column.words))}"
    if column.kind == "pattern":
        return f"shares: {_shares(_even(('group_one', 'group_two')))}"
    return f"shares: {_shares(_even(_bands(policy, name, column)))}"


def _bands(policy: Policy, name: str, column: Column) -> list[str]:
    """Ranges parted where a test of the policy, as it stands, draws a line; as many cases in each."""
    lines, step = _parted(policy, name, column), column.step
    adults = policy.fields_[name].unit == "years" and column.lowest <= 18 < 90 <= column.highest and step == 1
    if adults:  # an age, until an author knows better
        ends = [18, *(line for line in lines if 18 < line < 90), 91]
        return [_span(low, high - 1) for low, high in pairwise(ends)]
    ends = [column.lowest, *lines, _top(policy, name) + step]
    return [_span(low, high - step, column.places, step) for low, high in pairwise(ends)]


def _parted(policy: Policy, name: str, column: Column) -> list[int]:
    """Where a test of the policy draws a line, on the steps of the column."""
    lines = {-(-line // column.step) * column.step for line in _lines(policy, name)}
    return sorted(line for line in lines if column.lowest < line <= column.highest)


def _top(policy: Policy, name: str) -> int:
    """The greatest number that a draft makes of a column: twice the last line, and what other columns tell of it."""
    column = columns_of(policy)[name]
    lines = _parted(policy, name, column)
    top = min(column.highest, 2 * lines[-1] if lines else 400)
    return max(top // column.step * column.step, *lines, column.lowest, *policy.fields_[name].implied_by.values())


def _lines(policy: Policy, name: str) -> Iterator[int]:
    """The least values, in the unit of the column, with which a test of the policy turns; of months in days."""
    settings, lasting = policy.settings(), _derived(policy, name)
    for criterion in policy.criteria.values():
        for test in criterion.test.walk():
            fields, cut = test.fields(), settings.cut(test)
            if cut is not None and name in fields:
                yield -(-cut // (len(fields) * _scale(policy.fields_[name])))
            elif cut is not None and lasting & {*fields}:
                yield cut * 487 // 32 + 1 if policy.fields_[fields[0]].calendar else cut


def _derived(policy: Policy, name: str) -> set[str]:
    """The durations that a column of days tells."""
    return {n for n, field in policy.fields_.items() if not field.told and name == field.days}


def _scale(field: CaseField) -> int:
    """How many steps of the grid of a fact one unit of its column on a page is."""
    return 1 if field.type == "decimal" else field.scale


# As text -------------------------------------------------------------------------------------------------------------


def _variable(name: str, says: str, *settings: str) -> Iterator[str]:
    yield from (f"  {name}:", f"    says: {_text(says)}", *(f"    {one}" for one in settings))
    yield from ("    assumption: true", f"    range: {_RANGE if 'latent: true' not in settings else _SCALED}")


def _row(parent: str, value: str, shares: str) -> str:
    return f"      - {{when: {{{parent}: {value}}}, shares: {shares}}}"


def _even(values: Sequence[str], total: Decimal = Decimal(100)) -> dict[str, Decimal]:
    """The same share for each value; the first has what rounding leaves."""
    each = (total / len(values)).quantize(Decimal("0.01"))
    return {value: each if place else total - each * (len(values) - 1) for place, value in enumerate(values)}


def _mostly(values: Sequence[str], seldom: Sequence[str]) -> dict[str, Decimal]:
    """Nearly all for some values, 1 or 2 in a hundred for others, where there are any."""
    seldom = [value for value in seldom if value]
    few = Decimal(min(2, len(seldom)))
    return _even(values, 100 - few) | (_even(seldom, few) if seldom else {})


def _shares(shares: Mapping[str, Decimal]) -> str:
    return "{" + ", ".join(f"{value}: {share.normalize():f}" for value, share in shares.items()) + "}"


def _span(low: int, high: int, places: int = 0, step: int = 1) -> str:
    first, last, by = (f"{Decimal(end) / 10**places:f}" for end in (low, high, step))
    return first if low == high else f"{first} to {last}{f' by {by}' * (step > 1)}"


def _text(text: str) -> str:
    """Quoted, so that nothing in it is taken for YAML."""
    return json.dumps(text, ensure_ascii=False)
