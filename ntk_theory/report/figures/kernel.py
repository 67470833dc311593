"""A kernel as a picture: its entries by group, and the eigenvalues of every group and of the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import AsinhNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats, Places
from ntk_theory.empirical.spectra import Spectrum, spectra
from ntk_theory.model.blocks import Kernel
from ntk_theory.report.figures.palette import FAINT, INK, LINE_STYLES, SERIES, plain
from ntk_theory.visible import visible

HEAT = "RdBu_r"
#: Groups with a smaller share of the rows are not named beside the matrix; the table has them.
NAMED_SHARE = 0.055
#: An entry below this share of the largest is drawn on the linear part of the scale, at the least.
LINEAR_FLOOR = 1e-6
WHOLE: dict[str, Any] = {"color": INK, "linewidth": 4.5, "alpha": 0.22, "solid_capstyle": "round"}


def draw_kernel_matrix(
    kernel: Kernel, title: str = "", points: Mapping[str, ArrayLike] | None = None
) -> Figure:
    """Entries of K, their cosines K_ij/√(K_ii K_jj), and the spectra.

    Parameters
    ----------
    kernel:
        Any kernel of named blocks.
    title:
        Above all.
    points:
        The points of its groups: each group's rows are then drawn in the order of its first coordinate
        that varies.
    """
    figure = Figure(figsize=(14.2, 4.6), dpi=110, facecolor="white")
    figure.set_layout_engine("constrained", hspace=0.04, wspace=0.04)
    entries, cosines, curves = figure.subplots(1, 3, width_ratios=[1, 1, 0.95])
    order = row_order(kernel, points)
    matrix = kernel.matrix[np.ix_(order, order)]
    _entries(entries, matrix, linear_width(kernel))
    _cosines(cosines, matrix)
    for axes in (entries, cosines):
        _groups(axes, kernel)
        if points is not None:
            axes.set_xlabel("points of a group by their first coordinate", fontsize=8, color=FAINT)
    spectra_on(curves, spectra(kernel))
    if title:
        figure.suptitle(
            visible(title), fontsize=10, fontweight="bold", color=INK, x=0.01, ha="left", parse_math=False
        )
    return figure


def row_order(kernel: Kernel, points: Mapping[str, ArrayLike] | None) -> Places:
    """Rows group by group, in a group by the first coordinate that varies, then by the others."""
    order: list[int] = []
    for group in kernel.groups:
        own = np.arange(group.size)
        if points is not None:
            array = np.asarray(points[group.name], dtype=np.float64).reshape(group.size, -1)
            varying = [column for column in array.T if np.ptp(column) > 0]
            if varying:
                own = np.lexsort(tuple(varying[::-1]))
        order += [len(order) + int(k) for k in own]
    return np.array(order, dtype=np.intp)


def linear_width(kernel: Kernel) -> float:
    """Where the colour scale turns logarithmic: at a third of the least mean diagonal of a group."""
    ends = np.cumsum([group.size for group in kernel.groups])[:-1]
    means = [float(part.mean()) for part in np.split(np.diagonal(kernel.matrix), ends)]
    top = float(np.abs(kernel.matrix).max()) or 1.0
    return max(min((mean for mean in means if mean > 0), default=top) / 3, LINEAR_FLOOR * top)


def _entries(axes: Axes, matrix: Floats, width: float) -> None:
    top = float(np.abs(matrix).max()) or 1.0
    norm = AsinhNorm(linear_width=width, vmin=-top, vmax=top)
    _heat(axes, matrix, norm, "entries of $K$", decade_ticks(width, top))


def decade_ticks(width: float, top: float) -> list[float]:
    """Zero and at most three powers of ten on either side of it, far enough from zero to be read."""
    lowest, highest = math.floor(math.log10(width)) + 1, math.floor(math.log10(top))
    step = max(1, math.ceil((highest - lowest + 1) / 3))
    powers = [10.0**k for k in range(highest, lowest - 1, -step)]
    return sorted([*(-p for p in powers), 0.0, *powers])


def _cosines(axes: Axes, matrix: Floats) -> None:
    size = np.sqrt(np.maximum(np.diagonal(matrix), 0.0))
    unit = np.where(size > 0, size, 1.0)
    title = r"cosines  $K_{ij}\,(K_{ii}K_{jj})^{-1/2}$"
    _heat(axes, matrix / unit[:, None] / unit, Normalize(-1, 1), title, [-1.0, -0.5, 0.0, 0.5, 1.0])


def _heat(axes: Axes, values: Floats, norm: Normalize, title: str, ticks: list[float]) -> None:
    image = axes.imshow(values, cmap=HEAT, norm=norm, interpolation="nearest", rasterized=True)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, fraction=0.046)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    bar.ax.tick_params(labelsize=7, color="#b5b5ba")
    bar.outline.set_visible(False)
    axes.set_title(title, fontsize=9.5, color=INK, loc="left")


def _groups(axes: Axes, kernel: Kernel) -> None:
    sizes = np.array([group.size for group in kernel.groups])
    ends = np.cumsum(sizes)
    for end in ends[:-1]:
        axes.axhline(end - 0.5, color=INK, linewidth=0.7)
        axes.axvline(end - 0.5, color=INK, linewidth=0.7)
    named = sizes >= NAMED_SHARE * sizes.sum()
    middle, names = (ends - sizes / 2 - 0.5)[named], np.array(kernel.names)[named]
    axes.set_yticks(middle, names.tolist())
    axes.set_xticks(
        middle,
        names.tolist(),
        rotation=35 if len(names) > 2 else 0,
        ha="right" if len(names) > 2 else "center",
    )
    axes.tick_params(labelsize=8, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def spectra_on(axes: Axes, parts: Sequence[Spectrum]) -> None:
    """Eigenvalues above rounding by their number, one curve per group; the whole kernel is wide and pale."""
    plain(axes)
    axes.set_title("eigenvalues above rounding", fontsize=9.5, color=INK, loc="left")
    axes.set_xlabel("number", fontsize=9, color=INK)
    shown = [part for part in parts if part.largest > 0]
    if not shown:
        axes.text(0.5, 0.5, "all are zero", transform=axes.transAxes, ha="center", color=FAINT, fontsize=9)
        return
    for k, part in enumerate(sorted(shown, key=lambda part: part.group is not None)):
        values = part.eigenvalues
        kept = values[values > len(values) * np.finfo(np.float64).eps * values[0]]
        style = WHOLE
        if part.group is not None:
            line = LINE_STYLES[k % len(LINE_STYLES)]
            style = {"color": SERIES[(k - 1) % len(SERIES)], "linewidth": 1.5, "linestyle": line}
        label = "all of $K$" if part.group is None else part.group
        marker = "o" if len(kept) < 40 and part.group is not None else ""
        axes.plot(np.arange(1, len(kept) + 1), kept, label=label, marker=marker, markersize=3, **style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=8)
    axes.grid(True, which="major")
    axes.tick_params(which="minor", length=0)
    axes.spines["left"].set_color(FAINT)
