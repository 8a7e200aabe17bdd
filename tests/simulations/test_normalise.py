from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook, new_output

from simulations.runs import run
from simulations.runs.normalise import WIDGET_VIEW, executed, normalised, written


def one_cell(source: str = "", outputs: list[nbformat.NotebookNode] | None = None) -> nbformat.NotebookNode:
    cell = new_code_cell(source, outputs=outputs or [], execution_count=1, id="only")
    cell.metadata.update(
        tags=["parameters"], execution={"iopub.execute_input": "2026-01-01T00:00:00Z"}, papermill={"a": 1}
    )
    return new_notebook(
        cells=[cell],
        metadata={"papermill": {"start_time": "x"}, "language_info": {"name": "python", "version": "3.11.7"}},
    )


def test_clocks_versions_and_widget_state_go_and_tags_stay():
    plain = normalised(one_cell("1 + 1"))
    assert plain.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert plain.cells[0].metadata == {"tags": ["parameters"]}
    assert plain.cells[0].execution_count == 1


def test_widget_view_goes_and_its_text_stays():
    both = new_output("display_data", data={WIDGET_VIEW: {"model_id": "f00"}, "text/plain": "HTML(value='12 %')"})
    alone = new_output("display_data", data={WIDGET_VIEW: {"model_id": "f00"}})
    text = new_output("stream", name="stdout", text="12 %\n")
    outputs = normalised(one_cell("show()", [both, alone, text])).cells[0].outputs
    assert [output.output_type for output in outputs] == ["display_data", "stream"]
    assert outputs[0].data == {"text/plain": "HTML(value='12 %')"}


def test_the_given_notebook_is_left_alone():
    given = one_cell("1 + 1")
    before = nbformat.writes(given)
    normalised(given)
    assert nbformat.writes(given) == before


def test_executing_twice_gives_the_same_bytes(tmp_path: Path):
    (tmp_path / "beside.txt").write_text("42")
    once = normalised(executed(one_cell("print(open('beside.txt').read())\n6 * 7"), tmp_path))
    assert [output.get("text") or output.data["text/plain"] for output in once.cells[0].outputs] == ["42\n", "42"]
    assert written(normalised(executed(once, tmp_path))) == written(once)


def test_a_failing_cell_is_an_error(tmp_path: Path):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        executed(one_cell("1 / 0"), tmp_path)


LATE = """
from IPython.display import HTML
shell = get_ipython()
thread, events = shell.kernel.iopub_thread, shell.events
send = thread._really_send
thread._really_send = lambda *told, **how: thread.io_loop.call_later(6, lambda: send(*told, **how))
events.register("pre_execute", lambda: setattr(thread, "_really_send", send))
HTML("<p>told late</p>")
"""


@pytest.mark.parametrize("way", ["a committed notebook", "a report"])
def test_what_a_busy_kernel_tells_late_is_not_lost(tmp_path: Path, way: str):
    notebook = one_cell(LATE)
    if way == "a report":
        ran = run._executed(notebook, {}, tmp_path, tmp_path / "checkpoint", False, "own")
    else:
        ran = executed(notebook, tmp_path)
    assert [output.data["text/html"] for output in ran.cells[-1].outputs] == ["<p>told late</p>"]
