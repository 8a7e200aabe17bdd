"""The widgets: thin over `tweaks` (what is so) and `answer` (how it looks); here is only what a hand can move."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from notebooks import answer as view
from notebooks.closer import QUESTIONS, STALE
from notebooks.controls import FIT, GROW, ROW, SMALL, WIDE
from notebooks.desk import hand_over, way
from notebooks.drafting.taking import into_a_draft
from notebooks.frame import Frame, button, link, linked, live
from notebooks.hands import Hands
from notebooks.keeping import Report, Unsaved, command, kept_in, make_report, reported, seen
from notebooks.levers import groups
from notebooks.page import bullets, esc
from notebooks.takeaway.takeaway_forms import TakeAway
from notebooks.tweaks import Answer, Tweaks
from policy.model import Policy, Settings, Value
from policy.problems import ProblemsFound
from simulations import Caseload, Study
from simulations.reports.notices import all_notices
from simulations.scenario.loading import proposed

__all__ = ["LeverPanel"]

_HERE = "2_tweak_thresholds"
_PAUSE = 0.35  # seconds of rest before looking for levers that reach no case
_TICK = 0.004  # seconds left to the user between two levers of that look


class LeverPanel(Frame):
    """Every lever of a policy beside what it does to the cases, at once.

    `scenario`: a named scenario or file to start from. Levers move by hand, or by `set`; `readback()` says in words
    what the panel shows. In Lab, levers moved and not saved stand where they stood when the notebook was left.
    """

    def __init__(self, policy: Policy, cases: Caseload, scenario: str | Path | None = None):
        super().__init__()
        start = proposed(policy, scenario)
        self.unsaved = Unsaved(start)
        left, said = self._left()
        self.tweaks = Tweaks(policy.settings(), cases, left or start)
        self.policy, self.cases = policy, cases
        self._saved: tuple[str, Settings] | None = None
        self._rows: dict[str, Any] = {}
        self.hands = Hands(self.tweaks, self._refresh, self._guarded, self.by_itself)
        self.controls = {name: self.hands.control(name) for name in policy.levers}
        self._build()
        self._refresh()
        self.message.value = said

    # Building ---------------------------------------------------------------------------------------------------------

    def _left(self) -> tuple[Settings | None, str]:
        """The settings that were left unsaved, and what is said about them."""
        try:
            left = self.unsaved.found()
        except ProblemsFound as found:
            said = f"The levers that you had moved cannot be restored: {esc(found)}"
            return None, live(f'<div class="alert" role="alert">{said}</div>')
        if left is None:
            return None, ""
        said = "The levers stand as you left them, not saved yet. <i>Reset all</i> takes them back to the baseline."
        return left, live(f'<p class="note" role="status">{said}</p>')

    def _build_questions(self) -> widgets.HBox:
        """A button for each question about the change."""
        self.question_buttons = {q: widgets.Button(description=q, layout=FIT) for q in QUESTIONS}
        for question, hand in self.question_buttons.items():
            hand.on_click(self._guarded(lambda _, q=question: self._look_closer(q)))
        return widgets.HBox([widgets.HTML(live("<b>Look closer:</b>")), *self.question_buttons.values()], layout=ROW)

    def _build(self) -> None:
        self.groups = groups(self.policy, self.tweaks.mentions)
        boxes = [widgets.VBox([self.controls[n].box for n in names], layout=WIDE) for names in self.groups.values()]
        left = widgets.Layout(
            width="41%", min_width="320px", flex="0 0 auto", max_height="640px", overflow="hidden auto"
        )
        self.accordion = widgets.Accordion(boxes, selected_index=0, layout=left)
        self.headline, self.table, self.notices = (widgets.HTML(layout=WIDE) for _ in "123")
        self.undo_button, self.redo_button, self.reset_button = (
            widgets.Button(description=text, layout=FIT) for text in ("Undo", "Redo", "Reset all")
        )
        for hand, act in (
            (self.undo_button, self.tweaks.undo),
            (self.redo_button, self.tweaks.redo),
            (self.reset_button, self.tweaks.reset),
        ):
            hand.on_click(self._guarded(lambda _, act=act: self.hands.do(act)))
        self.changes = widgets.VBox(layout=WIDE)
        self.name = widgets.Text(
            placeholder="to find it again", description="Name of the scenario", layout=WIDE,
            style={"description_width": "initial"},
        )  # fmt: skip
        self.save_button = widgets.Button(description="Save as scenario", layout=FIT)
        self.save_button.on_click(self._guarded(lambda _: self._keep()))
        self.report_button = widgets.Button(description="Make the report", layout=FIT)
        self.report_button.on_click(self._guarded(lambda _: self._report()))
        self.draft_button = button(
            "Take into a draft", self._guarded(lambda _: self._into_a_draft()), "Take the moved levers into a draft"
        )
        self.drafted = widgets.VBox(layout=WIDE)
        right = [
            self.headline,
            widgets.HBox([self.undo_button, self.redo_button, self.reset_button], layout=ROW),
            self.changes,
            self.name,
            widgets.HBox([self.save_button, self.report_button, self.draft_button], layout=ROW),
            self.message,
            self.drafted,
        ]
        beside = widgets.Layout(flex="1 1 0", width="auto", min_width="300px", padding="0 0 0 18px", overflow="hidden")
        columns = widgets.HBox([self.accordion, widgets.VBox(right, layout=beside)], layout=WIDE)
        asking = self._build_questions()
        self.closer = widgets.HTML(layout=WIDE)
        self.takeaway = TakeAway(self._guarded, self._beside, self.tweaks.study, self.tweaks)
        self._stand(linked(way(_HERE)), columns, asking, self.closer, self.takeaway.box, self.table, self.notices)

    def _comes_back(self) -> str:
        return "; the levers come back as they stand here" if self.unsaved.path and self._answer.changes else ""

    def _words(self) -> str:
        moved = bullets(map(esc, self._answer.changes.values())) if self._answer.changes else ""
        return moved + view.headline(self._answer, repr(self.cases), picture=False) + self.table.value

    def _let_stand(self) -> None:
        """Once the user rests: what would be lost with the kernel is kept."""
        try:
            self.unsaved.keep(self.tweaks.settings)
        except ProblemsFound as found:
            self._complain(f"These levers will not come back when the notebook is left: {found}")
        super()._let_stand()

    # What hands do ----------------------------------------------------------------------------------------------------

    def _failed(self, error: Exception) -> None:
        super()._failed(error)
        for part in (self.headline, self.table):
            part.value = view.stale(part.value)

    def _keep(self) -> bool:
        """Save the levers as they stand as a scenario of the workspace, and say how to use it."""
        try:
            path = self.tweaks.keep(self.name.value, kept_in() / "scenarios")
        except ProblemsFound as found:
            self._complain(f"Not saved: {found}")
            return False
        self._saved = (path.stem, self.tweaks.settings)
        line = command(path.stem, self.policy, self.cases).line
        said = f"Saved as {esc(seen(path))}. The report of it: press <i>Make the report</i>, or in a terminal"
        self.message.value = live(f'<p role="status">{said}</p><pre>{esc(line)}</pre>')
        return True

    def _report(self) -> None:
        """The report of the levers as they stand, saved first when they are not; it takes a while, levers stay free."""
        if (self._saved is None or self._saved[1] != self.tweaks.settings) and not self._keep():
            return
        assert self._saved
        report = command(self._saved[0], self.policy, self.cases)
        self.report_button.disabled = True
        self.message.value = live(f'<p role="status">Making the report of {esc(self._saved[0])}: half a minute …</p>')
        self._beside(lambda: make_report(report), lambda wrong: self._reported(report, wrong))

    def _reported(self, report: Report, wrong: str) -> None:
        self.report_button.disabled = not self._answer.changes
        if wrong:
            self._complain(f"No report: {wrong}")
            return
        self.message.value = live(f'<div role="status">{reported(report)}</div>')

    def _into_a_draft(self) -> None:
        """The moved levers as edits of a draft of this policy, and the way to it."""
        taken = into_a_draft(self.tweaks.settings, self.tweaks.baseline)
        self._say(bullets(map(esc, taken.says)))
        hand_over("5_author_a_draft", draft=taken.key, place=taken.place)
        self.drafted.children = [link("5_author_a_draft", "Go on with the draft")]

    def _look_closer(self, question: str) -> None:
        """One of the findings of the reports, about the levers as they stand."""
        self.closer.value = live(f'<p role="status">{esc(question)}: counting…</p>')
        try:
            found = QUESTIONS[question](self._study())
        except ProblemsFound as problems:
            found = f'<div class="alert" role="alert">{esc(problems)}</div>'
        self.closer.value = live(f'<div role="region" aria-label="{esc(question)}">{found}</div>')

    def _study(self) -> Study:
        return Study("now", self.tweaks.baseline, self.tweaks.settings, self.cases)

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
        self._show_changes(self._answer.changes)
        self._show_notices()
        self.takeaway.refresh()
        back, forth = self.tweaks.steps
        self.undo_button.disabled, self.redo_button.disabled = not back, not forth
        for hand in (self.reset_button, self.save_button, self.report_button, self.draft_button):
            hand.disabled = not self._answer.changes
        self.message.value = self.alert.value = ""
        self.drafted.children = ()
        if self.closer.value and STALE not in self.closer.value:
            self.closer.value = live(f'<p role="status">{esc(STALE)}</p>') + view.stale(self.closer.value)
        self._once_rested(self._look_on, _PAUSE)

    def _show_changes(self, changes: dict[str, str]) -> None:
        for name, sentence in changes.items():
            if name not in self._rows:
                hand = widgets.Button(description="Revert", layout=SMALL, tooltip=self.policy.levers[name].label)
                hand.on_click(self._guarded(lambda _, n=name: self.hands.do(lambda: self.tweaks.revert(n))))
                self._rows[name] = widgets.HBox([widgets.HTML(layout=GROW), hand], layout=ROW)
            self._rows[name].children[0].value = live(esc(sentence))
        rows = tuple(self._rows[name] for name in changes)
        if self.changes.children != rows:
            self.changes.children = rows
        for i, (title, names) in enumerate(self.groups.items()):
            moved = sum(name in changes for name in names)
            text = f"{title} ({moved} moved)" if moved else title
            if self.accordion.get_title(i) != text:
                self.accordion.set_title(i, text)

    def _show_notices(self) -> None:
        told = all_notices(self._study(), counted=False)
        first, *rest = told
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
