"""What is shown beside every edit, with a button for each thing that can be gone to or mended from there."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from notebooks import answer as view
from notebooks.controls import ROW, WIDE
from notebooks.drafting.calls import Author, Call
from notebooks.drafting.effect import (
    Effects,
    Failing,
    cases_again,
    comes_out_now,
    failing,
    no_longer_hold,
    others,
    sentences,
    still_named,
)
from notebooks.drafting.names import by_label, called_entry
from notebooks.drafting.outline import Path, entry_at
from notebooks.drafting.words import HEAD, SECTION_WORDS, key_label
from notebooks.frame import button, live, shown_html
from notebooks.page import bullets, esc, outcome_mark, plain
from policy import Draft
from policy.authoring.lint import Finding
from policy.entries.exceptions import DirectionException
from policy.problems import ProblemsFound
from simulations.studies.draft_impact import DraftAnswer

__all__ = ["EffectView"]

_MOST, _CASES = 8, 6


class EffectView:
    """The right side of the panel.

    `review` is told the id of a synthetic case that is to be looked at; `beside` works without keeping the hands.
    """

    def __init__(self, author: Author, effects: Effects, review: Callable[[str], None], beside: Callable[..., None]):
        self.author, self.effects, self.review, self.beside = author, effects, review, beside
        self._needless: tuple[str, tuple[int, ...]] = "", ()  # a text, and its exceptions that no case shows
        self.numbers, self.changed, self.proof, self.odd = (shown_html() for _ in "1234")
        self.problems, self.failing, self.texts, self.moved, self.look = (widgets.VBox(layout=WIDE) for _ in "12345")
        self.make = widgets.VBox(layout=WIDE)
        self.finding = ""  # what the edits do in a sentence, for the top of a narrow page
        self._made = button("Make placeholder cases", author.guard(lambda _: self._make()))
        self.box = widgets.VBox(
            [
                self.numbers,
                self.make,
                self.problems,
                self.failing,
                self.texts,
                self.moved,
                self.look,
                self.proof,
                self.changed,
                self.odd,
            ],
            layout=WIDE,
        )

    def show(self) -> None:
        """Everything that is known at once: numbers first."""
        answer = self.effects.now(self.author.draft)
        self.numbers.value = live(self._numbers(answer))
        blank = answer is None or self.effects.placeholders
        self.make.children = [self._made] if blank and not others(self.author.draft) else []
        self.problems.children = self._problems()
        self.failing.children = [part for one in failing(self.author.draft)[:_MOST] for part in self._mend(one)]
        self.texts.children = self._texts()
        self.moved.children, self.look.children = self._whom(answer) if answer else [], []
        self.changed.value = live(self._changed())

    def _make(self) -> None:
        self.effects.make_up(self.author.draft)
        self.show()

    # Numbers ----------------------------------------------------------------------------------------------------------

    def _numbers(self, answer: DraftAnswer | None) -> str:
        if answer is None:
            why = "The entries do not agree with each other yet." if others(self.author.draft) else self.effects.why
            self.finding = ""
            return f'<p class="finding" role="status" aria-live="polite">No numbers now.</p><p>{esc(why)}</p>'
        edited = bool(self.author.draft.edits)
        impact = answer.impact
        finding = "Nothing is edited yet: this is what the version does."
        if edited and answer.guarded:
            finding = "The draft beside the version, in rounded shares."
        elif edited and impact.moved == 0:
            finding = "No case of these changes its outcome"
            finding += f"; {impact.touched:,} read differently, but something else decides." if impact.touched else "."
        elif edited:
            finding = f"{impact.finding()}."
        self.finding = finding if edited else ""
        said = f'<p class="finding" role="status" aria-live="polite">{esc(finding)}</p>'
        notes = [*answer.notes, *([_PLACEHOLDERS] if self.effects.placeholders else [])]
        faint = f"<small class='faint'>{bullets(map(esc, notes))}</small>" if notes else ""
        return said + view.numbers(impact, edited, repr(self.effects.cases), answer.guarded) + faint

    def _changed(self) -> str:
        """What changed, in sentences and, folded, in lines of the document."""
        draft = self.author.draft
        lines = draft.changed
        if not lines:
            return ""
        try:
            deciding, other = (
                [by_label(self.author.tree, one).replace(" -> ", " → ") for one in side] for side in sentences(draft)
            )
            said = bullets(map(esc, deciding)) if deciding else "<p>Nothing that decides a case.</p>"
            more = f"<details><summary>Wording and sources ({len(other)})</summary>{bullets(map(esc, other))}</details>"
            said += more if other else ""
        except ProblemsFound:
            said = "<p>Told in sentences once the entries agree with each other.</p>"
        text = f"<pre>{escape(chr(10).join(lines))}</pre>"
        folded = f"<details><summary>The lines of the document ({len(lines)})</summary>{text}</details>"
        return f"<h3>What changed since it began</h3>{said}{folded}"

    # What is wrong ----------------------------------------------------------------------------------------------------

    def _problems(self) -> list[Any]:
        found = others(self.author.draft)
        if not found:
            return []
        rows: list[Any] = [shown_html(f"<h3>To be mended before it can be saved ({len(found)})</h3>")]
        for problem in found[:_MOST]:
            path = entry_at(self.author.tree, problem.path or "")
            words = by_label(self.author.tree, _without_path(problem.message, problem.path))
            said = shown_html(f'<div class="alert">{self._whose(path)}{esc(words)}</div>')
            rows.append(widgets.HBox([said, *self._opens(path)], layout=ROW).add_class("nbw-row"))
        more = [shown_html(f"<p>… and {len(found) - _MOST} more</p>")] if len(found) > _MOST else []
        return [*rows, *more, *self._vain()]

    def _whose(self, path: Path | None) -> str:
        """The entry that a problem is of."""
        if path is None or path == (HEAD,):
            return ""
        one, label = SECTION_WORDS[str(path[0])][1], called_entry(self.author.tree, str(path[0]), path[1])
        return f"<b>{esc(one[0].upper() + one[1:])}: {esc(by_label(self.author.tree, label))}.</b> "

    def _vain(self) -> list[Any]:
        """One click for the exceptions to a direction whose cases show them no more after an edit.

        They are given other cases; only one that no case shows can be taken out.
        """
        draft, (text, needless) = self.author.draft, self._needless
        vain = no_longer_hold(draft)
        if not vain:
            return []
        if text == draft.text and needless:
            calls = [Call("take_out", (f"direction_exceptions.{n}",)) for n in reversed(needless)]
            if len(needless) == len(self.author.tree["direction_exceptions"]):
                calls = [Call("take_out", ("direction_exceptions",))]
            many = "exception" if len(needless) == 1 else f"{len(needless)} exceptions"
            said = f"Take out the {many} that no case shows"
            return [shown_html(_NEEDLESS), button(said, self.author.guard(lambda _: self.author.do(*calls)))]
        many = "exception a case that shows it" if len(vain) == 1 else f"{len(vain)} exceptions cases that show them"
        return [shown_html(_VAIN), button(f"Give the {many}", self.author.guard(lambda _: self._look_for(vain)))]

    def _look_for(self, vain: tuple[int, ...]) -> None:
        """Other cases for these exceptions, beside the hands, which may edit something else meanwhile."""
        draft = self.author.draft
        text, held = draft.text, self.author.tree["direction_exceptions"]

        def found(cases: dict[int, DirectionException | None]) -> None:
            if draft is not self.author.draft or self.author.tree.get("direction_exceptions") != held:
                return
            needless = tuple(n for n, one in cases.items() if one is None) if draft.text == text else ()
            calls = [call for n, one in cases.items() if one for call in _case_of(draft, n, one)]
            if calls and not self.author.do(*calls):
                return
            self._needless = draft.text, needless
            self.problems.children = [*self._problems(), *([] if calls or needless else [shown_html(_OPEN)])]

        self.problems.children = [*self.problems.children[:-1], shown_html("<p role='status'>Looking for cases …</p>")]
        self.beside(lambda: cases_again(draft, vain), found)

    def _opens(self, path: Any) -> list[Any]:
        if path is None:
            return []
        said = f"Open the {SECTION_WORDS[str(path[0])][1]}"
        return [button("Open", self.author.guard(lambda _: self.author.open(path)), said)]

    def _mend(self, one: Failing) -> list[Any]:
        author = self.author
        draft = author.draft
        try:
            now = comes_out_now(draft, one.number)
            wanted = str(draft.value(("examples", one.number, "expect")))
            said = f"comes out as {outcome_mark(now.outcome)} and must be {outcome_mark(wanted)}"
            said += f"<br><small>{esc(now.reasons)}</small>" if now.reasons else ""
        except ProblemsFound as wrong:
            said = esc(wrong.problems[0].message)
        title = shown_html(f'<div class="alert"><b>Example fails:</b> {esc(one.name)}<br>{said}</div>')
        hands = [
            *self._opens(("examples", one.number)),
            button("Expect what it comes out as", author.guard(lambda _: self._expect(one))),
            button("Undo the last edit", author.guard(lambda _: author.undo())),
        ]
        return [title, widgets.HBox(hands, layout=ROW).add_class("nbw-wrap")]

    def _expect(self, one: Failing) -> None:
        now, draft = comes_out_now(self.author.draft, one.number), self.author.draft
        named = {"expect": now.outcome}
        if "asks" in draft.value(("examples", one.number)):
            named["asks"] = list(now.asks)  # type: ignore[assignment]
        self.author.do(Call("set_example", (one.name,), named))

    # Texts ------------------------------------------------------------------------------------------------------------

    def _texts(self) -> list[Any]:
        """The texts that name a value which a lever no longer has, each with the way to its form."""
        found = still_named(self.author.draft)
        if not found:
            return []
        rows: list[Any] = [shown_html(f"<h3>Texts that name an old value ({len(found)})</h3>")]
        for one in found[:_MOST]:
            path = entry_at(self.author.tree, one.place)
            before, words, after = one.sentence.partition(one.says)
            said = f"{esc(key_label('', one.key))}: {esc(before)}<b>{esc(words)}</b>{esc(after)}"
            lever = called_entry(self.author.tree, "levers", one.lever)
            said += "" if path == ("levers", one.lever) else f"<br><small class='faint'>{esc(lever)} now</small>"
            hands = self._opens(path)
            rows.append(widgets.HBox([shown_html(self._whose(path) + said), *hands], layout=ROW).add_class("nbw-row"))
        more = [shown_html(f"<p>… and {len(found) - _MOST} more</p>")] if len(found) > _MOST else []
        return [*rows, *more]

    # Whom it moves ----------------------------------------------------------------------------------------------------

    def _whom(self, answer: DraftAnswer) -> list[Any]:
        found = answer.by_pathway()
        if found.empty:
            return []
        titles = {name: one.title for name, one in answer.impact.scenario.policy.pathways.items()}
        counts = [
            f"{esc(titles.get(str(row.pathway), 'Outside the policy'))}: {row.moved:,} of {row.cases:,} cases"
            f" ({row.lost:,} approvals lost, {row.gained:,} gained)"
            for row in found.itertuples()
        ]
        rows: list[Any] = [shown_html(f"<h3>Whom it moves</h3>{bullets(counts)}")]
        for case in answer.moved_cases(_CASES).itertuples():
            words = f"{outcome_mark(str(case.baseline))} → {outcome_mark(str(case.scenario))}"
            said = f"{esc(case.case_id)}, {esc(case.dx)} with {esc(case.cpt)}: {words}"
            said += f"<br><small>{esc(case.reasons_scenario)}</small>"
            look = self.author.guard(lambda _, c=str(case.case_id): self.review(c))
            drawn = self.effects.cases is not None and self.effects.cases.drawn and not self.effects.placeholders
            hands = [button("Review", look, "Review this case in the third notebook")] if drawn else []
            rows.append(widgets.HBox([shown_html(said), *hands], layout=ROW).add_class("nbw-row"))
        return rows

    def words(self) -> list[str]:
        """What is shown, as lines of text."""
        parts = [
            self.numbers,
            *self.problems.children,
            *self.failing.children,
            *self.texts.children,
            *self.moved.children,
            self.changed,
        ]
        return [line for part in parts if hasattr(part, "value") for line in plain(str(part.value)).splitlines()]

    # What takes longer ------------------------------------------------------------------------------------------------

    def wait(self) -> None:
        """Say that proof and lint are being looked for."""
        self.proof.value = live("<p class='faint' role='status'>What it proves: being worked out …</p>")

    def proves(self, said: str) -> None:
        """What is proven."""
        self.proof.value = live(f"<p role='status'>{esc(by_label(self.author.tree, said))}</p>" if said else "")

    def finds(self, found: tuple[Finding, ...]) -> None:
        """What lint finds odd."""
        tree = self.author.tree
        items = [
            f"{self._whose(entry_at(tree, one.place))}{esc(by_label(tree, one.says))}"
            f"<br><small class='faint'>{esc(by_label(tree, one.witness))}</small>"
            for one in found
        ]
        folded = f"<details><summary>Odd in the document ({len(items)})</summary>{bullets(items)}</details>"
        self.odd.value = live(folded if items else "")


_VAIN = (
    "<p>Such an exception says where a stricter value can let more in, and a case shows it. The edit keeps these cases "
    "from showing it; others may. <i>Open</i> leads to the case, to change its facts yourself.</p>"
)
_NEEDLESS = "<p role='status'>No case can show it: the draft does not need it any more.</p>"
_OPEN = "<p role='status'>No case was found, and it is not proven that there is none. The exception stays as it is.</p>"
_PLACEHOLDERS = "Made from the columns alone: every share is a placeholder, and says nothing about a plan."


def _without_path(message: str, path: str | None) -> str:
    """The message without the identifiers that it begins with."""
    return message.removeprefix(f"{path}: ") if path else message


def _case_of(draft: Draft, number: int, one: DirectionException) -> list[Call]:
    """The edits that give an exception its other case, and the levers that are set for it."""
    place = f"direction_exceptions.{number}"
    held = draft.value(place)
    given = {"case": dict(one.case), "set": dict(one.set_)}
    return [
        Call("revise", (f"{place}.{key}", value)) if value else Call("take_out", (f"{place}.{key}",))
        for key, value in given.items()
        if value != held.get(key, {})
    ]
