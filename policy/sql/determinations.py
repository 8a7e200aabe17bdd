"""A policy under a setting as one portable SELECT over a table `cases` with the columns of a case table.

What the text promises: the determination of every row that the reader of files admits, whatever the types of the
columns and the settings of the server. A row that the reader rejects is never approved: its outcome is `pend`, its
pathway empty, `ask` names the columns at fault and `reasons` begins with "rejected". What looks like a person (a name
in `case_id`) the reader refuses with its file; a table is not looked through for that.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from policy.determinations.results import IN_A_BRANCH, PARTLY
from policy.model import OUTCOMES, Settings
from policy.sql.case_table import OUT_OF_SCOPE, Table
from policy.sql.cells import REJECTED
from policy.sql.compiler import CODE, OPEN, Compiler, Reading
from policy.sql.text import Predicate, chosen, concatenated, either, every, grouped, literal, negated, one_of


def determinations_sql(
    settings: Settings, types: Mapping[str, str] | None = None, without: Collection[str] = ()
) -> str:
    """One SELECT: case_id, pathway, outcome, not_met, not_documented, ask, reasons, as `determine(...).frame()`.

    `types`: columns known to be "boolean", "integer", "number" (DOUBLE), "date", "timestamp" (without zone) or "text",
    which need fewer checks; the type of others is asked of the engine. `without`: columns that the table has not, not
    documented for every row.
    """
    policy, table = settings.policy, Table(settings.policy, types or {}, without)
    compiler = Compiler(settings, table)
    let = compiler.let
    table.admit(unique=True)
    pathway = table.pathway()
    readings = {i: compiler.rule(p.rule) for i, p in enumerate(policy.pathways.values())}
    special = [(either(table.faults.values()), REJECTED), (f"{pathway} = {OUT_OF_SCOPE}", OUT_OF_SCOPE)]
    special += _noticed(compiler, readings)
    which = let("which", chosen(special, pathway))
    # Each column has a bit of its own: added up they stand in one row, not one within the other.
    faulty = " + ".join(chosen([(when, compiler.bit(name))], 0) for name, when in table.faults.items())
    readings[REJECTED] = Reading(str(CODE["pend"]), "0", faulty, {})
    readings[OUT_OF_SCOPE] = Reading(str(CODE["out_of_scope"]), "1", "0", {})
    outcome, _, ask = (
        let(part, chosen(grouped(which, {i: getattr(r, part) for i, r in readings.items()}), 0))
        for part in ("outcome", "because", "ask")
    )
    read = {name: {i: r.truths[name] for i, r in readings.items() if name in r.truths} for name in policy.criteria}
    truths = {name: let(f"truth_{name}", chosen(grouped(which, of), 3)) for name, of in read.items() if of}
    return table.query.select(
        [
            "case_id",
            f"{chosen([(f'{which} = {REJECTED}', literal(''))], _words(pathway, list(policy.pathways)))} AS pathway",
            f"{_words(outcome, [*OUTCOMES, str(settings['undocumented_action'])])} AS outcome",
            f"{_listed(((f'{t} = 0', c) for c, t in truths.items()), ';')} AS not_met",
            f"{_listed(((f'{t} = 1', c) for c, t in truths.items()), ';')} AS not_documented",
            f"{_listed(((f'({ask} & {compiler.bit(c)}) <> 0', c) for c in policy.fields_), ';')} AS ask",
            f"{_reasons(compiler, truths)} AS reasons",
        ],
        ["case_id"],
    )


def _noticed(compiler: Compiler, readings: dict[int, Reading]) -> Iterator[tuple[Predicate, int]]:
    """Codes with a notice that says pend, each with a reading of its own."""
    source = compiler.policy.source_name
    for notice in reversed(compiler.policy.code_notices):
        if compiler.settings.holds({notice.lever: notice.pend_while}):
            why = f"code {notice.code} does not mean what {source} calls it: {notice.official_meaning}"
            place, reason = len(readings), str(compiler.because(why))
            readings[place] = Reading(str(CODE["pend"]), reason, compiler.bit("dx"), {})
            yield one_of("dx", [notice.code.replace(".", "")]), place


def _words(code: str, words: Sequence[str]) -> str:
    return chosen([(f"{code} = {i}", literal(word)) for i, word in enumerate(words)], literal(""))


def _listed(parts: Iterable[tuple[Predicate, str]], separator: str) -> str:
    pieces = [chosen([(when, literal(separator + word))], literal("")) for when, word in parts]
    return f"SUBSTRING({concatenated(pieces)}, {len(separator) + 1}, 8000)" if pieces else literal("")


def _reasons(compiler: Compiler, truths: dict[str, str]) -> str:
    """The sentences of `Determinations.frame()` in its order; of a rejected row, what is wrong with it."""
    says = {name: compiler.settings.says(name) for name in truths}
    partly = {name: truth for name, truth in truths.items() if name in compiler.partly}
    parts: list[tuple[Predicate, str]] = [
        (f"which = {REJECTED}", "rejected: the columns asked for hold no value that is allowed")
    ]
    parts += [(f"{t} = 0", f"not met: {says[c]}") for c, t in truths.items()]
    parts += [(f"{t} = 1", f"not documented: {says[c]}") for c, t in truths.items()]
    for code, word in enumerate(("not met", "not documented"), start=int(PARTLY)):
        parts += [(f"{t} = {code}", f"{word} {IN_A_BRANCH}: {says[c]}") for c, t in partly.items()]
    parts += [(f"because = {i}", text) for i, text in enumerate(compiler.texts) if i]
    if compiler.settings["undocumented_action"] == "not_met":
        parts.append((f"outcome = {OPEN}", "the file was closed with this not documented"))
    nothing = every(negated(when) for when, _ in parts)
    return _listed([*parts, (nothing, "all criteria are met")], "; ")
