"""Every notebook runs from top to bottom, and the outputs it shows are those of this version."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS_PER_CELL = 300

pytestmark = pytest.mark.notebooks


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell: nbformat.NotebookNode) -> str:
    """The text that a cell shows: streams and plain results, without pictures."""
    parts = []
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            parts.append(output.text)
        elif not any(kind.startswith("image/") for kind in data):
            parts.append(data.get("text/plain", ""))
    return "".join(parts)


def execute(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Run a copy in an empty folder; a cell that raises fails the test with its traceback."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute()


@pytest.fixture(autouse=True)
def quiet_jupyter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Jupyter's own folders stay out of the home directory; the kernel is this interpreter."""
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    shown = code_cells(read(path))
    fresh = code_cells(execute(path, tmp_path))
    assert [cell.execution_count for cell in shown] == list(range(1, len(shown) + 1)), "commit it as executed"
    if not read(path).metadata.get("exact_outputs", False):
        return
    for old, new in zip(shown, fresh, strict=True):
        advice = f"stale: run jupyter execute --inplace {path.name}; the cell\n{new.source}"
        assert printed(old) == printed(new), advice


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_defines_nothing_reusable(path: Path) -> None:
    for cell in code_cells(read(path)):
        for line in cell.source.splitlines():
            assert not line.startswith(("def ", "class ", "async def ")), line


def test_a_failing_cell_fails(tmp_path: Path) -> None:
    """The control: an assertion inside a notebook is noticed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("assert 1 == 2")])
    path = tmp_path / "wrong.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(Exception, match="AssertionError"):
        execute(path, tmp_path)
