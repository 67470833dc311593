"""Markdown from data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def cell(text: object) -> str:
    """One line that no sign of it can break out of."""
    return str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", "; ").replace("<", "&lt;")


def code(text: object) -> str:
    """A code span in a table's cell."""
    return "`" + str(text).replace("|", "\\|").replace("\n", " ") + "`"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n"
