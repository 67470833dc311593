"""What holds for every file of the package, so that there is one place for each thing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ntk_theory

PACKAGE = Path(ntk_theory.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
LINES = 400


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_the_files_are_found() -> None:
    assert len(FILES) > 150
    assert {"arrays.py", "kernels/gram.py", "cli/app.py"} <= {name(path) for path in FILES}


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    longer = {name(path) for path in FILES if len(path.read_text().splitlines()) > LINES}
    assert longer == set()


def array_types(path: Path) -> list[str]:
    """Where a file names ``NDArray``, the sign of an array type of its own."""
    return [
        f"{name(path)}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Name) and node.id == "NDArray")
        or (isinstance(node, ast.alias) and node.name == "NDArray")
        or (isinstance(node, ast.Attribute) and node.attr == "NDArray")
    ]


def test_array_types_have_one_place() -> None:
    assert array_types(PACKAGE / "arrays.py")
    assert [place for path in FILES if path.name != "arrays.py" for place in array_types(path)] == []


@pytest.mark.parametrize("room", ["errors", "symbolic", "theory"])
def test_the_exact_rooms_start_without_numpy(room: str) -> None:
    code = (
        f"import sys, ntk_theory.{room}; print([m for m in ('numpy', 'numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
