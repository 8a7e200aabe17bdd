"""The widgets of the evidence: sources to choose, what stands on them, and what is left when they support no longer."""

from typing import Any

import ipywidgets as widgets

from notebooks.comparison.choice import Side, side
from notebooks.controls import FIT, ROW, WIDE
from notebooks.desk import Shelf, documents, draft_from, hand_over, opened
from notebooks.evidence.sources import FALLEN, due, first_step, in_all, left, next_step, stands_on
from notebooks.frame import Frame, button, drop_down, link, live, problems_told, shown_html, tick_box
from notebooks.page import esc, evidence_mark, plain
from policy import Draft
from policy.authoring.evidence import STATUSES, Withdrawal, support, withdraw
from policy.model import Policy, Settings
from policy.problems import ProblemsFound, refuse
from simulations import Caseload
from simulations.studies.withdrawal import Step, steps_of

__all__ = ["EvidencePanel"]

_NONE = "Tick one or more sources of the list."


class EvidencePanel(Frame):
    """The sources of a document: what stands on each, and which rules and cases change when some support no longer.

    `choose(card, ...)` ticks sources by their keys; `readback()` waits for all, and says it in words.
    """

    def __init__(self, policy: Policy, cases: Caseload):
        super().__init__()
        self.policy, self.cases = policy, cases
        self.documents = documents(policy)
        self.ticks: dict[str, Any] = {}
        self._side: Side | None = None
        self._build()
        self._guarded(self._open)()
        self._shelf = Shelf(policy)
        self._keep_up(self._meanwhile)

    def _meanwhile(self) -> None:
        """What other notebooks saved, began or discarded can be chosen, and what they edited can be looked at again."""
        if not self._shelf.moved():
            return
        chosen, self.documents = self.document.value, documents(self.policy)
        there = chosen in {one.key for one in self.documents}
        with self.by_itself():
            self.document.options = [(one.label, one.key) for one in self.documents]
            self.document.value = chosen if there else ""
        if not there:
            self._open()
            self._say("<p>What was looked at here was saved as a version in another notebook, or discarded.</p>")
        elif chosen.endswith(".json"):
            self._open()

    def _build(self) -> None:
        options = [(document.label, document.key) for document in self.documents]
        self.document = drop_down("Sources of", options)
        self.document.observe(self._guarded(lambda _: self._open()), names="value")
        listed = widgets.Layout(
            width="36%", min_width="300px", flex="0 0 auto", max_height="640px", overflow="hidden auto"
        )
        self.list = widgets.VBox(layout=listed)
        self.status = drop_down("If it were", list(FALLEN), FIT)
        self.status.observe(self._guarded(lambda _: self._show()), names="value")
        self.clear_button = button("Untick all", self._guarded(lambda _: self.choose()))
        self.draft_button = button("Downgrade in a draft", self._guarded(lambda _: self._downgrade()))
        own: dict[str, Any] = {"style": {"description_width": "initial"}, "layout": FIT, "continuous_update": False}
        self.why = widgets.Text(description="Because", placeholder="why that status: what replaced it", **own)
        self.draft_row = widgets.HBox([self.why, self.draft_button], layout=ROW)
        self.stands, self.left, self.first, self.next = (shown_html() for _ in "1234")
        self.day = widgets.Text(placeholder="such as 2026-11-30", description="On the day", **own)
        self.years = widgets.IntText(5, description="older than, in years", **own)
        self.due_button = button("Show what is due", self._guarded(lambda _: self._due()))
        self.due = shown_html()
        trying = [self.status, self.clear_button]
        beside = widgets.Layout(flex="1 1 0", width="auto", min_width="300px", padding="0 0 0 18px", overflow="hidden")
        right = [
            widgets.HBox(trying, layout=ROW),
            self.left,
            self.first,
            self.next,
            self.draft_row,
            self.message,
        ]
        columns = widgets.HBox([self.list, widgets.VBox(right, layout=beside)], layout=WIDE)
        asked = [self.day, self.years, self.due_button]
        title = widgets.HTML(live("<h3>What is due for review</h3>"), layout=WIDE)
        self._stand(
            self.document, columns,
            self.stands, title, widgets.HBox(asked, layout=ROW), self.due,
        )  # fmt: skip

    # What hands do ----------------------------------------------------------------------------------------------------

    def choose(self, *cards: str, status: str = "withdrawn") -> None:
        """Tick these sources and no other, and ask what is so if they were withdrawn, retracted, ...; as hands do."""
        for card in cards:
            if card not in self.ticks:
                raise refuse("evidence", card, f"is no source of {self.policy.name}")
        self._quiet = True
        try:
            self.status.value = status
            for key, tick in self.ticks.items():
                tick.value = key in cards
        finally:
            self._quiet = False
        self._show()

    def example(self) -> tuple[str, ...]:
        """The source on which most stands alone, else the first; none where the policy names none."""
        alone = [one.standing[0] for one in support(self.policy) if len(one.standing) == 1]
        found = sorted(self.policy.evidence, key=alone.count, reverse=True)
        return tuple(found[:1])

    def readback(self) -> str:
        """What the panel shows, in words."""
        self._settle()
        names = ", ".join(self.policy_now.evidence[key].title for key in self._ticked()) if self._side else ""
        head = f"If {self.status.value}: {names}" if names else _NONE
        return "\n".join(filter(None, [head, *(plain(part.value) for part in (self.left, self.first, self.next))]))

    def _words(self) -> str:
        return "".join(part.value for part in (self.left, self.first, self.next, self.stands))

    # What eyes see ----------------------------------------------------------------------------------------------------

    @property
    def policy_now(self) -> Policy:
        """The document that is looked at."""
        return self._side.policy if self._side else self.policy

    def _settings(self) -> Settings:
        return self.policy_now.settings()

    def _ticked(self) -> list[str]:
        return [key for key, tick in self.ticks.items() if tick.value]

    def _open(self) -> None:
        document = next(one for one in self.documents if one.key == self.document.value)
        self._side = None
        self.due.value = ""
        try:
            self._side = side(self.policy, document)
        except ProblemsFound as found:
            self.ticks, self.list.children = {}, ()
            self._show()
            self._complain(f"This cannot be looked at yet: {found}")
            return
        before = self._ticked()
        self.ticks = {key: self._tick(key, key in before) for key in self.policy_now.evidence}
        named = {key for one in support(self.policy_now) for key in one.cards}
        rows = [
            widgets.VBox([tick, widgets.HTML(live(self._card(key, key in named)), layout=_UNDER)], layout=_LINE)
            for key, tick in self.ticks.items()
        ]
        self.list.children = tuple(rows)
        self._show()

    def _tick(self, key: str, on: bool) -> Any:
        card = self.policy_now.evidence[key]
        tick = tick_box(card.title, on)
        tick.observe(self._guarded(lambda _: self._show()), names="value")
        return tick

    def _card(self, key: str, named: bool) -> str:
        card = self.policy_now.evidence[key]
        idle = "" if named else "<br><small class='faint'>no lever, criterion or pathway names it</small>"
        return f"{evidence_mark(card, titled=True)}{idle}"

    def _show(self) -> None:
        """What stands on the ticked sources at once; the cases beside."""
        self._errands.clear()
        cards = self._ticked()
        self.message.value = self.alert.value = ""
        self.first.value = self.next.value = self.left.value = self.stands.value = ""
        self.draft_row.children = (self.why, self.draft_button)
        self.draft_button.disabled = not cards or self.status.value not in STATUSES
        if not cards:
            self.left.value = live(f"<p>{_NONE}</p>") if self.ticks else live("<p>This document names no source.</p>")
            self._let_stand()
            return
        settings = self._settings()
        self.stands.value = live(f"<h3>What stands on what is ticked</h3>{stands_on(settings, cards)}")
        if not FALLEN[self.status.value]:
            word = esc(self.status.value)
            self.left.value = live(f"<p><b>No rule is left without support</b>: a source that is {word} supports.</p>")
            self._let_stand()
            return
        found = withdraw(self.policy_now, *cards)
        self.left.value = live(left(settings, found))
        if not found.left:
            self._let_stand()
            return
        self.first.value = live("<p role='status'>Counting the cases …</p>")
        self._errand("cases", problems_told(lambda far: self._steps(found)), lambda steps: self._counted(found, steps))

    def _steps(self, found: Withdrawal) -> tuple[Step, ...]:
        """The steps, each case determined."""
        steps = steps_of(self._settings(), found, self.cases)
        for step in steps:
            assert step.study
            step.study.impact  # noqa: B018, here beside the hands
        return steps

    def _counted(self, found: Withdrawal, steps: tuple[Step, ...] | str) -> None:
        if isinstance(steps, str):
            self.first.value = live(steps)
            return
        settings = self._settings()
        self.first.value = live(in_all(steps) + first_step(settings, found, steps[0]))
        self.next.value = live(next_step(settings, found, steps[1])) if len(steps) > 1 else ""
        self._let_stand()

    def _due(self) -> None:
        try:
            self.due.value = live(due(self.policy_now, self.day.value.strip(), int(self.years.value)))
        except ProblemsFound as found:
            self.due.value = live(f'<div class="alert" role="alert">{esc(found)}</div>')

    def _downgrade(self) -> None:
        """The status of the ticked sources in a draft, which is begun where a version is looked at.

        The reason takes the place of the one of the status before.
        """
        assert self._side
        why = " ".join(self.why.value.split())
        if not why:
            raise refuse("because", "because", "is empty; say why, as the card tells the reason of its status")
        key = self._side.key
        draft = opened(self.policy, key)
        if not isinstance(draft, Draft):
            draft = Draft.of(key or self.policy.name)
        cards = self._ticked()
        done = [draft.set_evidence(card, status=self.status.value, status_note=why) for card in cards]
        wrong = [problem for edited in done for problem in (*([] if edited.done else edited.problems), *edited.notices)]
        if wrong:
            self._complain("; ".join(map(str, wrong)))
            return
        assert draft.place
        hand_over("5_author_a_draft", draft=draft.place.name, place=f"evidence.{cards[0]}")
        names = ", ".join(esc(self.policy_now.evidence[card].title) for card in cards)
        self._say(f"<p>In the {esc(draft_from(draft.source))}: {names}: now {esc(self.status.value)}.</p>")
        self.draft_row.children = (self.why, self.draft_button, link("5_author_a_draft", "Open the draft there"))


_LINE = widgets.Layout(width="100%", flex="0 0 auto", overflow="hidden", padding="4px 0")
_UNDER = widgets.Layout(width="auto", margin="0 0 0 22px")
