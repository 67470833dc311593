"""The map of the zoo: one row per problem, one panel per kernel block, s from left to right.

Measuring and drawing are two things: :func:`zoo_map_rows` classifies, :func:`draw_zoo_map` draws
whatever rows it is given. No global state of matplotlib is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sympy as sp
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ntk_theory.errors import InputError
from ntk_theory.report.figures.palette import headline
from ntk_theory.symbolic import Problem, zoo, zoo_names
from ntk_theory.theory import Classification, classify
from ntk_theory.theory.exponents import HALF, Limit, Regime
from ntk_theory.theory.sharp import SharpBlock
from ntk_theory.visible import visible

BLOCKS = ("bb", "bf", "ff")

#: One colour per limit class: calm where the kernel converges, warm where it does not. Told apart
#: by every common form of colour blindness, and by lightness in a grey print.
COLOURS = {
    Limit.ZERO: "#d9ecf5",
    Limit.DETERMINISTIC: "#6baed6",
    Limit.RANDOM: "#fdc65b",
    Limit.DIVERGES: "#c8513c",
    Limit.UNDECIDED: "#c9c9c9",
    Limit.UNDEFINED: "#8a8a8a",
}
MEANINGS = {
    Limit.ZERO: "converges to zero",
    Limit.DETERMINISTIC: "converges, deterministic",
    Limit.RANDOM: "random limit",
    Limit.DIVERGES: "diverges",
    Limit.UNDECIDED: "undecided",
    Limit.UNDEFINED: "undefined",
}
_INK = "#1d1d1f"
_PALE = "#ffffff"
_TEXT: dict[str, Any] = {"va": "center", "color": _INK}
_DOT: dict[str, Any] = {
    "marker": "o", "markersize": 4.2, "linestyle": "none", "markeredgecolor": _INK, "markeredgewidth": 1.0,
}  # fmt: skip
_ATTAINED = {**_DOT, "markerfacecolor": _INK}
_MISSED = {**_DOT, "markerfacecolor": _PALE}
_ABSENT = {**_DOT, "marker": "x", "markersize": 5, "markeredgewidth": 1.5}
_PAPER = {**_DOT, "marker": "D", "markersize": 7.5, "markerfacecolor": "none"}

#: The single value s = 1/2 is drawn as a band of this width, since its limit is a class of its own.
BAND = 0.09
LAST_S = 1.12
_ROW_INCHES = 0.185


@dataclass(frozen=True)
class ZooMapRow:
    """What one row of the map shows: a label, the section it stands in, a classification."""

    label: str
    section: str
    classification: Classification

    def block(self, name: str) -> SharpBlock | None:
        """The sharp answer of a block, ``None`` where the problem has no value group."""
        return self.classification.sharp.get(name)


def section_of(c: Classification) -> str:
    """The section of the map that a problem belongs to."""
    if len(c.problem.equations) > 1:
        return "systems"
    if all(leg.is_linear for group in c.problem.equations for leg in group.legs):
        return "linear"
    return {"A": "nonlinear, case A", "homogeneous": "nonlinear, homogeneous"}.get(
        c.paper.case, "nonlinear, no criterion"
    )


SECTIONS = (
    "linear",
    "nonlinear, homogeneous",
    "nonlinear, case A",
    "nonlinear, no criterion",  # the paper's does not apply, such as without an output bias
    "systems",
)


def zoo_map_rows(
    problems: Iterable[str | Problem] | None = None, *, output_bias: str = "zero", activation: str = "tanh"
) -> tuple[ZooMapRow, ...]:
    """Classify problems and sort them for the map: by section, then by name.

    ``problems`` are zoo names or problems with a name; by default the whole zoo.
    """
    rows = []
    for what in zoo_names() if problems is None else problems:
        problem = zoo(what) if isinstance(what, str) else what
        c = classify(problem, output_bias=output_bias, activation=activation)
        rows.append(ZooMapRow(problem.name or problem.title or "operator", section_of(c), c))
    return tuple(sorted(rows, key=lambda row: (SECTIONS.index(row.section), row.label)))


def draw_zoo_map(rows: Sequence[ZooMapRow]) -> Figure:
    """Draw the map of the rows, in the order given.

    Each panel is one kernel block; s grows to the right, and s = 1/2 is widened to a band. Colour is
    the class of the limit, the text the exponent of N in the typical size of ‖K‖. A dot marks the sharp
    threshold [D] (filled: attained, open: not attained), a diamond the paper's [ZY], a cross the
    absence of any threshold.

    Raises
    ------
    InputError
        No rows.
    """
    if not rows:
        raise InputError("rows is empty; the map needs at least one problem, such as zoo_map_rows(['kdv'])")
    sections = [(name, list(members)) for name, members in groupby(rows, key=lambda row: row.section)]
    heights = [len(members) + 1.25 for _, members in sections]
    total = sum(heights)
    head, foot = 1.3, 0.62
    figure = Figure(figsize=(12.5, total * _ROW_INCHES + head + foot), dpi=96, facecolor="white")
    inches = figure.get_figheight()
    panels = figure.subplots(1, len(BLOCKS), sharey=True)
    figure.subplots_adjust(left=0.165, right=0.99, top=1 - head / inches, bottom=foot / inches, wspace=0.035)
    for axes, block in zip(panels, BLOCKS, strict=True):
        _panel(axes, block, total)
    top = 0.0
    for (name, members), height in zip(sections, heights, strict=True):
        panels[0].text(-0.02, top + 0.7, name, ha="right", fontsize=8.5, fontweight="bold", **_TEXT)
        for number, row in enumerate(members):
            y = top + 1.25 + number
            panels[0].text(
                -0.02, y + 0.5, visible(row.label), ha="right", fontsize=8, **_TEXT, parse_math=False
            )
            for axes, block in zip(panels, BLOCKS, strict=True):
                _strip(axes, y, row, block)
        top += height
    _legend(figure, rows, inches)
    return figure


def place(s: sp.Expr | float) -> float:
    """Where s stands on the axis: everything above 1/2 is moved by the width of the band."""
    value = float(s)
    if value == 0.5:
        return 0.5 + BAND / 2
    return min(value, LAST_S) + (BAND if value > 0.5 else 0.0)


def _panel(axes: Axes, block: str, total: float) -> None:
    axes.set_xlim(0, LAST_S + BAND)
    axes.set_ylim(total, 0)
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    ticks = {"0": 0, "1/4": 0.25, "1/2": 0.5, "2/3": 2 / 3, "3/4": 0.75, "5/6": 5 / 6, "1": 1}
    axes.set_xticks([place(s) for s in ticks.values()], list(ticks), fontsize=8, color=_INK)
    axes.tick_params(top=True, labeltop=True, length=2.5, pad=2, color="#777777")
    axes.set_xlabel("output exponent s", fontsize=8, color=_INK, labelpad=2)
    meaning = {"bb": "values", "bf": "values × residual", "ff": "residual"}[block]
    axes.set_title(f"$K_{{{block}}}$  {meaning}", fontsize=11, color=_INK, pad=8, loc="left")


def _strip(axes: Axes, y: float, row: ZooMapRow, name: str) -> None:
    block = row.block(name)
    if block is None:
        axes.text(place(HALF), y + 0.5, "no value group", fontsize=7, ha="center", **_TEXT)
        return
    for regime in block.regimes:
        _cell(axes, y, regime)
    _thresholds(axes, y + 0.5, block, row.classification.paper.threshold(name))


def _cell(axes: Axes, y: float, regime: Regime) -> None:
    left, right = _ends(regime)
    colour = COLOURS[regime.limit]
    axes.add_patch(Rectangle((left, y + 0.06), right - left, 0.88, facecolor=colour, edgecolor="none"))
    text = _exponent(regime)
    if text and not regime.is_point:
        # Above 1/2 the text stays at the left, clear of the paper's marks (2/3 and more).
        x, align = ((left + right) / 2, "center") if right <= 0.5 else (left + 0.012, "left")
        ink = _PALE if regime.limit is Limit.DIVERGES else _INK
        axes.text(x, y + 0.53, text, fontsize=6.3, va="center", ha=align, color=ink)


def _ends(regime: Regime) -> tuple[float, float]:
    if regime.is_point and regime.low == HALF:
        return 0.5, 0.5 + BAND
    left = 0.5 + BAND if regime.low == HALF else place(regime.low)
    right = 0.5 if regime.high == HALF else place(LAST_S if regime.high == sp.oo else regime.high)
    return left, right


def _exponent(regime: Regime) -> str:
    if regime.norm_exponent is None:
        return "no power" if regime.limit is Limit.DIVERGES else ""
    return "" if regime.norm_exponent == 0 else str(regime.norm_exponent).replace("*", "").replace(" - ", "−")


def _thresholds(axes: Axes, y: float, block: SharpBlock, claimed: sp.Rational | None) -> None:
    if claimed is not None:
        axes.plot([place(claimed)], [y], **_PAPER)
    threshold, attained = block.threshold
    if threshold is None:
        axes.plot([place(HALF)], [y], **_ABSENT)
    elif threshold != -sp.oo:
        axes.plot([place(threshold)], [y], **(_ATTAINED if attained else _MISSED))


def _legend(figure: Figure, rows: Sequence[ZooMapRow], inches: float) -> None:
    present = {
        regime.limit
        for row in rows
        for name in BLOCKS
        if (block := row.block(name)) is not None
        for regime in block.regimes
    }
    handles: list[Patch | Line2D] = [
        Patch(facecolor=COLOURS[limit], label=MEANINGS[limit]) for limit in COLOURS if limit in present
    ]
    marks = (
        (_ATTAINED, "sharp threshold [D], attained"),
        (_MISSED, "not attained"),
        (_ABSENT, "no threshold"),
        (_PAPER, "the paper's [ZY]"),
    )
    handles += [Line2D([], [], label=label, **style) for style, label in marks]
    c = rows[0].classification
    count = f"{len(rows)} problem{'s' if len(rows) > 1 else ''}"
    title = f"Where does the neural tangent kernel converge?  {count}, output bias {c.output_bias}"
    headline(figure, title, 14, drop=0.12, left=0.01)
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.005, 1 - 0.4 / inches), ncols=len(handles),
        frameon=False, fontsize=8.5, handlelength=1.2, columnspacing=1.3, handletextpad=0.5,
    )  # fmt: skip
    figure.text(
        0.01, 0.1 / inches, "Text in the strips: the exponent of N in the typical size of ‖K‖; none where "
        "it is 0. The value s = 1/2 is widened to a band.",
        fontsize=8, va="bottom", color=_INK,
    )  # fmt: skip
