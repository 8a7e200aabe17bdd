"""The widgets of a comparison: two documents to choose, and what the modules beside this one say of them."""

from typing import Any

import ipywidgets as widgets

from notebooks.comparison.choice import HERE, Side, first_pair, policies, policy_of, side
from notebooks.comparison.effect import Effect, effect, label_of
from notebooks.comparison.redline import DECIDES, entries, redline
from notebooks.comparison.relation import proven, relation, verdict
from notebooks.controls import FIT, ROW, WIDE
from notebooks.desk import Inbox, Shelf, documents, hand_over, handed, named, own, way, written
from notebooks.frame import Frame, button, drop_down, link, linked, live, problems_told, shown_html
from notebooks.keeping import Report, command_of_two, make_report, reported
from notebooks.page import bullets, esc, plain
from notebooks.takeaway.takeaway_forms import TakeAway
from policy import load
from policy.authoring.proof import Proof
from policy.model import Policy
from policy.problems import ProblemsFound, counted, refuse
from simulations import Caseload, cases_of
from simulations.population import default_for
from simulations.reports.table_cells import records
from simulations.reports.version_findings import share_of_changes

__all__ = ["VersionPanel"]

_ONE = (
    "This policy has one version and no draft is kept, so there is nothing to compare it with yet. Begin a draft in"
    " “Author a draft”: the draft and this version can then be compared here. Or see what one lever does in “Tweak"
    " thresholds”."
)
_ELSEWHERE = "<small>Only cases of the policy that the workbook was opened with can be reviewed.</small>"
_SAME = "Both are the same document; choose another one on one side."


class VersionPanel(Frame):
    """Two documents of a policy: what changes in words, which is stricter, whom it moves, and the report of it.

    It begins with `policy` over `cases`; any other policy is compared over cases of its own population.
    `choose(before, after)` takes keys of `notebooks.desk.documents`; `readback()` waits for all, and says it in words.
    """

    def __init__(self, policy: Policy, cases: Caseload):
        super().__init__()
        self._home = policy, cases
        self.policy: Policy = policy
        self.cases: Caseload | None = cases
        self._uncounted = ""  # why there are no cases
        self.documents = documents(policy)
        self._sides: tuple[Side, Side] | None = None
        self._effect: Effect | None = None
        self._said: dict[str, str] = {}  # one sentence each: words, proof, cases
        self._build()
        self._inbox, self._read, self._shelf = Inbox(HERE), (0, 0), Shelf(policy)
        self._guarded(self._take_up)()
        self._guarded(self._refresh)()
        self._keep_up(self._meanwhile)

    def _meanwhile(self) -> None:
        """What other notebooks did: two documents handed to this one, or edits of a draft that is compared."""
        left = self._inbox.new()
        if self._shelf.moved():
            self._list_documents()
        if left:
            self._take_up()
            self._refresh()
        elif self._read != (now := self._written()):
            self._read = now
            self._say("<p>A draft that is compared here was edited, saved or discarded in another notebook.</p>")
            self.help.children = (button("Compare again", self._guarded(lambda _: self._again())),)

    def _take_up(self) -> None:
        """The two documents that were handed over, of whatever policy; else what there is to begin with."""
        try:
            self._turn_to(policy_of(handed(HERE).get("after", ""), self.policy.id))
        finally:
            self._put(*first_pair(self.policy, self.documents))

    def _written(self) -> tuple[int, int]:
        return written(self.before.value), written(self.after.value)

    def _again(self) -> None:
        """What lies on the desk now."""
        self._list_documents()
        self._refresh()

    def _list_documents(self) -> None:
        """The lists, with what was chosen as far as it is there."""
        self.documents = documents(self.policy)
        with self.by_itself():
            self.which.options = [(title, name) for name, title in policies(self._home[0]).items()]
            self.which.value = self.policy.id
            for hand in (self.before, self.after):
                chosen = hand.value
                hand.options = self._options()
                hand.value = chosen if chosen in {one.key for one in self.documents} else ""

    def _options(self) -> list[tuple[str, str]]:
        """The documents to choose from; the policy itself is named above them."""
        mine = f"Version {self.policy.version}, status {self.policy.status}"
        return [(document.label if document.key else mine, document.key) for document in self.documents]

    # Building ---------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        options = self._options()
        self.which = drop_down("Policy", [(title, name) for name, title in policies(self.policy).items()])
        self.which.observe(self._guarded(lambda event: self._other(event["new"])), names="value")
        self.before, self.after = (drop_down(which, options) for which in ("Before", "After"))
        for hand in (self.before, self.after):
            hand.observe(self._guarded(lambda _: self._refresh()), names="value")
        self.swap_button = button("Swap", self._guarded(lambda _: self.swap()), "Swap before and after")
        choice = [self.before, self.after, self.swap_button]
        self.answer, self.words, self.proof, self.effect, self.shares, self.groups = (shown_html() for _ in "123456")
        self.groups_button = button("Who gains and who loses", self._guarded(lambda _: self._who()))
        self.report_button = button("Make the report", self._guarded(lambda _: self._report()))
        self.report_at, self.report_row = shown_html(), widgets.HBox([self.report_button], layout=ROW)
        self.takeaway = TakeAway(self._guarded, self._beside, lambda: self._effect.study if self._effect else None)
        self.case = drop_down("A case that moves", [("–", "")])
        self.case_button = button("Take to review", self._guarded(lambda _: self._take()))
        self.case_link = widgets.HBox(layout=FIT)
        self.help = widgets.HBox(layout=ROW)
        self._stand(
            linked(way(HERE, self.policy)), self.which, widgets.HBox(choice, layout=ROW),
            self.message, self.help, self.answer,
            _title("What changes, in sentences"), self.words,
            _title("Which is stricter"), self.proof,
            _title("Whom it moves"), self.effect, self.shares,
            widgets.HBox([self.groups_button], layout=ROW), self.groups,
            widgets.HBox([self.case, self.case_button, self.case_link], layout=ROW),
            _title("The report of the two"), self.report_row, self.report_at, self.takeaway.box,
        )  # fmt: skip

    # What hands do ----------------------------------------------------------------------------------------------------

    def choose(self, before: str, after: str) -> None:
        """Compare these two, as a person would choose them; ProblemsFound where one is not on the desk."""
        mine, other = (policy_of(key, self.policy.id) for key in (before, after))
        if mine != other:
            raise refuse("document", after, f"is of {other}; only versions of one policy ({mine}) can be compared")
        policy = self._policy(mine)
        keys = [own(policy, key) for key in (before, after)]
        known = {document.key for document in documents(policy)}
        for key in keys:
            if key not in known:
                raise refuse("document", key, f"is no version or kept draft of {mine}")
        self._turn_to(mine)
        self._put(*keys)
        self._guarded(self._refresh)()

    def _other(self, name: str) -> None:
        """Another policy, with what there is of it to compare."""
        try:
            self._turn_to(name)
        finally:
            self._list_documents()
        self._put(*first_pair(self.policy, self.documents))
        self._refresh()

    def _policy(self, name: str) -> Policy:
        """A policy by its id: the one that the notebook was opened with, else the version that its name means."""
        home, _ = self._home
        return next((one for one in (self.policy, home) if one.id == name), None) or load(name)

    def _turn_to(self, name: str) -> None:
        """A policy and its cases; ProblemsFound where it cannot be used, and then nothing has changed."""
        policy, (home, cases) = self._policy(name), self._home
        if policy is not self.policy:
            self._uncounted, self.cases = "", cases
            if policy is not home:
                self.cases = self._drawn(policy)
            self.policy, self._shelf = policy, Shelf(policy)
        self._list_documents()

    def _drawn(self, policy: Policy) -> Caseload | None:
        """Cases of a policy's own population, as many as those of the notebook; None where it has none."""
        _, cases = self._home
        try:
            return cases_of(policy, default_for(policy), cases.size if cases.drawn else 10_000, cases.seed or 1)
        except ProblemsFound as found:
            self._uncounted = str(found)
            return None

    def swap(self) -> None:
        """Before in the place of after."""
        self._put(self.after.value, self.before.value)
        self._refresh()

    def _put(self, before: str, after: str) -> None:
        with self.by_itself():
            self.before.value, self.after.value = before, after

    def readback(self) -> str:
        """What the panel shows, in words."""
        self._settle()
        parts = [*self._said.values(), plain(self.words.value), plain(self.proof.value)]
        if self._effect and self._effect.shares:
            parts += [plain(self.effect.value), plain(self.shares.value)]
        return "\n".join(filter(None, [self.pair(), *parts])) or _ONE

    def pair(self) -> str:
        """The two documents in a line, or why there is nothing to compare."""
        if not self._sides:
            return _ONE if len(self.documents) == 1 else _SAME
        return f"Before: {self._sides[0].label}. After: {self._sides[1].label}."

    def _words(self) -> str:
        return self.answer.value + self.words.value + self.proof.value + self.effect.value + self.shares.value

    # What eyes see ----------------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Open both, say what differs at once, and work the rest out beside."""
        self._clear()
        self._read = self._written()
        if self.before.value == self.after.value:
            self._say(f"<p>{esc(_ONE if len(self.documents) == 1 else _SAME)}</p>")
            self.help.children = (
                link("5_author_a_draft", "Author a draft"),
                link("2_tweak_thresholds", "Tweak thresholds"),
            )
            return
        known = {document.key: document for document in self.documents}
        try:
            sides = [side(self.policy, known[hand.value]) for hand in (self.before, self.after)]
        except ProblemsFound as found:
            self._complain(f"These two cannot be compared yet: {found}")
            self.help.children = (
                link("6_check_a_draft", "Check the draft"),
                link("5_author_a_draft", "Author the draft"),
            )
            return
        self._sides = (sides[0], sides[1])
        self._tell_words()
        self.report_button.disabled = self.groups_button.disabled = self.cases is None
        self._measure()

    def _clear(self) -> None:
        self._sides = self._effect = None
        self.takeaway.clear()
        self._errands.clear()
        self._said.clear()
        self.message.value = self.alert.value = ""
        self.help.children = self.case_link.children = ()
        self.report_row.children = (self.report_button,)
        for part in (self.answer, self.words, self.proof, self.effect, self.shares, self.groups, self.report_at):
            part.value = ""
        self.case.options = [("not counted yet", "")]
        for hand in (self.case, self.case_button, self.report_button, self.groups_button):
            hand.disabled = True

    def _settings(self) -> tuple[Any, Any]:
        assert self._sides
        return self._sides[0].policy.settings(), self._sides[1].policy.settings()

    def _tell_words(self) -> None:
        before, after = self._settings()
        found = entries(before, after)
        decide = [entry for entry in found if entry.group == DECIDES]
        kinds = dict.fromkeys(entry.section.lower() for entry in decide)
        told = counted(len(decide), "entry that may decide a case differs", "entries that may decide a case differ")
        told = f"{told} ({', '.join(kinds)})" if decide else "No entry that may decide a case differs"
        self.words.value = live(redline(before, after))
        rest = len(found) - len(decide)
        other = f"; {counted(rest, 'other entry', 'other entries')} of wording and sources" if rest else ""
        self._tell("words", f"{told}{other}.")

    def _tell(self, name: str, sentence: str) -> None:
        """The answer in a sentence for each question, as far as it is known."""
        self._said[name] = sentence
        self.answer.value = live(f"<div role='status'>{bullets(map(esc, self._said.values()))}</div>")

    def _measure(self) -> None:
        before, after = self._settings()
        cases = self.cases
        if cases is None:
            self.effect.value = live(f'<div class="alert" role="alert">No cases to count: {esc(self._uncounted)}</div>')
            self._prove()
            return
        self.effect.value = live("<p role='status'>Counting the cases …</p>")
        self.proof.value = live("<p role='status'>Waiting for the cases …</p>")
        assert self._sides
        sides = (self._sides[0].short, self._sides[1].short)
        work = problems_told(lambda far: effect(before, after, cases, far, sides))
        self._errand("effect", work, self._measured)

    def _measured(self, found: Effect | str) -> None:
        if isinstance(found, str):
            self.effect.value = live(found)
        else:
            self._effect = found
            self.effect.value = live(found.html())
            self._tell("cases", found.finding)
            moving = records(found.examples)
            self.case.options = [(label_of(case), case["case_id"]) for case in moving] or [("no case moves", "")]
            elsewhere = self.policy.id != self._home[0].id
            self.case.disabled = self.case_button.disabled = not moving or elsewhere
            self.case_link.children = (shown_html(_ELSEWHERE),) if moving and elsewhere else ()
        self._prove()

    def _prove(self) -> None:
        before, after = self._settings()
        self.proof.value = live("<p role='status'>Proving …</p>")
        self._errand("proof", problems_told(lambda far: relation(before, after, far)), self._proved, self._proving)

    def _proving(self, done: int, of: int) -> None:
        told = f"Proving, pathway by pathway: {done} of {of} kinds of requests done. Choosing another document ends it."
        self.proof.value = live(f"<progress max='{of}' value='{done}'></progress> {told}")

    def _proved(self, found: Proof | str) -> None:
        if isinstance(found, str):
            self.proof.value = live(found)
        else:
            self.proof.value = live(proven(found, *self._settings()))
            self._tell("proof", verdict(found))
        if self._effect and self._effect.shares:
            study = self._effect.study
            self.shares.value = live("<p role='status'>Sharing the change out …</p>")
            self._errand("shares", problems_told(lambda far: share_of_changes(study).html), self._shared)
        else:
            self._let_stand()

    def _shared(self, html: str) -> None:
        self.shares.value = live(f"<h3>By change</h3>{html}")
        self._let_stand()

    # Looking closer -------------------------------------------------------------------------------------------------

    def _who(self) -> None:
        if self._effect is None:
            self._say("<p>The cases are still being counted.</p>")
            return
        from notebooks.closer import who_is_reached  # here, as nobody should wait for what draws figures

        study = self._effect.study
        self.groups.value = live("<p role='status'>Counting group by group …</p>")
        self._errand("groups", problems_told(lambda far: who_is_reached(study)), self._reached)

    def _reached(self, html: str) -> None:
        self.groups.value = live(f'<div role="region" aria-label="Who gains and who loses">{html}</div>')

    def _take(self) -> None:
        """The case goes to the notebook that reviews one."""
        hand_over("3_review_a_case", document=named(self.policy, self.after.value), case_id=self.case.value)
        self.case_link.children = (link("3_review_a_case", "Open it: Review a case", go=True),)

    def _report(self) -> None:
        """The report of the two versions, made as a terminal would; it takes a while, the hands stay free."""
        assert self._sides
        draft = next((one for one in self._sides if one.draft), None)
        if draft:
            said = f"{esc(draft.label)}: save it as a version first; the report is then of two versions."
            self.report_at.value = live(f'<div class="alert" role="alert">{said}</div>')
            hand_over("5_author_a_draft", draft=draft.key)
            self.report_row.children = (self.report_button, link("5_author_a_draft", "Author the draft, and save it"))
            return
        assert self.cases
        report = command_of_two(self._sides[0].policy, self._sides[1].policy, self.cases)
        self.report_button.disabled = True
        self.report_at.value = live("<p role='status'>Making the report: half a minute …</p>")
        self._beside(lambda: make_report(report), lambda wrong: self._reported(report, wrong))

    def _reported(self, report: Report, wrong: str) -> None:
        self.report_button.disabled = False
        told = f'<div class="alert" role="alert">No report: {esc(wrong)}</div>' if wrong else reported(report)
        self.report_at.value = live(f"<div role='status'>{told}</div>")


def _title(text: str) -> Any:
    return widgets.HTML(live(f"<h2>{esc(text)}</h2>"), layout=WIDE)
