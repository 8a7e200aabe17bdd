"""The widgets: thin over `tweaks` (what is so) and `answer` (how it looks); here is only what a hand can move."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from notebooks import answer as view
from notebooks.controls import GROW, ROW, SMALL, WIDE, WRAPS
from notebooks.desk import hand_over, way
from notebooks.drafting.taking import into_a_draft
from notebooks.frame import Frame, button, link, linked, live
from notebooks.hands import Hands
from notebooks.keeping import command, seen
from notebooks.page import bullets, esc, paste
from notebooks.takeaway.takeaway_forms import TakeAway
from notebooks.tweaking.case_choice import source_called, sources_for
from notebooks.tweaking.case_forms import CaseSourceForm
from notebooks.tweaking.closer_forms import Closer
from notebooks.tweaking.lever_forms import LeverList
from notebooks.tweaking.moved_forms import review
from notebooks.tweaking.report_forms import ReportForm
from notebooks.tweaking.save_forms import ScenarioSaveForm
from notebooks.tweaking.scenario_forms import ScenarioForm
from notebooks.tweaking.unsaved import FILE, PanelState, Unsaved, origin_of
from notebooks.tweaks import Answer, Loaded, Tweaks
from policy.model import Policy, Value
from policy.problems import ProblemsFound
from simulations import Caseload
from simulations.reports.notices import all_notices
from simulations.scenario.loading import find_scenario, proposed

__all__ = ["LeverPanel"]

_HERE = "2_tweak_thresholds"
_PAUSE = 0.35  # seconds of rest before looking for levers that reach no case
_TICK = 0.004  # seconds left to the user between two levers of that look


_LEVERS = widgets.Layout(width="41%", min_width="320px", flex="0 0 auto", overflow="hidden")
_ANSWER = widgets.Layout(flex="1 1 0", width="auto", min_width="300px", padding="0 0 0 18px", overflow="hidden")
_BELOW = widgets.Layout(display="block", width="100%", flex="1 1 auto", min_height="0", overflow="hidden auto")


class LeverPanel(Frame):
    """Every lever of a policy beside what it does to the cases, at once.

    `scenario`: a named scenario or file to start from. What hands do is a method, too: `set` and `find` a lever;
    `load`, `save`, `rename`, `delete` and `put_back` a scenario by its label; `draw` or `read` other cases; `ask` a
    question; `review` a case. `readback()` says in words what the panel shows. In Lab, levers moved and not saved stand
    where they stood when the notebook was left.
    """

    def __init__(self, policy: Policy, cases: Caseload, scenario: str | Path | None = None):
        super().__init__()
        start = _start(policy, scenario)
        self.policy, self._first = policy, cases
        self.unsaved = Unsaved(policy, start)
        left, said = self._left()
        settings, loaded, source = left or start
        self.tweaks = Tweaks(policy.settings(), cases, settings, loaded if settings != policy.settings() else None)
        self._rows: dict[str, Any] = {}
        self.hands = Hands(self.tweaks, self._refresh, self._guarded, self.by_itself)
        self.controls = {name: self.hands.control(name) for name in policy.levers}
        self._build()
        self._refresh()
        self.message.value = said
        self._came_back = said if isinstance(source, tuple) else ""
        if isinstance(source, tuple):
            self.case_form.draw(*source)
        self._keep_up(self._meanwhile)

    @property
    def cases(self) -> Caseload:
        """The cases that the levers move over."""
        return self.tweaks.load

    def _meanwhile(self) -> None:
        """What other notebooks did to the scenarios of the workspace."""
        self.scenarios.look_again()

    # Building ---------------------------------------------------------------------------------------------------------

    def _left(self) -> tuple[PanelState | None, str]:
        """What was left unsaved, and what is said about it."""
        try:
            left = self.unsaved.found()
        except ProblemsFound as found:
            said = f"The levers that you had moved cannot be restored: {esc(found)}"
            return None, live(f'<div class="alert" role="alert">{said}</div>')
        if left is None:
            return None, ""
        said = "The levers stand as you left them, not saved yet. <i>Reset all</i> takes them back to the baseline."
        if left.settings == self.policy.settings():
            said = ""
        if left.cases == FILE:
            said += " The case file that you had chosen is not read by itself: choose it again."
        return left, live(f'<p class="note" role="status">{said}</p>') if said else ""

    def _build(self) -> None:
        guarded = self._guarded
        self.levers = LeverList(self.tweaks, self.controls, guarded, _LEVERS)
        self.groups, self.accordion = self.levers.groups, self.levers.accordion
        self.scenarios = ScenarioForm(self.tweaks, guarded, self._errand, self.hands.do, self._say)
        self.case_form = CaseSourceForm(self.tweaks, guarded, self._errand, self._cases_changed)
        self.closer = Closer(self.tweaks, guarded, self._errand)
        self.headline, self.table, self.notices = (widgets.HTML(layout=WIDE) for _ in "123")
        self.changes, self.drafted = (widgets.VBox(layout=WIDE) for _ in "12")
        beside = widgets.VBox(self._rows_below(), layout=_BELOW)
        right = widgets.VBox([self.headline, beside], layout=_ANSWER).add_class("nbw-answer")
        columns = widgets.HBox([self.levers.view, right], layout=WIDE).add_class("nbw-columns")
        desk = [linked(way(_HERE, self.policy)), self.scenarios.view, self.case_form.view]
        self.takeaway = TakeAway(guarded, self._beside, self.tweaks.study, self.tweaks)
        self._stand(*desk, columns, self.takeaway.box, self.table, self.notices)

    def _rows_below(self) -> list[Any]:
        """What stands below the answer and scrolls: steps, changes, questions, and what is kept."""

        def hand(text: str, act: Callable[[], object], tooltip: str = "") -> Any:
            return button(text, self._guarded(lambda _: act()), tooltip)

        def row(*hands: Any) -> Any:
            return widgets.HBox(hands, layout=WRAPS)

        steps = {"Undo": "undo", "Redo": "redo", "Reset all": "reset"}
        self.undo_button, self.redo_button, self.reset_button = (
            hand(text, partial(self.hands.do, getattr(self.tweaks, name))) for text, name in steps.items()
        )
        self.saving = ScenarioSaveForm(self.tweaks, self.scenarios, self._guarded, self._saved, self._complain)
        self.name, self.save_button = self.saving.name, self.saving.save_button
        self.reporting = ReportForm(self.tweaks, self.saving, self._guarded, self._beside, self._say, self._complain)
        self.report_button = self.reporting.button
        self.draft_button = hand("Take into a draft", self._into_a_draft, "Take the moved levers into a draft")
        return [
            row(self.undo_button, self.redo_button, self.reset_button), self.message, self.drafted,
            self.closer.asking, self.closer.view, self.changes,
            self.saving.view, row(self.report_button, self.draft_button), self.reporting.told,
        ]  # fmt: skip

    def _comes_back(self) -> str:
        return "; the levers come back as they stand here" if self.unsaved.path and not self._answer.stands else ""

    def _now(self) -> PanelState:
        """What would be lost with the kernel; of cases that are being drawn or read, those."""
        drawing = "cases" in self._errands
        source = self.unsaved.last.cases if drawing else origin_of(self.cases, self._first)
        return PanelState(self.tweaks.settings, self.tweaks.loaded, source)

    def _words(self) -> str:
        told = [*self._answer.changes.values(), *self._answer.edits]
        moved = bullets(map(esc, told)) if told else ""
        return moved + view.headline(self._answer, repr(self.cases), picture=False) + self.table.value

    def _let_stand(self) -> None:
        """Once the user rests: what would be lost with the kernel is kept."""
        try:
            self.unsaved.keep(self._now())
        except ProblemsFound as found:
            self._complain(f"These levers will not come back when the notebook is left: {found}")
        super()._let_stand()

    # What hands do ----------------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        for part in (self.headline, self.table):
            part.value = view.stale(part.value)
        self.closer.give_up()
        self.case_form.progress.value = ""

    def _saved(self, path: Path) -> None:
        """Say where the scenario is, and how to use it."""
        line = command(path.stem, self.policy, self.cases).line
        said = f"Saved as {esc(seen(path))}. The report of it: press <i>Make the report</i>, or in a terminal"
        self.message.value = live(f'<p role="status">{said}</p>{paste(line)}')
        self.reporting.offer()

    def _into_a_draft(self) -> None:
        """The moved levers as edits of a draft of this policy, and the way to it."""
        taken = into_a_draft(self.tweaks.settings, self.tweaks.baseline)
        left = ["What the scenario changes besides levers is not taken: edit that in the draft."]
        self._say(bullets(map(esc, [*taken.says, *(left if self._answer.edits else [])])))
        hand_over("5_author_a_draft", draft=taken.key, place=taken.place)
        self.drafted.children = [link("5_author_a_draft", "Go on with the draft")]

    def _cases_changed(self) -> None:
        """Everything over other cases; the levers stay."""
        self.closer.forget()
        self.hands.show_notes()
        self._refresh()
        self._say(f"The levers now move over {esc(repr(self.cases))}.")
        self.message.value, self._came_back = self._came_back + self.message.value, ""

    # The same by code -------------------------------------------------------------------------------------------------

    def load(self, scenario: str) -> None:
        """All levers as a scenario has them, by its label; ProblemsFound where there is none, or it does not fit."""
        self.scenarios.load(scenario)
        self._settle()

    def save(self, name: str, over: bool = False) -> Path:
        """Keep the levers as they stand as a scenario called so; ProblemsFound where the name is taken, unless `over`.

        What it is saved over is kept among the deleted ones.
        """
        return self.scenarios.save(name, over)

    def rename(self, scenario: str, name: str) -> None:
        """Call a scenario of the workspace otherwise; ProblemsFound where the name is taken."""
        self.scenarios.rename(scenario, name)

    def delete(self, scenario: str) -> None:
        """Take a scenario of the workspace away; `put_back` undoes it."""
        self.scenarios.delete(scenario)

    def put_back(self) -> None:
        """The scenario that was deleted last, as it was."""
        self.scenarios.put_back()

    def draw(self, population: str = "", size: int = 10_000, seed: int = 1) -> None:
        """Other cases, of a population by its label or name (empty: that of the policy); the levers stay."""
        known = sources_for(self.policy, self.cases) if population else []
        self.case_form.draw(source_called(known, population).name if population else "", size, seed)
        self._settle()

    def read(self, path: str | Path) -> None:
        """The cases of a table (.csv or .parquet); the levers stay."""
        self.case_form.read(str(path))
        self._settle()

    def find(self, text: str) -> list[str]:
        """Show the levers that have these words in their label, sentence, value or source; all for no text."""
        return self.levers.find(text)

    def ask(self, question: str) -> None:
        """A question about the change, as its button: 'Who moves', 'Why refused', ..."""
        self.closer.buttons[question].click()
        self._settle()

    def review(self, case_id: str) -> None:
        """Hand a drawn case under these levers to the notebook that reviews one, as the button beside it."""
        review(case_id, self.tweaks.settings, self.cases)

    def set(self, lever: str, value: object) -> None:
        """Move the hand of a lever, as a person would; ProblemsFound when the value is not legal."""
        self.hands.put(lever, value)

    def example(self) -> tuple[str, Value]:
        """A lever and its next value the strict way, else its next one at all: the first that has numbers, else any.

        Where levers stand as somebody left them, the first of these as it stands: nothing is moved then.
        """
        left = [name for name, value in self.tweaks.settings.items() if value != self.tweaks.baseline[name]]
        if left:
            return left[0], self.tweaks.settings[left[0]]
        levers = sorted(self.policy.levers.items(), key=lambda pair: pair[1].domain is None)
        name, lever = next(iter(levers))
        order, now = lever.loosest_first() or lever.values(), self.tweaks.settings[name]
        place = list(order).index(now)
        return name, order[place + 1 if place + 1 < len(order) else place - 1]

    def undo(self) -> None:
        """As the button."""
        self.undo_button.click()

    def readback(self) -> str:
        """What the panel shows, in words."""
        return view.in_words(self._answer, repr(self.cases))

    # What eyes see ----------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """State, answer, view: in this order, each value set once."""
        self._answer: Answer = self.tweaks.answer()
        self.headline.value = live(view.headline(self._answer, repr(self.cases)))
        self.table.value = live(view.table_of_requests(self._answer))
        self.hands.show_all()
        self._show_changes(self._answer)
        self._show_notices()
        self.takeaway.refresh()
        back, forth = self.tweaks.steps
        self.undo_button.disabled, self.redo_button.disabled = not back, not forth
        for hand in (self.reset_button, self.save_button, self.report_button, self.draft_button):
            hand.disabled = self._answer.stands
        self.message.value = self.alert.value = ""
        self.drafted.children = ()
        self.case_form.tell()
        self.scenarios.tell()
        self.saving.offer()
        self.reporting.offer()
        self.closer.grow_old()
        self._once_rested(self._look_on, _PAUSE)

    def _show_changes(self, answer: Answer) -> None:
        for name, sentence in answer.changes.items():
            if name not in self._rows:
                hand = widgets.Button(description="Revert", layout=SMALL, tooltip=self.policy.levers[name].label)
                hand.on_click(self._guarded(lambda _, n=name: self.hands.do(lambda: self.tweaks.revert(n))))
                self._rows[name] = widgets.HBox([widgets.HTML(layout=GROW), hand], layout=ROW)
            self._rows[name].children[0].value = live(esc(sentence))
        for sentence in answer.edits:
            if sentence not in self._rows:
                self._rows[sentence] = widgets.HBox([widgets.HTML(live(esc(sentence)), layout=GROW)], layout=ROW)
        rows = tuple(self._rows[name] for name in (*answer.changes, *answer.edits))
        if self.changes.children != rows:
            self.changes.children = rows
        self.levers.tell(answer.changes)

    def _show_notices(self) -> None:
        first, *rest = all_notices(self.tweaks.asked, counted=False)
        folded = (
            f"<details><summary>{len(rest)} more notices for every reader</summary>{bullets(map(esc, rest))}</details>"
        )
        self.notices.value = live(f'<p class="faint"><small>{esc(first)}</small></p><small>{folded}</small>')

    # Levers that reach no case ----------------------------------------------------------------------------------------

    def look_for_idle(self) -> None:
        """Grey every lever that reaches no case from here, with the reason; all at once."""
        with self._lock:
            for name in self.tweaks.looking():
                if name:
                    self.hands.show(name)

    def _look_on(self, turn: int, looking: Iterator[str | None] | None = None) -> None:
        """The same in small steps, until the next turn."""
        looking = looking or self.tweaks.looking()

        def look() -> None:
            name = next(looking, "")
            if name:
                self.hands.show(name)
            if name != "":
                asyncio.get_running_loop().call_later(_TICK, self._look_on, turn, looking)

        if turn == self._turn:
            self._guarded(look)()


def _start(policy: Policy, scenario: str | Path | None) -> PanelState:
    """What a panel begins with, the scenario as it is; raises ProblemsFound."""
    if scenario is None:
        return PanelState(policy.settings())
    plan = find_scenario(scenario, policy)
    loaded = Loaded(Path(scenario).stem, plan.label, proposed(policy, scenario), plan.criteria)
    return PanelState(loaded.settings, loaded)
