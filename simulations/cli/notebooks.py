"""The verbs `lab` and `app`, which serve the notebooks."""

from collections.abc import Callable

import click

from policy.reading.loading import DEFAULT
from simulations.cli.options import import_options, workspace_option
from simulations.studies.import_options import ImportOptions


def _served(act: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that serves the notebooks."""
    act = import_options(act)
    for option in (
        workspace_option,
        click.option("--no-browser", is_flag=True, help="Print the address instead of opening it."),
        click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535)),
        click.option("--cases", metavar="FILE", help="A case table (CSV or Parquet) in place of made-up cases."),
        click.option(
            "--policy", "policy_name", metavar="NAME|FILE", help=f"The policy of the notebooks. Default: {DEFAULT}."
        ),
    ):
        act = option(act)
    return act


@click.command(epilog="Example: workbook lab --no-browser --port 8899")
@_served
def lab(
    policy_name: str | None, cases: str | None, port: int, no_browser: bool, importing: ImportOptions,
    rejects: str | None,
) -> None:  # fmt: skip
    """Open the notebooks in JupyterLab, on 127.0.0.1 only.

    What ships can be read and run there, and not changed; what you make is kept in the workspace. The cases of --cases
    may be people: then small counts are not shown, and no notebook file keeps a case.
    """
    from simulations.cli.lab import Opened, serve

    serve(port, not no_browser, Opened(policy_name, cases, importing, rejects))


@click.command(epilog="Example: workbook app --policy my_policy.yaml")
@_served
def app(
    policy_name: str | None, cases: str | None, port: int, no_browser: bool, importing: ImportOptions,
    rejects: str | None,
) -> None:  # fmt: skip
    """Open the same notebooks without their code, each as a page that is ready to use, on 127.0.0.1 only.

    The address has a token: whoever does not know it sees nothing. What you make is kept in the workspace. The cases of
    --cases may be people: then small counts are not shown.
    """
    from simulations.cli.lab import Opened, serve_app

    serve_app(port, not no_browser, Opened(policy_name, cases, importing, rejects))
