"""The panel for one case: which one, why it comes out so, levers beside it, the letter, and an example made of it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import ipywidgets as widgets

from notebooks.controls import FIT, ROW, WIDE
from notebooks.desk import Inbox, documents, handed, own, way, written
from notebooks.frame import Frame, button, linked, live, shown_html
from notebooks.hands import Hands
from notebooks.page import esc
from notebooks.review import case_page as view
from notebooks.review.example_forms import ExampleForm
from notebooks.review.fact_forms import FactForm
from notebooks.review.letter_forms import LetterForm
from notebooks.review.reviewing import CaseReview, handed_cases, handed_levers
from notebooks.tweaks import Tweaks
from policy import Policy
from policy.problems import ProblemsFound
from simulations import Caseload
from simulations.reports.table_cells import LABELS

__all__ = ["CasePanel"]

_HERE = "3_review_a_case"
_ALL = "any"
_LONGEST = 110  # characters of a choice in a list
_PICK = widgets.Layout(width="auto", flex="1 1 0", min_width="120px")
_ASIDE = widgets.Layout(width="37%", min_width="330px", flex="0 0 auto", padding="0 0 0 18px", overflow="hidden")
_LEVERS = widgets.Layout(display="block", width="100%", max_height="760px", overflow="hidden auto")


class CasePanel(Frame):
    """One of the cases at a time, or one that is typed, and everything that a policy says of it.

    `pick`, `find`, `type_in` and `set` do what hands do; `readback()` says in words what the panel shows. A case that
    is typed stays in memory, and so does a row of a table that may be of people: no notebook file keeps it.
    """

    def __init__(self, policy: Policy, cases: Caseload):
        super().__init__()
        self.review = CaseReview(policy, cases)
        self._form: FactForm | None = None
        self._began_with_people = False
        self._build()
        self._opened()
        self._inbox = Inbox(_HERE)
        self._begin(handed(_HERE))
        self._keep_up(self._meanwhile)

    # Building ---------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.document = self._list("Document", self._document_chosen)
        self.outcome, self.pathway, self.reason = (
            self._list(name, self._picked) for name in ("Cases by outcome", "Pathway", "Reason")
        )
        self.search = widgets.Text(
            description="Find", placeholder="a case id, or a part of one", continuous_update=False, layout=FIT,
            style={"description_width": "initial"},
        )  # fmt: skip
        self.search.observe(self._guarded(lambda _: self._searched()), names="value")
        self.previous = self._button("Previous", lambda: self._go(lambda: self.review.step(-1)))
        self.next = self._button("Next", lambda: self._go(lambda: self.review.step(1)))
        self.alike = self._button("Next of its kind", self._next_alike)
        self.change = self._button("Change this case", lambda: self._open_form(self._entries()))
        self.type = self._button("Type a case", lambda: self._open_form({}))
        self.undo, self.redo, self.reset = (
            self._button(text, partial(self._step_levers, act))
            for text, act in (("Undo", Tweaks.undo), ("Redo", Tweaks.redo), ("Reset levers", Tweaks.reset))
        )
        self.where, self.head, self.criteria, self.way_out, self.notices, self.line = (shown_html() for _ in "123456")
        self.typed_box, self.levers = widgets.VBox(layout=WIDE), widgets.VBox(layout=_LEVERS)
        self.letter = LetterForm(self._guarded)
        self.example = ExampleForm(self._guarded, lambda: self.review, self._complain, self._draft_written)
        self._stand(*self._rows())

    def _rows(self) -> list[Any]:
        """The parts of the panel, from the top."""

        def row(*parts: Any) -> Any:
            return widgets.HBox(parts, layout=ROW)

        again = self._button("Read it again", lambda: self._document_chosen())
        title = widgets.HTML(live("<b>Levers of its pathway</b>"), layout=FIT)
        levers = [title, row(self.undo, self.redo, self.reset), self.line, self.levers]
        beside = widgets.VBox(levers, layout=_ASIDE)
        case = widgets.VBox(
            [self.head, self.criteria], layout=widgets.Layout(flex="1 1 0", width="auto", min_width="0")
        )
        return [
            linked(way(_HERE, self.review.first)),
            row(self.document, again),
            row(self.outcome, self.pathway, self.reason),
            row(self.previous, self.next, self.alike, self.change, self.type, self.where, self.search),
            self.typed_box,
            self.message,
            widgets.HBox([case, beside], layout=WIDE),
            self.way_out,
            self.letter.view,
            self.example.view,
            self.notices,
        ]

    def _list(self, name: str, act: Callable[[], object]) -> Any:
        made = widgets.Dropdown(description=name, layout=_PICK, style={"description_width": "initial"})
        made.observe(self._guarded(lambda _: act()), names="value")
        return made

    def _button(self, text: str, act: Callable[[], object]) -> Any:
        return button(text, self._guarded(lambda *_: act()))

    def _meanwhile(self) -> None:
        """What other notebooks did: a case handed to this one, or edits of the draft that is open."""
        if left := self._inbox.new():
            self._begin(left)
        elif self.review.written != (now := written(self.review.key)):
            self.review.written = now
            self._say(
                "<p>Another notebook edited, saved or discarded this draft. <i>Read it again</i> takes it up.</p>"
            )

    def _begin(self, left: Mapping[str, str]) -> None:
        """Where another notebook sent us: a document, a case of it, and how the levers stand."""
        try:
            load = handed_cases(self.review.first, left)
            if load and (load.fingerprint, load.seed, load.size) != self.review.drawn_as:
                self.review = CaseReview(self.review.first, load)
                self._opened()
            document = own(self.review.first, left.get("document", self.review.key))
            if document != self.review.key or written(document):
                self.open(document)
            if left.get("case_id") and not self.find(left["case_id"]):
                self._complain("The case that was handed over is not among these cases.")
            for lever, value in handed_levers(left).items():
                self.set(lever, value)
        except ProblemsFound as found:
            self._complain(str(found))

    # What hands do ----------------------------------------------------------------------------------------------------

    def open(self, key: str) -> None:
        """Another version or draft, by its key on the desk ('' = as loaded); ProblemsFound where it cannot be used."""
        self.review.open(key)
        self._opened()

    def _document_chosen(self) -> None:
        try:
            self.open(self.document.value or "")
        except ProblemsFound as found:
            self._show_lists()
            self._complain(f"Not opened: {found}")

    def _opened(self) -> None:
        """What depends on the document alone."""
        self.hands = Hands(self.review.tweaks, self._refresh, self._guarded, self.by_itself)
        self._close_form()
        self._show_lists()
        self._refresh()

    def pick(self, outcome: str = "", pathway: str = "", reason: str = "") -> int:
        """The first case of this outcome, pathway and reason, as the document stands; how many there are."""
        found = self.review.pick(outcome, pathway, reason)
        if found:
            self._show_lists(outcome, pathway, reason)
            self._shown_other()
        return found

    def _picked(self) -> None:
        """A choice in one of the lists; what no longer fits it is let go."""
        outcome, pathway, reason = (one.value or "" for one in (self.outcome, self.pathway, self.reason))
        pathway = pathway if pathway in self.review.picks.pathways(outcome) else ""
        reason = reason if reason in self.review.picks.reasons(outcome, pathway) else ""
        self.pick(outcome, pathway, reason)

    def find(self, text: str) -> int:
        """The first case whose id has this text in it; how many there are."""
        found = self.review.find(text)
        if found:
            self._show_lists()
            self._shown_other()
        return found

    def _searched(self) -> None:
        if self.search.value.strip() and not self.find(self.search.value):
            self._complain("No case has an id with that in it.")

    def _next_alike(self) -> None:
        self._go(self.review.next_alike)
        if len(self.review.list) == 1:
            self._say("<p>No other case takes the same pathway to the same outcome for the same reasons.</p>")

    def _go(self, act: Callable[[], object]) -> None:
        act()
        self._shown_other()

    def _shown_other(self) -> None:
        self._close_form()
        self._refresh()

    def _step_levers(self, act: Callable[[Tweaks], bool]) -> None:
        self.hands.do(lambda: act(self.review.tweaks))

    def set(self, lever: str, value: object) -> None:
        """Move the hand of a lever, as a person would; ProblemsFound when the value is not legal."""
        self.hands.put(lever, value)

    # A case that is typed ---------------------------------------------------------------------------------------------

    def type_in(self, **entries: object) -> dict[str, str]:
        """A case of these facts, all others not documented; by fact what is wrong, or worth a second look."""
        said = self.review.type_in({name: str(entry) for name, entry in entries.items()})
        if self.review.typed is not None:
            self._refresh()
        return said

    def _entries(self) -> dict[str, str]:
        return self.review.form.begun_from(self.review.case, 0)

    def _open_form(self, entries: Mapping[str, str]) -> None:
        self._began_with_people = bool(entries) and self.review.of_people
        if self._form is None or self._form.form is not self.review.form:
            close = self._button("Close the form", self._close_form)
            self._form = FactForm(self.review.form, self._guarded, self._entered, close)
        with self.by_itself():
            self._form.start(entries)
        self.typed_box.children = (self._form.view,)
        self._entered()

    def _close_form(self) -> None:
        self.typed_box.children = ()

    def _entered(self) -> None:
        """The case as the form has it now; what is wrong is told beside the entries, all of it."""
        assert self._form
        typed = self._form.typed()
        if not typed:
            self._form.tell({}, "Type or choose the two codes first. What you leave empty is <b>not documented</b>.")
            return
        said = self.review.type_in(typed, self._began_with_people)
        if self.review.typed is None or self.review.entries != typed:
            head = f"<b>{len(said)} to look at</b>: the case below is the one before, until that is mended."
        else:
            head = "The case below is the one that you type. It stays in this notebook while it runs."
        self._form.tell(said, head)
        self._refresh()

    # What eyes see ----------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """The case as it stands; what would change it follows when it is found."""
        review = self.review
        self.alert.value = self.message.value = ""
        self.head.value, self.criteria.value = live(view.case_headline(review)), live(view.criteria(review))
        self.notices.value = live(view.notices(review))
        self.where.value = live(esc(view.aside(review)))
        self.line.value = live(f'<p role="status">{esc(view.population_line(review.tweaks))}</p>')
        self.levers.children = [self.hands.control(name).box for name in review.levers()]
        self.hands.show_all()
        back, forth = review.tweaks.steps
        self.undo.disabled, self.redo.disabled = not back, not forth
        self.reset.disabled = review.tweaks.settings == review.tweaks.baseline
        self.alike.disabled = review.typed is not None
        self.letter.show(review.now().letter)
        self.example.show()
        self._show_way_out()
        self._let_stand()

    def _show_way_out(self) -> None:
        """What would change the case: found beside, because of some it takes a second."""
        review, now = self.review, self.review.now()
        asked = view.asked_for(review)
        self.way_out.value = live(f"{asked}<p role='status'>Looking for what would change the outcome …</p>")

        def found(_: object) -> None:
            if review is self.review and review.now() is now:
                self.way_out.value = live(view.way_out(review))

        self._beside(lambda: now.changes, found)

    def _draft_written(self) -> None:
        """After this panel itself has written to a draft."""
        self.review.written = written(self.review.key)
        self._show_documents()

    def _show_documents(self) -> None:
        with self.by_itself():
            self.document.options = [(one.label, one.key) for one in documents(self.review.first)]
            self.document.value = self.review.key

    def _show_lists(self, outcome: str = "", pathway: str = "", reason: str = "") -> None:
        """The lists that one picks from, with these picked."""
        picks, policy = self.review.picks, self.review.policy
        titles = {name: one.title for name, one in policy.pathways.items()}
        self._show_documents()
        with self.by_itself():
            for hand, counted, labels, value in (
                (self.outcome, picks.outcomes(), LABELS, outcome),
                (self.pathway, picks.pathways(outcome), titles, pathway),
                (self.reason, picks.reasons(outcome, pathway), {}, reason),
            ):
                hand.options = [(_ALL, ""), *(self._option(n, labels.get(n, n), c) for n, c in counted.items())]
                hand.value = value

    def _option(self, name: str, label: str, cases: int) -> tuple[str, str]:
        """What stands in a list; no number where the cases may be people."""
        cut = label if len(label) <= _LONGEST else f"{label[:_LONGEST]}…"
        return (cut if self.review.load.guarded else f"{cut} ({cases:,})"), name

    def readback(self) -> str:
        """What the panel shows, in words."""
        return view.review_in_words(self.review)

    @property
    def _private(self) -> bool:
        return self.review.typed is not None or self.review.of_people

    def _words(self) -> str:
        if self._private:
            return f"<p>{esc(self._kept_words())}</p>"
        return view.case_headline(self.review) + view.criteria(self.review)

    def _kept_words(self) -> str:
        if self._private:
            return "A case was shown that no notebook file keeps: it was typed, or may be a person’s."
        return view.review_in_words(self.review)
