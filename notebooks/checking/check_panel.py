"""Is the draft ready? The list to work off, each item one click from where it is mended."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from time import monotonic, time_ns
from typing import Any

import ipywidgets as widgets

from notebooks.checking.check_forms import LINES, Acts, Section
from notebooks.checking.items import NOT_YET, SECTIONS, SLOW, Found, Item, Mend, summary
from notebooks.checking.left import Left
from notebooks.checking.quick import at_once, plain_text, sound
from notebooks.checking.slow import Tried, looked_for
from notebooks.controls import FIT, WIDE
from notebooks.desk import Inbox, documents, draft_from, elsewhere, hand_over, in_work, named, opened, own, way, written
from notebooks.frame import Frame, button, link, linked, live
from notebooks.keeping import called
from notebooks.page import bullets, esc
from policy import Draft
from policy.model import Policy
from policy.problems import ProblemsFound, counted
from policy.reading.workspace import SERVED

__all__ = ["CheckPanel"]

_HERE = "6_check_a_draft"
_REST = 2e9  # nanoseconds that a draft rests before what another notebook did to it is looked at
_DRAWN = 0.4  # seconds at least between two pictures of work that goes on
_KEPT = 12  # texts of which the slow results are remembered
_BAR = widgets.Layout(width="100%", flex_flow="row wrap", align_items="center")


class CheckPanel(Frame):
    """What stands between a draft and the committee, in sections; quick parts at once, slow ones beside.

    `day` (ISO) and `years`: evidence older than that is due; without a day, in Lab, today. In Lab the draft in work
    is looked at and the slow parts begin by themselves; elsewhere the policy as it was loaded, and they wait for
    `check()`. Nothing is written before a hand mends or leaves something.
    """

    def __init__(self, policy: Policy, day: str = "", years: int = 5):
        super().__init__()
        self.policy, lab = policy, SERVED in os.environ
        self.day, self.years = day or (date.today().isoformat() if lab else ""), years
        self._tried, self._going = Tried(), lab
        self._kept: dict[tuple[str, str], Found] = {}
        self._last = 0.0
        self._of: dict[str, str] = {}  # slow section -> the text that it depends on
        self.key = ""
        self.found: dict[str, Found] = {}
        self._build()
        self._inbox = Inbox(_HERE)
        self._begin(self._first() if lab else "")
        self._keep_up(self._meanwhile)

    def _first(self) -> str:
        """The draft in work, of whatever policy, else a kept one of this policy, else the policy as it was loaded."""
        drafts = [document.key for document in documents(self.policy) if document.draft]
        if wanted := in_work():
            try:
                opened(self.policy, own(self.policy, wanted))
                return own(self.policy, wanted)
            except ProblemsFound:  # it is not there any more
                pass
        return (drafts or [""])[0]

    def _meanwhile(self) -> None:
        """What other notebooks did: a draft handed to this one, edits of the draft that is open once they rest."""
        left = own(self.policy, self._inbox.new().get("draft", self.key))
        if left != self.key:
            self._begin(left)
        elif self.draft.overtaken and time_ns() - written(self.key) > _REST:
            self._again()

    def _again(self) -> None:
        """The draft as another notebook left it, the sections open as they are."""
        if not written(self.key):
            self._begin("")
            self._say("Another notebook saved this draft as a version, or discarded it.")
            return
        found = opened(self.policy, self.key)
        assert isinstance(found, Draft)
        self.draft = found
        self._list_documents()
        self._refresh()

    def _begin(self, key: str) -> None:
        try:
            self.open(key)
        except ProblemsFound as found:
            self.open("")
            self._complain(str(found))

    # Building ---------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        named = {"style": {"description_width": "initial"}}
        self.choose = widgets.Dropdown(description="Check", layout=widgets.Layout(width="min(100%, 620px)"), **named)
        self.choose.observe(self._guarded(lambda event: self.open(event["new"])), names="value")
        self.undo_button = button("Undo", self._guarded(lambda *_: self._back(self.draft.undo)), "Undo the last edit")
        self.redo_button = button("Redo", self._guarded(lambda *_: self._back(self.draft.redo)), "Do it again")
        self.look_button = button("Look at everything", self._guarded(self._start_or_stop))
        self.when = widgets.DatePicker(description="Evidence as of", layout=FIT, **named)
        self.when.value = date.fromisoformat(self.day) if self.day else None
        self.old = widgets.BoundedIntText(
            self.years, min=0, max=100, description="old after years", layout=widgets.Layout(width="190px"), **named
        )
        for hand in (self.when, self.old):
            hand.observe(self._guarded(self._dated), names="value")
        self.headline, self.way = widgets.HTML(layout=WIDE), linked(way(_HERE, self.policy))
        acts = Acts(self._mend, self._take, self._leave, self._draw, self._guarded)
        self.sections = {name: Section(name, acts) for name in SECTIONS}
        self.sections["evidence"].asks.children = (self.when, self.old)
        self.onward = widgets.HBox([], layout=_BAR)
        self.compare_button = button("Take it to Compare versions", self._guarded(self._compare))
        self.save_button = button("Save it as a version", self._guarded(self._save), "Save it in Author a draft")
        self._stand(
            widgets.HTML(LINES, layout=widgets.Layout(height="0", margin="0")),
            self.way,
            widgets.HBox([self.choose, self.undo_button, self.redo_button, self.look_button], layout=_BAR),
            self.headline,
            self.message,
            *(section.box for section in self.sections.values()),
            widgets.HBox([self.save_button, self.compare_button, self.onward], layout=_BAR),
        )
        self.view.add_class("nbw-check")

    def _list_documents(self) -> None:
        """What can be chosen, with what is chosen now."""
        self._quiet = True
        try:
            known = [(one.label, one.key) for one in (*documents(self.policy), *elsewhere(self.policy))]
            if self.key not in [key for _, key in known]:  # a version of another policy
                known.append((self.draft.policy.titled, self.key))
            if SERVED not in os.environ:  # so that runs stay equal whatever lies in the workspace
                known = [pair for pair in known if pair[1] in ("", self.key)]
            self.choose.options = known
            self.choose.value = self.key
        finally:
            self._quiet = False

    # What is checked --------------------------------------------------------------------------------------------------

    def open(self, key: str) -> None:
        """Look at a version or draft of `documents`; raises ProblemsFound where it is gone."""
        found = opened(self.policy, key) if key.endswith(".json") else Draft.of(key or called(self.policy), anew=True)
        assert isinstance(found, Draft)
        self.draft, self.key, self.found = found, key, {}
        policy = str(plain_text(found).get("id", self.policy.id))
        self.left = Left(policy)
        self.way.outputs = linked(way(_HERE, self.policy if policy == self.policy.id else None)).outputs
        for section in self.sections.values():
            section.tell("")
        self.message.value = ""
        self._list_documents()
        self._refresh()
        self._open_first()

    def _open_first(self) -> None:
        """The first section with something to do stands open."""
        wanted = next((name for name, found in self.found.items() if self._open_items(found)), "")
        for name, section in self.sections.items():
            section.open = name == wanted
            self._draw(name)

    def _open_items(self, found: Found) -> list[Item]:
        return [item for item in found.items if item.key not in self.left.reasons]

    def _refresh(self, mended: Item | None = None) -> None:
        """What is known of the text as it stands now; the slow parts go on where they have not seen it.

        Until they have, what was found before stays, but for what was mended.
        """
        self._errands.pop("look", None)
        self.alert.value = ""
        quick = at_once(self.draft, self.day, self.years)
        self._of = {name: self._text_for(name) for name in SLOW}
        slow = {name: self._kept.get((self._of[name], name)) or self._before(name, mended) for name in SLOW}
        self.found = {name: quick.get(name) or slow[name] for name in SECTIONS}
        for name in SECTIONS:
            self._draw(name)
        self._draw_top()
        if self._going:
            self._look()

    def _before(self, name: str, mended: Item | None) -> Found:
        """What a slow section can show until it is looked for."""
        if sound(self.draft) is None:
            return Found(note="not looked for while there are problems")
        items = tuple(item for item in self.found.get(name, NOT_YET).items if item != mended)
        return Found(items, note="from before the last edit, looked at again" if items else "")

    def _text_for(self, name: str) -> str:
        """What a slow section depends on: the text, but for the lint, which asks no example."""
        policy = sound(self.draft) if name == "remarks" else None
        return policy.model_copy(update={"examples": ()}).fingerprint if policy else self.draft.text

    # What a hand does -------------------------------------------------------------------------------------------------

    def _mend(self, item: Item, mend: Mend) -> None:
        """Do it in the draft; of a version a draft is begun first, or the one that was kept of it goes on.

        A second click on a button that is about to go does nothing.
        """
        if item not in self.found[item.section].items:
            return
        begun = ""
        if not self.key.endswith(".json"):
            self.draft = Draft.of(self.key or called(self.policy))
            begun = f" in the {draft_from(self.draft.source)}, which you see now"
        edited = mend.edit(self.draft)
        if edited.done and begun and self.draft.place:
            self.key = self.draft.place.name
        if not edited.done:
            self._tell(item.section, f"Not done: {'; '.join(map(str, edited.problems))}")
            return
        notices = "".join(f" {notice.message}." for notice in edited.notices)
        self._list_documents()
        self._refresh(item)
        self._tell(
            item.section, f"Done{begun}: {mend.text[0].lower()}{mend.text[1:]}. It was: {item.says}.{notices}", True
        )

    def _tell(self, section: str, said: str, undo: bool = False) -> None:
        back = self._guarded(lambda *_: self._back(self.draft.undo)) if undo else None
        for name, one in self.sections.items():
            one.tell(said if name == section else "", back if name == section else None)

    def _back(self, act: Any) -> None:
        """Undo or redo."""
        edited = act()
        self._list_documents()
        self._refresh()
        self._tell("", "")
        what = "The last edit is undone" if act == self.draft.undo else "It is done again"
        said = f"{what}: the draft has {counted(len(self.draft.edits), 'edit')}."
        self._say(said if edited.done else "There is nothing to do.")

    def _take(self, item: Item, slot: Any) -> None:
        """Leave word for the notebook where it is mended, and show the way there."""
        hand_over("5_author_a_draft", draft=named(self.policy, self.key), place=item.place)
        slot.children = (link("5_author_a_draft", "Open Author a draft at this place", go=True),)

    def _compare(self, *_: object) -> None:
        hand_over("4_compare_versions", before=self.draft.source, after=named(self.policy, self.key))
        self.onward.children = (link("4_compare_versions", "Open Compare versions", go=True),)

    def _save(self, *_: object) -> None:
        hand_over("5_author_a_draft", draft=self.key)
        self.onward.children = (link("5_author_a_draft", "Open Author a draft, where it is saved", go=True),)

    def _leave(self, section: str, items: Sequence[Item], because: str) -> None:
        """Leave items with a reason; an empty one: take up again what was left."""
        reason = " ".join(because.split())
        if not reason and any(item.key not in self.left.reasons for item in items):
            self._tell(section, "Not left: say why it may stay as it is")
            return
        self.left.leave([item.key for item in items], reason)
        what = f"“{items[0].says}”" if len(items) == 1 else f"{len(items)} items"
        self._tell(section, f"Left, because {reason}: {what}" if reason else f"Taken up again: {what}")
        self._draw(section)
        self._draw_top()

    def _dated(self, *_: object) -> None:
        self.day, self.years = self.when.value.isoformat() if self.when.value else "", self.old.value
        self._refresh()

    # What takes a while -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Look at everything, slow parts too."""
        self._going = True
        self._look()

    def _start_or_stop(self, *_: object) -> None:
        self._going = "look" not in self._errands
        self._errands.pop("look", None)
        if self._going:
            self._look()
        self._draw_top()

    def _look(self) -> None:
        """The next slow section that has not seen this text."""
        policy = sound(self.draft)
        name = next((name for name in SLOW if (self._of[name], name) not in self._kept), "")
        if policy is None or not name:
            self._draw_top()
            return
        text, tree, tried = self._of[name], plain_text(self.draft), self._tried

        def work(far: Any) -> Found:
            found = NOT_YET
            for found in looked_for(name, tree, policy, tried):
                far(found)
            return found

        self._errand(
            "look", work, lambda found: self._looked(text, name, found), lambda found: self._so_far(name, found)
        )
        self._draw_top()

    def _so_far(self, name: str, found: Found) -> None:
        old = [item for item in self.found[name].items if item not in found.items]
        self.found[name] = replace(found, items=(*found.items, *old))
        if monotonic() - self._last >= _DRAWN:
            self._last = monotonic()
            self._draw(name)
            self._draw_top()

    def _looked(self, text: str, name: str, found: Found) -> None:
        self._kept[text, name] = found
        while len(self._kept) > _KEPT * len(SLOW):
            del self._kept[next(iter(self._kept))]
        self.found[name] = found
        self._draw(name)
        self._look()

    # What is shown ----------------------------------------------------------------------------------------------------

    def _draw(self, name: str) -> None:
        self.sections[name].show(self.found[name], self.left.reasons)

    def summary(self) -> str:
        """The line on top."""
        left = [item.key for found in self.found.values() for item in found.items if item.key in self.left.reasons]
        return summary(self.found, left)

    def _draw_top(self) -> None:
        looking = "look" in self._errands
        self.look_button.description = "Stop looking" if looking else "Look at everything"
        whole = all(found.whole for name, found in self.found.items() if name in SLOW)
        self.look_button.disabled = not looking and (whole or sound(self.draft) is None)
        said = f'<p class="finding" role="status" aria-live="polite">{esc(self.summary())}</p>'
        if self.headline.value != live(said):
            self.headline.value = live(said)
        self.undo_button.disabled, self.redo_button.disabled = not self.draft.edits, not self.draft.undone
        self.save_button.disabled = not self.key.endswith(".json")
        self.compare_button.disabled = "@" not in self.draft.source  # an empty document is nothing to compare with
        self._let_stand()

    def readback(self) -> str:
        """What the panel shows, in words."""
        return "\n".join([self.summary(), *(line for name in SECTIONS for line in self._lines(name))])

    def _lines(self, name: str) -> list[str]:
        found, most = self.found[name], 3
        still = self._open_items(found)
        state = f"{len(still):,} open" if found.whole else found.note or "not looked at"
        more = [f"  ... and {len(still) - most} more"] if len(still) > most else []
        return [f"{SECTIONS[name][0]}: {state}", *(f"  - {item.says}" for item in still[:most]), *more]

    def _words(self) -> str:
        head, *lines = self.readback().splitlines()
        return f"<p><b>{esc(head)}</b></p>{bullets(esc(line.strip(' -')) for line in lines)}"
