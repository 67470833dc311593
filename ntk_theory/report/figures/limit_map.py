"""The map problem × s: the predicted limit as the colour of a cell, the observed one as a mark in it.

Where both agree the mark is quiet; where they do not, it is large, in its own colour, and framed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ntk_theory.errors import InputError
from ntk_theory.report.figures.palette import INK, block_title, headline
from ntk_theory.report.figures.zoo_map import COLOURS, MEANINGS
from ntk_theory.report.rows import LimitCell, StudyAnswer, varied
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.theory.exponents import Limit
from ntk_theory.visible import visible

BLOCKS = ("bb", "bf", "ff")
ALARM = "#e6007e"
_ROW = 0.24
_LABEL = 2.3


@dataclass(frozen=True)
class MapRow:
    """One answer: its label and its cells by block and s."""

    label: str
    cells: dict[tuple[str, Fraction], LimitCell]


def map_rows(every: Sequence[StudyAnswer]) -> tuple[MapRow, ...]:
    """The rows of some answers; settings that differ within a problem are part of the label."""
    rows = []
    for answer in every:
        group = [other for other in every if other.problem == answer.problem]
        label = f"{answer.problem}  {answer.described(varied(group))}".strip()
        rows.append(MapRow(label, {(c.block, c.s): c for c in answer.limits}))
    return tuple(rows)


def draw_limit_map(rows: Sequence[MapRow], title: str = "") -> Figure:
    """One row per answer, one panel per block, s from left to right; other blocks in a last panel.

    A problem with groups beyond values and equations has more pairs than three: the last panel shows,
    per s, how many of those are decided, and frames the cell where any disagrees.
    """
    if not rows:
        raise InputError(
            "rows is empty; the map needs at least one answer, such as map_rows(answers([result]))"
        )
    exponents = sorted({s for row in rows for _, s in row.cells})
    blocks = [b for b in BLOCKS if any((b, s) in row.cells for row in rows for s in exponents)]
    has_others = any(block not in BLOCKS for row in rows for block, _ in row.cells)
    columns = [*blocks, *(["other pairs"] if has_others else [])]
    width = _LABEL + 0.54 * len(exponents) * len(columns) + 0.25 * len(columns)
    head, foot = 1.0, 0.85
    height = _ROW * len(rows) + head + foot
    figure = Figure(figsize=(max(width, 8.0), height), dpi=110, facecolor="white")
    panels = figure.subplots(1, len(columns), squeeze=False, sharey=True)[0]
    figure.subplots_adjust(
        left=_LABEL / figure.get_figwidth(), right=0.995, top=1 - head / height, bottom=foot / height,
        wspace=0.05,
    )  # fmt: skip
    for axes, block in zip(panels, columns, strict=True):
        _axes(axes, block, exponents, len(rows))
        for y, row in enumerate(rows):
            for x, s in enumerate(exponents):
                if block == "other pairs":
                    _others(
                        axes, x, y, [c for (b, at), c in row.cells.items() if b not in BLOCKS and at == s]
                    )
                elif (block, s) in row.cells:
                    _cell(axes, x, y, row.cells[block, s])
    for y, row in enumerate(rows):
        panels[0].text(
            -0.15,
            y + 0.5,
            visible(row.label),
            ha="right",
            va="center",
            fontsize=8.5,
            color=INK,
            parse_math=False,
        )
    _legend(figure, rows, title)
    return figure


def _axes(axes: Axes, block: str, exponents: Sequence[Fraction], rows: int) -> None:
    axes.set_xlim(0, len(exponents))
    axes.set_ylim(rows, 0)
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_xticks([x + 0.5 for x in range(len(exponents))], [str(s) for s in exponents], fontsize=8.5)
    axes.tick_params(
        top=True, labeltop=True, bottom=False, labelbottom=False, length=0, pad=3, labelcolor=INK
    )
    name = block if block == "other pairs" else block_title(block)
    axes.set_title(name, fontsize=12, color=INK, loc="left", pad=8)


def _cell(axes: Axes, x: float, y: float, cell: LimitCell) -> None:
    known = cell.outcome is not Outcome.NOT_APPLICABLE
    predicted = Limit(cell.predicted) if known else Limit.UNDECIDED
    axes.add_patch(_rectangle(x, y, COLOURS[predicted]))
    _mark(axes, x + 0.5, y + 0.5, cell)
    if cell.outcome is Outcome.REFUTED:
        _alarm(axes, x, y)


def _rectangle(x: float, y: float, colour: str) -> Rectangle:
    return Rectangle((x + 0.03, y + 0.06), 0.94, 0.88, facecolor=colour, edgecolor="none")


def _alarm(axes: Axes, x: float, y: float) -> None:
    frame = Rectangle((x + 0.03, y + 0.05), 0.94, 0.9, facecolor="none", edgecolor=ALARM, linewidth=2.4)
    frame.set_zorder(3)
    axes.add_patch(frame)


def _mark(axes: Axes, x: float, y: float, cell: LimitCell) -> None:
    if cell.outcome is Outcome.SUPPORTED:
        axes.plot([x], [y], **_AGREES)
    elif cell.outcome is Outcome.UNDECIDED:
        axes.plot([x], [y], **_OPEN)
    elif cell.outcome is Outcome.REFUTED:
        axes.plot([x], [y], **(_DIFFERS | {"markerfacecolor": COLOURS[Limit(cell.observed)]}))


_DOT: dict[str, Any] = {"marker": "o", "linestyle": "none"}
_AGREES = {**_DOT, "markersize": 4.6, "markerfacecolor": INK, "markeredgewidth": 0}
_OPEN = {**_DOT, "markersize": 5.2, "markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 0.9}
_DIFFERS = {**_DOT, "markersize": 8.5, "markeredgecolor": INK, "markeredgewidth": 1.2, "zorder": 4}


def _others(axes: Axes, x: float, y: float, cells: Sequence[LimitCell]) -> None:
    tested = [c for c in cells if c.outcome is not Outcome.NOT_APPLICABLE]
    if not tested:
        return
    agreeing = sum(c.outcome is Outcome.SUPPORTED for c in tested)
    axes.add_patch(_rectangle(x, y, "#f1f1f3"))
    axes.text(x + 0.5, y + 0.53, f"{agreeing}/{len(tested)}", ha="center", va="center", fontsize=7, color=INK)
    if any(c.outcome is Outcome.REFUTED for c in tested):
        _alarm(axes, x, y)


def _legend(figure: Figure, rows: Sequence[MapRow], title: str) -> None:
    cells = [cell for row in rows for cell in row.cells.values()]
    seen = {c.predicted for c in cells} | {c.observed for c in cells if c.outcome is Outcome.REFUTED}
    handles: list[Patch | Line2D] = [
        Patch(facecolor=colour, label=MEANINGS[limit]) for limit, colour in COLOURS.items() if limit in seen
    ]
    marks: list[Patch | Line2D] = [
        Line2D([], [], **_AGREES, label="networks agree"),
        Line2D([], [], **_OPEN, label="too few networks to tell"),
    ]
    if any(cell.outcome is Outcome.REFUTED for cell in cells):
        marks.append(
            Line2D([], [], **_DIFFERS, markerfacecolor="white", label="networks disagree: in the colour")
        )
        marks.append(Patch(facecolor="none", edgecolor=ALARM, linewidth=2, label="… of what they show"))
    inches = figure.get_figheight()
    headline(figure, title, 13)
    for place, found in ((0.62, handles), (0.34, marks)):
        figure.legend(
            handles=found, loc="center left", bbox_to_anchor=(0.006, place / inches), ncols=len(found),
            frameon=False, fontsize=8.5, handlelength=1.1, columnspacing=1.3, handletextpad=0.5,
        )  # fmt: skip
