"""A callback of a panel that fails: it is told, what is shown is marked as old, and one click tries again."""

import pytest

from notebooks.frame import Frame, button, shown_html
from notebooks.page import plain


class Counter(Frame):
    """A panel that cannot count while it is `broken`."""

    def __init__(self) -> None:
        super().__init__()
        self.broken, self.count = False, 0
        self.add = button("Add one", self._guarded(lambda _: self._add()))
        self.number = shown_html("0")
        self._stand(self.add, self.number)

    def _add(self) -> None:
        if self.broken:
            raise RuntimeError("no <b>such</b> number")
        self.count += 1
        self.alert.value, self.number.value = "", str(self.count)


@pytest.fixture
def panel() -> Counter:
    return Counter()


def old(panel: Counter) -> bool:
    assert panel.add.layout.display != "none"
    shown = panel.retry.layout.display != "none"
    assert shown == ("nbw-old" in panel.view._dom_classes) == bool(panel.alert.value)
    return shown


def test_what_failed_is_tried_again_by_one_click(panel: Counter):
    assert not old(panel)
    panel.broken = True
    panel.add.click()
    assert old(panel)
    assert "older than what you did last" in plain(panel.alert.value)
    assert "<b>such" not in panel.alert.value
    panel.retry.click()
    assert old(panel)
    panel.broken = False
    panel.retry.click()
    assert not old(panel)
    assert panel.number.value == "1"


def test_a_later_success_marks_it_new(panel: Counter):
    panel.broken = True
    panel.add.click()
    panel.broken = False
    panel.add.click()
    assert not old(panel)
    panel.retry.click()  # nothing is left to try
    assert panel.count == 1
