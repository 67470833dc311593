"""Norm and spread of every block against width, with what the limit law predicts at each width.

:func:`width_curves` reduces a study to numbers, :func:`draw_width_curves` draws whatever it is given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.report.figures.law_draws import LawDraws
from ntk_theory.report.figures.palette import FAINT, INK, block_title, colours_of, headline, markers_of, plain
from ntk_theory.studies.initialisation.verify import StudyResult

#: Quantiles of the band: nine tenths of all networks lie above the first, one tenth above the last.
BAND = (0.1, 0.5, 0.9)
#: The dashed lines go this far beyond the largest width.
BEYOND = 6.0
#: Where the dashed lines end and the labels begin, as a fraction of a panel.
LABELS_AT = 0.78
PREFERRED = ("bb", "bf", "ff")


@dataclass(frozen=True, eq=False)
class Curve:
    """One block at one s.

    Attributes
    ----------
    widths:
        (W,).
    norm:
        (3, W): the quantiles :data:`BAND` of the networks' ‖K‖.
    spread:
        (W,): interquartile range of the networks' first probe.
    law_norm, law_spread:
        The same of the limit law, ``None`` where there is none. The spread of a constant law is 0.
    norm_exponent, spread_exponent:
        Predicted exponents of N, ``None`` where there are none.
    """

    block: str
    s: Fraction
    widths: Floats
    norm: Floats
    spread: Floats
    law_norm: Floats | None
    law_spread: Floats | None
    norm_exponent: sp.Rational | None
    spread_exponent: sp.Rational | None


def chosen_blocks(names: Sequence[str], most: int = 3) -> tuple[str, ...]:
    """The blocks a figure shows: bb, bf and ff where they exist, else the first ones."""
    preferred = tuple(name for name in PREFERRED if name in names)
    return preferred or tuple(names[:most])


def width_curves(
    result: StudyResult, label: str, activation: str, *, blocks: Sequence[str] | None = None
) -> tuple[Curve, ...]:
    """The curves of one case with one activation."""
    evidence, law = result.evidence[label, activation], LawDraws.of(result, label, activation)
    return tuple(
        _curve(result, label, activation, law, block, s)
        for block in blocks or chosen_blocks(evidence.block_names)
        for s in result.study.s
    )


def _curve(result: StudyResult, label: str, activation: str, law: LawDraws, block: str, s: Fraction) -> Curve:
    def values(quantity: str) -> Floats:
        return result.data.values(label, activation, law.pairs[block], str(s), quantity)

    widths = np.asarray(result.study.widths, dtype=np.float64)
    draws = [law.at(block, s, width) for width in widths]
    complete = [d for d in draws if d is not None]
    has_law = len(complete) == len(draws) and any(np.median(norm) > 0 for norm, _ in complete)
    regime = result.evidence[label, activation].regime(block, s)
    return Curve(
        block,
        s,
        widths,
        _quantiles(values("norm"), BAND),
        _iqr(values("probe:0")),
        np.stack([np.quantile(norm, BAND) for norm, _ in complete], axis=1) if has_law else None,
        np.array([np.subtract(*np.quantile(probe, [0.75, 0.25])) for _, probe in complete])
        if has_law
        else None,
        regime.norm_exponent_at(s),
        regime.spread_exponent_at(s),
    )


def _quantiles(values: Floats, q: Sequence[float]) -> Floats:
    """(len(q), W) over the finite values of each row, NaN where a row has none."""
    rows = [row[np.isfinite(row)] for row in values]
    return np.stack([np.quantile(r, q) if r.size else np.full(len(q), np.nan) for r in rows], axis=1)


def _iqr(values: Floats) -> Floats:
    low, high = _quantiles(values, (0.25, 0.75))
    return np.asarray(high - low)


def draw_width_curves(curves: Sequence[Curve], title: str = "") -> Figure:
    """Two rows of panels: the size ‖K‖ above, its spread below; one column per block, one colour per s."""
    if not curves:
        raise InputError(
            "curves is empty; it needs at least one, such as width_curves(result, 'kdv', 'tanh')"
        )
    blocks = tuple(dict.fromkeys(curve.block for curve in curves))
    figure = Figure(figsize=(4.4 * len(blocks) + 0.8, 8.2), dpi=110, facecolor="white")
    panels = figure.subplots(2, len(blocks), squeeze=False, sharex=True)
    figure.subplots_adjust(
        left=0.75 / figure.get_figwidth(), right=1 - 0.1 / figure.get_figwidth(), top=0.86, bottom=0.07,
        wspace=0.2, hspace=0.13,
    )  # fmt: skip
    exponents = tuple(dict.fromkeys(c.s for c in curves))
    colours, markers = colours_of(exponents), markers_of(exponents)
    for k, block in enumerate(blocks):
        own = [c for c in curves if c.block == block]
        upper, lower = panels[0, k], panels[1, k]
        upper.set_title(block_title(block), fontsize=13, color=INK, loc="left", pad=8)
        for curve in own:
            _norm(upper, curve, colours[curve.s], markers[curve.s])
            _spread(lower, curve, colours[curve.s], markers[curve.s])
        for axes, ends in ((upper, _norm_ends(own)), (lower, _spread_ends(own))):
            _finish(axes, own[0].widths)
            _end_labels(axes, ends, colours)
        lower.set_xlabel("width $N$", fontsize=9, color=INK)
    panels[0, 0].set_ylabel(r"$\|K\|_F$", fontsize=11, color=INK)
    panels[1, 0].set_ylabel("spread: interquartile range of $v^T K w$", fontsize=9.5, color=INK)
    _legend(figure, title)
    return figure


def draw_norms(groups: Mapping[str, Sequence[Curve]], title: str = "", *, columns: int = 4) -> Figure:
    """‖K‖ against width, a panel per entry: its title, and the curves of one block; ``columns`` in a row."""
    if not groups:
        raise InputError("groups is empty; it needs at least one title with its curves")
    across = min(columns, len(groups))
    rows = -(-len(groups) // across)
    figure = Figure(figsize=(3.9 * across + 0.7, 4.1 * rows + 0.9), dpi=110, facecolor="white")
    panels = figure.subplots(rows, across, squeeze=False)
    width, height = figure.get_size_inches()
    figure.subplots_adjust(
        left=0.72 / width, right=1 - 0.1 / width, top=1 - 1.3 / height, bottom=0.55 / height, wspace=0.19,
        hspace=0.33,
    )  # fmt: skip
    exponents = tuple(dict.fromkeys(c.s for curves in groups.values() for c in curves))
    colours, markers = colours_of(exponents), markers_of(exponents)
    for axes in panels.flat[len(groups) :]:
        axes.set_visible(False)
    for axes, (name, curves) in zip(panels.flat, groups.items(), strict=False):
        axes.set_title(name, fontsize=10.5, color=INK, loc="left", pad=8, linespacing=1.4)
        norms_on(axes, curves, colours, markers)
        axes.set_xlabel("width $N$", fontsize=9, color=INK)
    for axes in panels[:, 0]:
        axes.set_ylabel(r"$\|K\|_F$", fontsize=11, color=INK)
    _legend(figure, title)
    return figure


def norms_on(
    axes: Axes, curves: Sequence[Curve], colours: dict[Fraction, str], markers: dict[Fraction, str]
) -> None:
    """‖K‖ of one block against width in given axes: networks, limit law, predicted powers."""
    for curve in curves:
        _norm(axes, curve, colours[curve.s], markers[curve.s])
    _finish(axes, curves[0].widths)
    _end_labels(axes, _norm_ends(curves), colours)


def _norm(axes: Axes, c: Curve, colour: str, marker: str) -> None:
    if c.law_norm is not None:
        axes.fill_between(c.widths, c.law_norm[0], c.law_norm[2], color=colour, alpha=0.16, linewidth=0)
        axes.plot(c.widths, c.law_norm[1], color=colour, linewidth=1.5)
    low, middle, high = c.norm
    if not np.isfinite(middle).any():  # nothing computed yet, or every network overflowed
        return
    axes.errorbar(
        c.widths, middle, yerr=np.stack([middle - low, high - middle]), color=colour, marker=marker,
        markersize=4.5, linestyle="none", elinewidth=1.0, markeredgecolor="white", markeredgewidth=0.6,
    )  # fmt: skip
    _asymptote(axes, c.widths, _end(middle, c.law_norm), c.norm_exponent, colour)


def _spread(axes: Axes, c: Curve, colour: str, marker: str) -> None:
    shown = _positive(c.spread)
    if not np.isfinite(shown).any():
        return
    if c.law_spread is not None and _varies(c):
        axes.plot(c.widths, c.law_spread, color=colour, linewidth=1.5)
    axes.plot(
        c.widths, shown, color=colour, marker=marker, markersize=4.5, linestyle="none",
        markeredgecolor="white", markeredgewidth=0.6,
    )  # fmt: skip
    _asymptote(axes, c.widths, _spread_end(c), c.spread_exponent, colour)


def _spread_end(c: Curve) -> float:
    """Where the dashed line of the spread begins: at the law; at the networks only where there is no law."""
    has_law = c.law_spread is not None and _varies(c)
    return float(c.law_spread[-1] if has_law and c.law_spread is not None else c.spread[-1])


def _varies(c: Curve) -> bool:
    """Is the law's spread more than rounding?"""
    assert c.law_norm is not None
    assert c.law_spread is not None
    return bool((c.law_spread > 1e-9 * c.law_norm[1]).all())


def _positive(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)


def _end(middle: Floats, law: Floats | None) -> float:
    return float(middle[-1] if law is None else law[1, -1])


def _asymptote(axes: Axes, widths: Floats, start: float, exponent: sp.Rational | None, colour: str) -> None:
    """The predicted slope, from the largest width on."""
    if exponent is None or not math.isfinite(start):
        return
    x = np.array([widths[-1], widths[-1] * BEYOND])
    y = start * (x / x[0]) ** float(exponent)
    axes.plot(x, y, color=colour, linewidth=1.3, linestyle=(0, (2.2, 1.8)))


_Ends = list[tuple[Fraction, float, "sp.Rational | None"]]


def _norm_ends(curves: Sequence[Curve]) -> _Ends:
    return [(c.s, _end(c.norm[1], c.law_norm), c.norm_exponent) for c in curves]


def _spread_ends(curves: Sequence[Curve]) -> _Ends:
    return [(c.s, _spread_end(c), c.spread_exponent) for c in curves]


def _end_labels(axes: Axes, ends: _Ends, colours: dict[Fraction, str]) -> None:
    """``s = 3/4  N^(-1/2)`` at the right of each curve, moved apart where they would overlap."""
    known = [end for end in ends if math.isfinite(end[1]) and end[1] > 0]
    if not known:  # nothing computed yet
        return
    low, high = np.log(axes.get_ylim())
    places = []
    for s, start, exponent in known:
        y = math.log(start) + (float(exponent) * math.log(BEYOND) if exponent is not None else 0.0)
        places.append(((y - low) / (high - low), s, exponent))
    places.sort(key=lambda place: (place[0], -place[1]))
    for y, (_, s, exponent) in zip(_apart([p[0] for p in places]), places, strict=True):
        axes.text(
            LABELS_AT + 0.012, y, f"$s={s}$  {_power(exponent)}", transform=axes.transAxes,
            fontsize=8, va="center", color=colours[s],
        )  # fmt: skip


def _power(exponent: sp.Rational | None) -> str:
    if exponent is None:
        return "no power"
    return "$N^{0}$" if exponent == 0 else f"$N^{{{exponent}}}$"


def _apart(places: list[float], gap: float = 0.047) -> list[float]:
    """Ascending places moved as little as needed to keep a gap, within [0, 1]."""
    moved = [min(max(p, 0.02), 0.98) for p in places]
    for _ in range(60):
        for k in range(len(moved) - 1):
            lack = gap - (moved[k + 1] - moved[k])
            if lack > 1e-9:
                moved[k], moved[k + 1] = moved[k] - lack / 2, moved[k + 1] + lack / 2
        if moved:
            below, above = min(moved[0] - 0.02, 0.0), max(moved[-1] - 0.98, 0.0)
            moved = [m - below - above for m in moved]
    return moved


def _finish(axes: Axes, widths: Floats) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    plain(axes)
    axes.xaxis.set_major_locator(LogLocator(base=2, subs=(1.0,), numticks=30))
    step = 2 if len(widths) > 6 else 1
    axes.set_xticks(widths[::step], [f"$2^{{{round(math.log2(w))}}}$" for w in widths[::step]])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    # Room at the right for the dashed continuation and the labels.
    left = widths[0] / 1.3
    right = left * math.exp(math.log(widths[-1] * BEYOND / left) / LABELS_AT)
    axes.set_xlim(left, right)
    axes.axvspan(widths[-1] * 1.15, right, color="#f6f6f8", linewidth=0, zorder=0)


def _legend(figure: Figure, title: str) -> None:
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=FAINT, marker="o", linestyle="none", markersize=5,
               label="networks: median, 10 % to 90 %"),
        Line2D([], [], color=FAINT, linewidth=1.5, label="limit law at that width: median"),
        Patch(facecolor=FAINT, alpha=0.25, label="10 % to 90 % of the law"),
        Line2D([], [], color=FAINT, linewidth=1.3, linestyle=(0, (2.2, 1.8)), label="predicted power of N"),
    ]  # fmt: skip
    inches = figure.get_figheight()
    headline(figure, title, 14, drop=0.12)
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.006, 1 - 0.42 / inches), ncols=4, frameon=False,
        fontsize=8.5, handlelength=1.6, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip
