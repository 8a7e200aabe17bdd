"""The verb `sql`: the policy as a query."""

import click

import policy as core
from simulations.cli.options import policy_options, under
from simulations.cli.provenance import one_of_several, stamp, standing_notices


@click.command(epilog="Example: workbook sql --dialect snowflake --set conservative_weeks=8 > determinations.sql")
@policy_options
@click.option(
    "--dialect",
    default="duckdb",
    show_default=True,
    metavar="NAME",
    help="bigquery, databricks, duckdb, postgres, snowflake, spark or tsql.",
)
@click.option(
    "--what",
    default="determinations",
    show_default=True,
    type=click.Choice(["determinations", "levels"]),
    help="A determination with reasons for each case, or counts of cases that no setting tells apart.",
)
@click.option("--without", multiple=True, metavar="COLUMN", help="Your table has no such column (may be repeated).")
@click.option("--move", multiple=True, metavar="LEVER", help="Of levels: it will move later; none named: all of them.")
def sql(
    policy_name: str, as_of: str | None, scenario: str | None, assignments: tuple[str, ...], dialect: str, what: str,
    without: tuple[str, ...], move: tuple[str, ...],
) -> None:  # fmt: skip
    """The policy as one SELECT over a table `cases`, for a warehouse; printed, nothing is run.

    One version judges every row, at the values of one day: the policy in force on --as-of, without it the newest.

    The columns are those of a case table, under the same names: counts and per cents are numbers (DOUBLE will do),
    dates are DATE or TIMESTAMP, yes-or-no columns BOOLEAN, 0 and 1 or words. Name each column that your table has not
    with --without: it is then not documented for every row. Other columns of the table are not read.

    A row with a value that is not allowed is never approved: its outcome is `pend` and `reasons` begins with
    `rejected`. `determinations` has case_id, pathway, outcome, not_met, not_documented, ask and reasons, as `workbook
    determine` writes them. `levels` has one row for all cases (`weight` of them) that no setting of the levers named
    with --move tells apart, the others staying as they are set; the fewer move, the fewer rows.
    `simulations.warehouse.engines.counted` reads them back, and every setting is then counted in Python.
    """
    from simulations.warehouse.export import select_for

    policy = core.load(policy_name, as_of)
    settings = under(policy, scenario, assignments)
    if move and what != "levels":
        raise click.UsageError("--move belongs to --what levels")
    notices = [*stamp(policy, settings, scenario), *one_of_several(policy_name, policy, as_of)]
    notices += standing_notices(policy)
    click.echo(select_for(settings, what, dialect, without, move, notices), nl=False)
