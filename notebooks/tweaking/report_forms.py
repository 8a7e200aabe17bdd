"""The hand that makes the report of the levers as they stand, and what it will do, said before and after."""

from collections.abc import Callable
from typing import Any

from notebooks.frame import button, live, shown_html
from notebooks.keeping import Report, command, make_report, reported, seen
from notebooks.page import esc
from notebooks.tweaking.save_forms import ScenarioSaveForm
from notebooks.tweaking.scenarios import own_folder
from notebooks.tweaks import Loaded, Tweaks

__all__ = ["ReportForm"]

_FIRST = "<i>Make the report</i> first saves the levers as a scenario under the name above, to make the report again."


class ReportForm:
    """The report of a scenario; levers that are not saved yet become one first, and that is said.

    `guarded` and `beside` are those of the panel's frame; `say` shows ready HTML, `complain` what is wrong.
    """

    def __init__(
        self, tweaks: Tweaks, saving: ScenarioSaveForm, guarded: Callable[..., Callable[..., None]],
        beside: Callable[[Callable[[], Any], Callable[[Any], object]], None],
        say: Callable[[str], object], complain: Callable[[str], object],
    ):  # fmt: skip
        self.tweaks, self.saving, self._beside, self._say, self._complain = tweaks, saving, beside, say, complain
        self._busy = False
        self.button = button("Make the report", guarded(lambda _: self.make()))
        self.told = shown_html()

    def _saved(self) -> Loaded | None:
        """The scenario that the levers stand at; None: they are not saved as they stand."""
        loaded = self.tweaks.loaded
        return loaded if loaded and loaded.name and loaded.settings == self.tweaks.settings else None

    def offer(self) -> None:
        """What the button would do now."""
        first = self.tweaks.settings != self.tweaks.baseline and self._saved() is None
        html = live(f"<small>{_FIRST}</small>") if first else ""
        if self.told.value != html:
            self.told.value = html

    def make(self) -> None:
        """The report of the levers as they stand, saved first when they are not; it takes a while, levers stay free."""
        if self._busy:  # not disabled meanwhile: the focus would go on to the next button
            return
        first = self._saved() is None
        if first and not self.saving.keep():
            return
        loaded = self._saved()
        assert loaded
        self.offer()
        saved = f"<p>Saved first, as {esc(seen(own_folder() / f'{loaded.name}.yaml'))}.</p>" if first else ""
        report = command(loaded.name, self.tweaks.policy, self.tweaks.load)
        self._busy = True
        self._say(f"{saved}<p>Making the report of “{esc(loaded.label)}”: half a minute …</p>")
        self._beside(lambda: make_report(report), lambda wrong: self._made(report, saved, wrong))

    def _made(self, report: Report, saved: str, wrong: str) -> None:
        self._busy = False
        if wrong:
            self._complain(f"No report: {wrong}")
        else:
            self._say(saved + reported(report))
