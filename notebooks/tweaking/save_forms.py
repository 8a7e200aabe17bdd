"""The widgets that keep the levers as a scenario: a name, and a question where that name was used before."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets

from notebooks.controls import GROW, WIDE, WRAPS
from notebooks.frame import button, live, shown_html
from notebooks.page import bullets, esc
from notebooks.tweaking import scenarios
from notebooks.tweaking.scenario_forms import ScenarioForm
from notebooks.tweaking.scenarios import Preset
from notebooks.tweaks import Tweaks
from policy.problems import ProblemsFound

__all__ = ["ScenarioSaveForm"]


class ScenarioSaveForm:
    """Keeps the levers under a name; over a scenario of the workspace only after it was said what changes in it.

    The name of the scenario that was loaded is offered, of one of another version with the version in view. `saved` is
    called with the file, `complain` with what is wrong.
    """

    def __init__(
        self, tweaks: Tweaks, form: ScenarioForm, guarded: Callable[..., Callable[..., None]],
        saved: Callable[[Path], object], complain: Callable[[str], object],
    ):  # fmt: skip
        self.tweaks, self.form, self._saved, self._complain = tweaks, form, saved, complain
        self.name = widgets.Text(
            continuous_update=False,  # else the click that follows overtakes the last letters
            placeholder="to find it again", description="Name of the scenario", layout=GROW,
            style={"description_width": "initial"},
        )  # fmt: skip
        self.save_button = button("Save as scenario", guarded(lambda _: self.keep()))
        self.over_button = button("Save over it", guarded(lambda _: self._over()))
        leave = button("Leave it", guarded(lambda _: self.close()), "Leave it as it was saved")
        self._told, self._asked, self._offered = shown_html(), widgets.HBox([self.over_button, leave], layout=WRAPS), ""
        self._more = widgets.VBox(layout=WIDE)
        self.view = widgets.VBox([widgets.HBox([self.name, self.save_button], layout=WRAPS), self._more], layout=WIDE)

    def offer(self) -> None:
        """After a move: the name of the scenario of the workspace that is loaded, where nobody typed another."""
        loaded = self.tweaks.loaded
        now = loaded.label if loaded and any(one.own and one.name == loaded.name for one in self.form.entries) else ""
        if loaded and loaded.of:  # beside the one that it was taken over from
            now = f"{loaded.label} ({self.tweaks.policy.version})"
        if self.name.value in ("", self._offered):
            self.name.value = self._offered = now
        self.close()

    def close(self) -> None:
        """The question is not asked any more."""
        if self._more.children:
            self._more.children = ()

    def keep(self) -> bool:
        """Keep the levers under the name; whether they are kept, and not asked about first."""
        if not self.name.value.strip():
            self._complain("Not saved: type a name for the scenario first")
            return False
        try:
            entry = self.form.saved_before(self.name.value)
            if entry and (says := scenarios.differences(entry, self.tweaks.settings, self.tweaks.policy)):
                self._ask(entry, says)
                return False
            path = self.form.is_saved(entry) if entry else self.form.save(self.name.value)
        except ProblemsFound as found:
            self._complain(f"Not saved: {found}")
            return False
        self._done(path)
        return True

    def _ask(self, entry: Preset, says: list[str]) -> None:
        told = f"“{esc(entry.label)}” was saved before. Saved over, it changes:{bullets(map(esc, says))}"
        self._told.value = live(f'<div role="status">{told}</div>')
        self._more.children = (self._told, self._asked)

    def _over(self) -> None:
        try:
            path = self.form.save(self.name.value, over=True)
        except ProblemsFound as found:
            self._complain(f"Not saved: {found}")
            return
        self._done(path)

    def _done(self, path: Path) -> None:
        self._offered = self.name.value
        self.close()
        self._saved(path)
