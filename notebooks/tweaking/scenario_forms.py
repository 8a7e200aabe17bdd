"""The widgets for scenarios: one list to start from, and what can be done with those of the workspace."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets as widgets

from notebooks.controls import GROW, WIDE, WRAPS
from notebooks.frame import button, drop_down, live
from notebooks.keeping import seen
from notebooks.page import bullets, esc
from notebooks.tweaking import scenarios
from notebooks.tweaking.scenarios import Preset
from notebooks.tweaks import Laid, Loaded, Tweaks, key_of

__all__ = ["ScenarioForm"]

_CHOICE = widgets.Layout(flex="1 1 260px", width="auto", min_width="220px")
_NONE = "Choose a scenario to start from …"


class ScenarioForm:
    """A list of scenarios with Load, Rename and Delete, and a line that names the one that is loaded.

    `do` moves levers as `Hands.do`, `say` tells what was done as ready HTML; `guarded` and `errand` are those of the
    frame of the panel.
    """

    def __init__(
        self, tweaks: Tweaks, guarded: Callable[..., Callable[..., None]], errand: Callable[..., None],
        do: Callable[[Callable[[], bool]], None], say: Callable[[str], object],
    ):  # fmt: skip
        self.tweaks, self.policy, self._errand, self._do, self._say = tweaks, tweaks.policy, errand, do, say
        self.entries: list[Preset] = []
        self._deleted: list[Preset] = []
        self.choice = drop_down("Scenario", [(_NONE, "")], _CHOICE)
        self.choice.observe(guarded(lambda _: self._chosen()), names="value")
        acts = {"Load": self._load_chosen, "Rename": self._ask_name, "Delete": self._delete_chosen}
        self.load_button, self.rename_button, self.delete_button = (
            button(text, guarded(lambda _, act=act: act()), f"{text} the scenario of the list")
            for text, act in acts.items()
        )
        self.new_name = widgets.Text(
            description="Its new name",
            continuous_update=False,
            layout=GROW,
            style={"description_width": "initial"},
        )
        take = button("Rename it", guarded(lambda _: self.rename(self.chosen.label, self.new_name.value)))
        leave = button("Leave it", guarded(lambda _: self._close()), "Leave the name as it is")
        self._naming = widgets.HBox([self.new_name, take, leave], layout=WRAPS)
        self.put_back_button = button(
            "Put it back", guarded(lambda _: self.put_back()), "Put the deleted scenario back"
        )
        self.line = widgets.HTML(layout=GROW)
        self._more = widgets.VBox(layout=WIDE)
        hands = [self.choice, self.load_button, self.rename_button, self.delete_button]
        self.view = widgets.VBox([widgets.HBox(hands, layout=WRAPS), self._more, self.line], layout=WIDE)
        self.look()

    @property
    def chosen(self) -> Preset:
        """The scenario of the list; ProblemsFound where none is chosen, or it is gone."""
        return scenarios.entry_called(self.entries, self.choice.value)

    def look(self) -> None:
        """What there is now; the choice stays as far as it is there."""
        self.stamps = scenarios.stamps()
        self.entries = scenarios.entries_for(self.policy)
        before = self.choice.value
        listed = [(_listed(one), one.name) for one in self.entries]
        if list(self.choice.options) != (options := [(_NONE, ""), *listed]):
            self.choice.options = options
            self.choice.value = before if before in [name for _, name in options] else ""
        self._chosen()

    def look_again(self) -> None:
        """What other notebooks did."""
        if self.stamps != scenarios.stamps():
            self.look()

    def _chosen(self) -> None:
        own = {one.name for one in self.entries if one.own}
        self.load_button.disabled = not self.choice.value
        self.rename_button.disabled = self.delete_button.disabled = self.choice.value not in own
        self._close()

    def _close(self) -> None:
        if self._more.children:
            self._more.children = ()

    # What hands do ----------------------------------------------------------------------------------------------------

    def _load_chosen(self) -> None:
        self.load(self.choice.value)

    def load(self, wanted: str) -> None:
        """All levers as a scenario has them; where it changes criteria too, the cases are laid out for these first."""
        self.look_again()
        entry = scenarios.entry_called(self.entries, wanted)
        loaded = scenarios.loaded_of(entry, self.policy)
        edited, load = loaded.settings.policy, self.tweaks.load
        if self.tweaks.knows(edited):
            self._loaded(entry, loaded)
            return
        self._say(f"Counting the cases under “{esc(loaded.label)}” …")

        def ready(laid: Laid) -> None:
            if load is self.tweaks.load:
                self.tweaks.learn(edited, laid)
            self._loaded(entry, loaded)

        self._errand("scenario", lambda far: Laid.out(self.tweaks.baseline, edited, load, far), ready)

    def _loaded(self, entry: Preset, loaded: Loaded) -> None:
        self._do(lambda: self.tweaks.load_scenario(loaded))
        self.choice.value = entry.name
        said = f"The levers stand as in “{esc(loaded.label)}”. <i>Undo</i> takes them back."
        self._say(self._taken_over(entry) if entry.of else said)

    def _taken_over(self, entry: Preset) -> str:
        """What became of a scenario of another version, as ready HTML."""
        loaded, left = scenarios.taken_over(entry, self.policy)
        here, name = f"version {esc(self.policy.version)}", f"“{esc(entry.label)}” of version {esc(entry.of)}"
        some = bool(loaded.settings.provisions() or loaded.criteria)
        said = f"Taken over into {here}: {name}. " if some else f"Nothing is left to take over of {name}. "
        more = f"What does not apply in {here}:{bullets(map(esc, left))}" if left else ""
        done = f"<i>Save as scenario</i> makes it one of {here}; the other stays as it is. " if some else ""
        return f"{said}{done}{'<i>Undo</i> takes the levers back. ' if some else ''}{more}"

    def saved_before(self, name: str) -> Preset | None:
        """The scenario of the workspace that is called so; ProblemsFound where nothing can be called so."""
        self.look_again()
        key, label = key_of(name)
        return next((one for one in self.entries if one.own and (one.name == key or one.label == label)), None)

    def save(self, name: str, over: bool = False) -> Path:
        """Keep the levers as they stand as a scenario of the workspace; ProblemsFound where the name is taken.

        `over`: in the place of the one that is called so; what was there is kept among the deleted ones.
        """
        before = self.saved_before(name) if over else None
        if before is None:
            path = self.tweaks.keep(name, scenarios.own_folder())
        else:
            scenarios.save_over(before, self.tweaks.scenario_text(before.name, before.label))
            path = before.path
        self.look()
        return self.is_saved(scenarios.entry_called(self.entries, path.stem))

    def is_saved(self, entry: Preset) -> Path:
        """The levers stand as in this scenario now; its file."""
        self.tweaks.is_saved(entry.name, entry.label)
        self.choice.value = entry.name
        self.tell()
        return entry.path

    def _ask_name(self) -> None:
        self.new_name.value = self.chosen.label
        self._more.children = (self._naming,)

    def rename(self, wanted: str, name: str) -> None:
        """Call a scenario of the workspace otherwise; ProblemsFound where it ships, or the name is taken."""
        entry = scenarios.entry_called(self.entries, wanted)
        path = scenarios.rename(entry, name)
        self.look()
        now = scenarios.entry_called(self.entries, path.stem)
        self.choice.value = now.name
        self._called(entry.name, now.name, now.label)
        self._close()
        self._say(f"“{esc(entry.label)}” is called “{esc(now.label)}” now, in {esc(seen(path))}.")

    def _delete_chosen(self) -> None:
        self.delete(self.chosen.label)

    def delete(self, wanted: str) -> None:
        """Take a scenario of the workspace away, so that `put_back` undoes it; ProblemsFound where it ships."""
        entry = scenarios.entry_called(self.entries, wanted)
        kept = scenarios.delete(entry)
        self._deleted.append(entry)
        self.look()
        self._called(entry.name, "", entry.label)
        self._more.children = (self.put_back_button,)
        self._say(
            f"“{esc(entry.label)}” is deleted. A copy is kept in {esc(seen(kept))}; <i>Put it back</i> undoes it."
        )

    def put_back(self) -> None:
        """The scenario that was deleted last, as it was."""
        if not self._deleted:
            return
        scenarios.put_back(self._deleted[-1])
        entry = self._deleted.pop()
        self.look()
        self.choice.value = entry.name
        self._called("", entry.name, entry.label)
        self._say(f"“{esc(entry.label)}” is back.")

    def _called(self, before: str, name: str, label: str) -> None:
        self.tweaks.is_renamed(before, name, label)
        self.tell()

    def tell(self) -> None:
        """Name the scenario that the levers stand at, or were begun from."""
        loaded, now = self.tweaks.loaded, self.tweaks.settings
        if now == self.tweaks.baseline:
            said = ""
        elif loaded is None:
            said = "Levers moved by hand, not saved as a scenario yet."
        elif loaded.of:
            since = "" if loaded.settings == now else ", with levers moved since"
            said = f"Taken over from “{esc(loaded.label)}” of version {esc(loaded.of)}{since}. "
            said += "Not saved in this version yet."
        elif not loaded.name:
            said = f"Begun from “{esc(loaded.label)}”, which is deleted."
        elif loaded.settings == now:
            said = f"Loaded: <b>{esc(loaded.label)}</b>"
        else:
            said = f"Loaded: <b>{esc(loaded.label)}</b>, with levers moved since"
        html = live(f"<p>{said}</p>") if said else ""
        if self.line.value != html:
            self.line.value = html


def _listed(one: Preset) -> str:
    """What the list calls a scenario."""
    marks = ["saved here"] * one.own + [f"of version {one.of}"] * bool(one.of)
    return f"{one.label} ({', '.join(marks)})" if marks else one.label
