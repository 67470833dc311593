"""No file imports itself by way of others: a circle has no lowest file to read first.

Read from the sources, so that imports inside functions and under ``TYPE_CHECKING`` count like all others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import ntk_theory

PACKAGE = Path(ntk_theory.__file__).parent


def modules(root: Path) -> dict[str, Path]:
    """Dotted name → file, below a package."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules that a file imports, wherever the statement stands."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(part for part in (above, node.module or "") if part)
            for alias in node.names:
                inner = f"{base}.{alias.name}"  # a module, or a name that the base defines
                target = inner if inner in known else base
                if target in known and target != name:
                    yield target


def circle(graph: Mapping[str, frozenset[str]]) -> list[str]:
    """The names along one circle, the first repeated at the end; empty where there is none."""
    done: set[str] = set()
    for start in graph:
        path, stack = [start], [iter(sorted(graph[start]))]
        while stack and start not in done:
            step = next(stack[-1], None)
            if step is None:
                done.add(path.pop())
                stack.pop()
            elif step in path:
                return [*path[path.index(step) :], step]
            elif step not in done:
                path.append(step)
                stack.append(iter(sorted(graph[step])))
    return []


def graph_of(root: Path) -> dict[str, frozenset[str]]:
    known = modules(root)
    return {name: frozenset(imported(name, path, known)) for name, path in known.items()}


def test_the_whole_package_is_read() -> None:
    graph = graph_of(PACKAGE)
    assert len(graph) > 150
    assert "ntk_theory.studies.question.study" in graph["ntk_theory.studies.engine.store"]
    # One inside a function, one under TYPE_CHECKING.
    assert "ntk_theory.studies.engine.export" in graph["ntk_theory.studies.judging.result"]
    assert "ntk_theory.studies.judging.result" in graph["ntk_theory.cli.verify"]


def test_no_file_imports_itself_by_way_of_others() -> None:
    found = circle(graph_of(PACKAGE))
    assert not found, " → ".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "from toy.a import f",
        "import toy.a",
        "from toy import a",
        "from . import a",
        "from .a import f",
        "def g():\n    from toy.a import f",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.a import f",
    ],
)
def test_a_circle_is_found_and_named(tmp_path: Path, line: str) -> None:
    root = tmp_path / "toy"
    root.mkdir()
    for name, text in {"__init__": "", "a": "import toy.b", "b": "import toy.c", "c": line}.items():
        (root / f"{name}.py").write_text(text)
    assert circle(graph_of(root)) == ["toy.a", "toy.b", "toy.c", "toy.a"]


def test_a_diamond_is_no_circle() -> None:
    graph = {"a": frozenset("bc"), "b": frozenset("d"), "c": frozenset("d"), "d": frozenset[str]()}
    assert circle(graph) == []
