"""The frame that every panel stands in: callbacks that show their faults, words that a screen reader speaks, slow work
beside the hands, and the last answer for a reader who has no kernel.

Text of a policy or case reaches a widget escaped, or through a trait that shows it literally. Descriptions of widgets
are set with our own words only, because Lab reads mathematics between dollar signs in them.
"""

import asyncio
import functools
import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from notebooks import answer
from notebooks.controls import FIT, GROW, WIDE, as_label
from notebooks.page import esc
from policy.problems import ProblemsFound
from policy.reading.workspace import SERVED

__all__ = ["Frame", "button", "drop_down", "link", "linked", "live", "problems_told", "shown_html", "tick_box"]

Work = Callable[[Callable[..., None]], Any]
_log = logging.getLogger(__name__)
_LOOKS = 0.5  # seconds between two looks at what other notebooks did
_VIEW = "application/vnd.jupyter.widget-view+json"


def live(html: str) -> str:
    """Ready HTML as a part of a panel."""
    return f'<div class="nbw mathjax_ignore live">{html}</div>'


def shown_html(html: str = "", height: str = "") -> Any:
    """A widget that shows ready HTML in the look of the panels; `height`: with a scroll bar of its own above that."""
    layout = widgets.Layout(width="100%", min_width="0", max_height=height, overflow="hidden auto") if height else WIDE
    return widgets.HTML(live(html) if html else "", layout=layout)


def button(text: str, act: Callable[..., None], tooltip: str = "") -> Any:
    """A button with our own words; `act` should be guarded by its panel."""
    made = widgets.Button(description=text, layout=FIT, tooltip=tooltip or text)
    made.on_click(act)
    return made


def drop_down(label: str, options: Any, layout: Any = GROW) -> Any:
    """A list to choose from, with our own words before it, which a screen reader says: a tooltip alone it does not."""
    style = {"description_width": "initial"}
    return widgets.Dropdown(options=options, description=label, style=style, layout=layout)


def tick_box(text: str, on: bool = False) -> Any:
    """A box to tick with any text as its name, in which Lab finds no mathematics."""
    return widgets.Checkbox(on, description=as_label(text), indent=False, layout=WIDE)


def link(notebook: str, text: str, go: bool = False) -> Any:
    """A widget with a link to a notebook beside this one, which Lab opens in a tab of its own.

    `go`: the page follows it by itself where a hand has just asked for it (names.js); elsewhere it waits for a click.
    """
    return linked(f'<a{" class=nbw-go" if go else ""} href="{esc(notebook)}.ipynb">{esc(text)}</a>')


def linked(html: str) -> Any:
    """A widget with ready HTML whose links lead to notebooks beside this one."""
    shown = widgets.Output(layout=FIT)
    html = f'<div class="nbw mathjax_ignore">{html}</div>'
    shown.outputs = ({"output_type": "display_data", "data": {"text/html": html}, "metadata": {}},)
    return shown


class Overtaken(Exception):
    """Other work has taken the place of this one."""


def problems_told(work: Work) -> Work:
    """The work of an errand, with its problems as ready HTML in the place of what it gives."""

    def done(far: Callable[..., None]) -> Any:
        try:
            return work(far)
        except ProblemsFound as found:
            return f'<div class="alert" role="alert">{esc(found)}</div>'

    return done


def _running() -> asyncio.AbstractEventLoop | None:
    """The event loop in which this is called, as in a kernel; None: nobody could be answered later."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Frame:
    """A panel builds its parts, gives them to `_stand`, and says what it shows in `readback`.

    `alert` tells of faults, `message` of what was done; both are read out by a screen reader.
    """

    def __init__(self) -> None:
        self.alert, self.message = (widgets.HTML(layout=WIDE) for _ in "12")
        self.alert.observe(lambda _: self._mark_old(), "value")
        self.retry = button("Try again", lambda _: self._try_again())
        self.retry.layout = widgets.Layout(width="auto", flex="0 0 auto", display="none")  # FIT is of all buttons
        self._failing: Callable[[], None] | None = None  # what went wrong last
        self.view: Any = None
        self._lock = threading.RLock()
        self._quiet = False  # while the panel itself moves a hand
        self._turn = 0  # of the hands
        self._still: tuple[Any, str] | None = None
        self._errands: dict[str, tuple[Work, Callable[[Any], object]]] = {}  # what is being worked out

    def readback(self) -> str:
        """What the panel shows, in words."""
        raise NotImplementedError

    def _stand(self, *parts: Any) -> None:
        """The parts of the panel, from the top."""
        look = widgets.HTML(answer.LOOK + answer.HANDS + answer.STANDS, layout=widgets.Layout(height="0", margin="0"))
        self.view = widgets.VBox([look, self.alert, self.retry, *parts], layout=WIDE).add_class("nbw-live")

    # Callbacks --------------------------------------------------------------------------------------------------------

    def _guarded(self, act: Callable[..., object]) -> Callable[..., None]:
        """Every callback runs in here: one at a time, and a fault is shown, for nobody would see it otherwise."""

        @functools.wraps(act)
        def guarded(*event: Any) -> None:
            with self._lock:
                if self._quiet:
                    return
                try:
                    act(*event)
                except ProblemsFound as found:
                    self._complain(str(found))
                except Exception as error:
                    _log.exception("a callback of a panel failed")
                    self._failing = functools.partial(guarded, *event)
                    self._failed(error)

        return guarded

    @contextmanager
    def by_itself(self) -> Iterator[None]:
        """While it runs, the panel itself moves a hand: no callback answers."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def _failed(self, error: Exception) -> None:
        """Say that what is shown is older than what the hands say."""
        words = esc(f"{type(error).__name__}: {error}"[:300])
        said = f"What is shown below is older than what you did last, because something went wrong. {words}"
        self.alert.value = live(f'<div class="alert" role="alert">{said}</div>')

    def _mark_old(self) -> None:
        """While there is an alert, all that is shown is grey, and a button tries again what went wrong."""
        self._failing = self._failing if self.alert.value else None
        if self.view is not None:
            (self.view.add_class if self.alert.value else self.view.remove_class)("nbw-old")
            self.retry.layout.display = "" if self._failing else "none"

    def _try_again(self) -> None:
        act, self.alert.value = self._failing, ""
        if act:
            act()

    def _say(self, html: str) -> None:
        """Ready HTML about what was done."""
        self.message.value = live(f'<div role="status">{html}</div>')

    def _complain(self, said: str) -> None:
        self.message.value = live(f'<div class="alert" role="alert">{esc(said)}</div>')

    def _beside(self, work: Callable[[], Any], done: Callable[[Any], object]) -> None:
        """Run slow work in a thread while the hands stay free, then `done` with what it gives.

        Without an event loop nobody waits, and it runs at once.
        """
        loop = _running()
        if loop is None:
            done(work())
            return
        loop.run_in_executor(None, work).add_done_callback(self._guarded(lambda future: done(future.result())))

    def _errand(
        self, name: str, work: Work, done: Callable[[Any], object], told: Callable[..., object] | None = None
    ) -> None:
        """Slow work beside the hands, in the place of an earlier errand of that name; `done` gets what it gives.

        `work` is given a function to call now and then with how far it is, which `told` then says; it ends work that
        was overtaken. Outside Lab it is done at once, so that runs stay equal.
        """
        self._errands[name] = errand = (work, done)
        loop = _running()
        if loop is None or SERVED not in os.environ:
            self._settle()
            return

        def far(*how: Any) -> None:
            if self._errands.get(name) is not errand:
                raise Overtaken
            if told:
                loop.call_soon_threadsafe(self._guarded(lambda: self._errands.get(name) is errand and told(*how)))

        def ended(future: Any) -> None:
            failed = future.exception()
            if self._errands.get(name) is errand:
                del self._errands[name]
                if failed:
                    raise failed
                done(future.result())

        loop.run_in_executor(None, work, far).add_done_callback(self._guarded(ended))

    def _settle(self) -> None:
        """Wait for what is being worked out beside."""
        while self._errands:
            work, done = self._errands.pop(next(iter(self._errands)))
            done(work(lambda *_: None))

    def _keep_up(self, look: Callable[[], object]) -> None:
        """In Lab call `look` now and then, for what other notebooks did meanwhile; it is dropped with its panel."""
        loop = _running()
        if loop is None or SERVED not in os.environ:
            return
        kept = weakref.WeakMethod(look)

        def again() -> None:
            if panel_looks := kept():
                self._guarded(panel_looks)()
                loop.call_later(_LOOKS, again)

        loop.call_later(_LOOKS, again)

    def _once_rested(self, act: Callable[[int], object], pause: float) -> bool:
        """Let the present answer stand, and `act` on it, once no later turn came within `pause` seconds; True.

        `act` gets the turn. Without an event loop nobody goes on: the answer stands, and no more is done; False.
        """
        self._turn += 1
        loop, turn = _running(), self._turn
        if loop is None:
            self._let_stand()
            return False

        def rested() -> None:
            if turn == self._turn:
                self._guarded(self._let_stand)()
                self._guarded(act)(turn)

        loop.call_later(pause, rested)
        return True

    # The last answer --------------------------------------------------------------------------------------------------

    def _ipython_display_(self) -> None:
        """The answer as text, which stands where no kernel does, and the live panel, which hides it."""
        first = self._standing()
        self._still = (display(first, raw=True, display_id=True), first["text/html"])
        display({_VIEW: (self.view._repr_mimebundle_() or {})[_VIEW]}, raw=True)

    def _comes_back(self) -> str:
        """What comes back when the notebook is run again, as the end of a sentence; empty: nothing was changed."""
        return ""

    def _words(self) -> str:
        """The present answer as ready HTML without a picture."""
        return f"<pre>{esc(self.readback())}</pre>"

    def _kept_words(self) -> str:
        """The same as text: what a notebook file keeps of the panel."""
        return self.readback()

    def _standing(self) -> dict[str, str]:
        """The present answer for a reader who has no kernel: marked as old, with how to go on."""
        note = (
            f'<p class="note"><b>An answer from before.</b> Nothing is running behind it, so nothing can be moved and '
            f"the numbers may be old. To go on: <b>Run &gt; Run All Cells</b>{self._comes_back()}.</p>"
        )
        still = f"{answer.LOOK}{answer.STANDS}<div class='nbw-still'>{live(note + self._words())}</div>"
        return {"text/plain": self._kept_words(), "text/html": still}

    def _let_stand(self) -> None:
        """What a reader without a kernel will see is the present answer from now on."""
        if self._still is not None and self._still[1] != (now := self._standing())["text/html"]:
            self._still[0].update(now, raw=True)
            self._still = (self._still[0], now["text/html"])
