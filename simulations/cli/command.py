"""The `workbook` command: exit 0 done, 1 the input has problems (one line each), 2 wrong usage; no traceback."""

from importlib import import_module
from typing import Any, ClassVar

import click

from simulations.cli.exits import begin, ending


class Verbs(click.Group):
    """Verbs are in modules of their own, each imported when one of its verbs is wanted, and not to be listed."""

    elsewhere: ClassVar[dict[str, tuple[str, str]]] = {  # verb -> its module, and the first sentence of its help
        "app": (
            "notebooks",
            "Open the same notebooks without their code, each as a page that is ready to use, on 127.0.0.1 only.",
        ),
        "compare": (
            "authoring",
            "The redline from A to B (policies or scenarios, names or files) and what can be proven about it.",
        ),
        "coverage": (
            "authoring",
            (
                "Which criteria the vignettes saw decide an outcome, in which state, and cases for what they did not"
                " reach."
            ),
        ),
        "mutate": (
            "authoring",
            "Put small slips into the policy, one at a time: which of them does some vignette notice?",
        ),
        "determine": ("case_table", "Determinations with reasons for a case table (CSV or Parquet)."),
        "explain": (
            "case_table",
            "One case in words: its criteria with truth, value, threshold, distance, source; what would change it.",
        ),
        "lab": ("notebooks", "Open the notebooks in JupyterLab, on 127.0.0.1 only."),
        "page": ("page", "One offline file in which every lever moves, over made-up cases that lie in it."),
        "population": (
            "population",
            "A synthetic case table with every column; prints its targets against what was generated.",
        ),
        "simulate": (
            "simulate",
            "Baseline against scenario on a population: report, tables, figures, summary.json, by a shipped notebook.",
        ),
        "sql": ("sql", "The policy as one SELECT over a table `cases`, for a warehouse; printed, nothing is run."),
        "validate": ("validation", "Check policies, scenarios and populations; without a name, all that ship."),
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.elsewhere)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return None
        module, _ = self.elsewhere[cmd_name]
        found: click.Command = getattr(import_module(f"simulations.cli.{module}"), cmd_name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        room = formatter.width - 6 - max(map(len, names))
        short = {name: click.Command(name, help=self.elsewhere[name][1]).get_short_help_str(room) for name in names}
        with formatter.section("Commands"):
            formatter.write_dl([*short.items()])

    def main(self, *args: Any, **options: Any) -> Any:
        with ending():
            begin()
            return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with ending():
            return super().invoke(ctx)


@click.version_option(package_name="nerve-block-workbook", prog_name="workbook")
@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Author a medical-necessity policy, tweak its thresholds, and see whom it would approve.

    Synthetic data, policy simulation only, not for individual determinations.
    """
