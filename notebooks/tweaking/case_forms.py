"""The widgets that choose the cases: a population with size and seed, or a file of one's own."""

from collections.abc import Callable
from functools import partial

import ipywidgets as widgets

from notebooks.controls import FIT, STRETCH, WIDE, WRAPS
from notebooks.frame import button, drop_down, live, shown_html
from notebooks.keeping import seen
from notebooks.page import bullets, esc
from notebooks.tweaking import case_choice
from notebooks.tweaking.case_choice import Source
from notebooks.tweaks import Laid, Tweaks
from policy.problems import ProblemsFound
from simulations import Caseload

__all__ = ["CaseSourceForm"]

_SEED = widgets.Layout(width="150px", flex="0 0 auto")
_PATH = widgets.Layout(flex="1 1 260px", width="auto", min_width="200px")
_LINE = widgets.Layout(flex="0 1 auto", width="auto", min_width="0")
_FILE = "Choose a file …"
_HOW = (
    "A case table (.csv or .parquet) has one row for each request and one column for each fact, as the command "
    "workbook population writes it. Cases that may be people are told in rounded shares only; none of them is shown."
)


class CaseSourceForm:
    """A line that says which cases these are, and the form to choose others, which opens below it.

    Others are drawn or read beside the hands, those of before stay until they are there, and then `changed` is called.
    `guarded` and `errand` are those of the frame of the panel.
    """

    def __init__(
        self, tweaks: Tweaks, guarded: Callable[..., Callable[..., None]], errand: Callable[..., None],
        changed: Callable[[], object],
    ):  # fmt: skip
        self.tweaks, self.policy, self._guarded = tweaks, tweaks.policy, guarded
        self._errand, self._changed = errand, changed
        self.sources: list[Source] = []
        self.line, self.progress = widgets.HTML(layout=_LINE), shown_html()
        self.open_button = button("Change the cases", guarded(lambda _: self.turn()))
        self._box = widgets.VBox(layout=WIDE)
        first = widgets.HBox([self.line, self.open_button], layout=WRAPS)
        self.view = widgets.VBox([first, self._box, self.progress], layout=WIDE)

    def tell(self) -> None:
        """Say which cases these are."""
        html = live(f"Cases: <b>{esc(repr(self.tweaks.load))}</b>")
        if self.line.value != html:
            self.line.value = html

    def turn(self) -> None:
        """Open the form, or close it."""
        if self._box.children:
            self._box.children = ()
        else:
            self._build()
            self._box.children = (self.form,)
        self.open_button.description = "Leave the cases" if self._box.children else "Change the cases"

    def _build(self) -> None:
        """What there is to choose from now."""
        present = self.tweaks.load
        self.sources = case_choice.sources_for(self.policy, present)
        names = [one.name for one in self.sources]
        own = str(present.path) if present.path else present.name
        sizes = sorted({*case_choice.SIZES, *([present.size] if present.drawn else [])})
        wide = {"description_width": "initial"}
        self.population = drop_down("Population", [(one.label, one.name) for one in self.sources], STRETCH)
        self.population.value = own if own in names else next(iter(names), None)
        self.population.observe(self._guarded(lambda _: self._say_mix()), names="value")
        self.size = drop_down("Number of cases", [(case_choice.size_in_words(size), size) for size in sizes], FIT)
        self.size.value = present.size if present.drawn else sizes[0]
        self.seed = widgets.IntText(present.seed or 1, description="Seed", layout=_SEED, style=wide)
        self.draw_button = button(
            "Draw them", self._guarded(lambda _: self.draw(self.population.value, self.size.value, self.seed.value))
        )
        self.mix = shown_html()
        self._say_mix()
        files = [(_FILE, ""), *((seen(path), seen(path)) for path in case_choice.case_tables())]
        self.file = drop_down("Case file", files, _PATH)
        self.path = widgets.Text(description="or its path", placeholder="folder/cases.csv", layout=_PATH, style=wide)
        self.path.continuous_update = False
        self.read_button = button(
            "Read it", self._guarded(lambda _: self.read(self.path.value.strip() or self.file.value)), "Read the file"
        )
        drawn = [self.size, self.seed, self.draw_button]
        typed = [self.file, self.path, self.read_button]
        how = shown_html(f"<p class='faint'><small>{esc(_HOW)}</small></p>")
        rows = [self.population, self.mix, widgets.HBox(drawn, layout=WRAPS), widgets.HBox(typed, layout=WRAPS), how]
        self.form = widgets.VBox(rows, layout=WIDE).add_class("nbw-fold")

    def _say_mix(self) -> None:
        source = next((one for one in self.sources if one.name == self.population.value), None)
        if source:
            mix = f"<b>Requests:</b> {esc(source.mix)}. " if source.mix else ""
            self.mix.value = live(f"<p><small>{mix}<span class='faint'>{esc(source.notice)}</span></small></p>")

    # Other cases ------------------------------------------------------------------------------------------------------

    def draw(self, population: str, size: int, seed: int) -> None:
        """Cases of a population by its name; empty: that of the policy."""
        make = partial(case_choice.drawn_from, population, self.policy, size, seed)
        self._change(make, f"Drawing {size:,} cases", size)

    def read(self, path: str) -> None:
        """The cases of a table."""
        self._change(partial(case_choice.read_from, path, self.policy), "Reading the file", 0)

    def _change(self, make: Callable[[], Caseload], doing: str, of: int) -> None:
        baseline, policy = self.tweaks.baseline, self.policy

        def work(far: Callable[..., None]) -> tuple[Caseload, Laid] | ProblemsFound:
            try:
                return (load := make()), Laid.out(baseline, policy, load, far)
            except ProblemsFound as found:
                return found

        def told(done: int = 0) -> None:
            bar = f"<progress max='{of}' value='{done}'></progress>" if done and of else "<progress></progress>"
            self.progress.value = live(f"<p role='status'>{bar} {doing} …: the levers stay as they are.</p>")

        told()
        self._errand("cases", work, self._done, told)

    def _done(self, found: tuple[Caseload, Laid] | ProblemsFound) -> None:
        if isinstance(found, ProblemsFound):
            problems = bullets(esc(str(one)) for one in found.problems)
            said = f"These cases cannot be used; those of before stay.{problems}"
            self.progress.value = live(f'<div class="alert" role="alert">{said}</div>')
            return
        self.progress.value = ""
        self.tweaks.change_cases(*found)
        self._changed()
