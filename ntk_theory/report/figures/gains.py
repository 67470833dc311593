"""Errors of trained networks against width: a curve per method, the references dashed."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ntk_theory.report.figures.palette import FAINT, INK, SERIES, plain
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.width.evidence import WidthEvidence
from ntk_theory.studies.width.settings import LONGER, OVERSAMPLED


def draw_gains(result: Result[WidthEvidence], label: str, activation: str) -> Figure:
    """One panel per s, every network a dot, lines their medians."""
    study, e = result.study, result.evidence[label, activation]
    widths = np.asarray(study.widths, dtype=np.float64)
    methods = list(dict.fromkeys(method for method, _ in e.rows))
    figure = Figure(figsize=(4.6 * len(study.s) + 1.6, 3.4), dpi=110, facecolor="white")
    figure.set_layout_engine("constrained")
    for axes, s in zip(figure.subplots(1, len(study.s), squeeze=False)[0], study.s, strict=True):
        for k, row in enumerate((*methods, LONGER, OVERSAMPLED)):
            quantity = "error" if e.has_solution else "fresh"
            values = result.data.values(label, activation, row, s, quantity)
            own = row in methods
            line = "-" if own else "--"
            colour = SERIES[k % len(SERIES)] if own else (INK if row == OVERSAMPLED else FAINT)
            style: dict[str, Any] = {"color": colour, "marker": "osD^vP"[k % 6]}
            middle = [np.median(v[np.isfinite(v)]) if np.isfinite(v).any() else np.nan for v in values]
            axes.plot(widths, middle, **style, markersize=5, linewidth=1.5, label=row, linestyle=line)
            if own:
                across = np.repeat(widths, values.shape[1])
                axes.plot(across, values.ravel(), **style, markersize=3, linestyle="none", alpha=0.35)
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        plain(axes)
        axes.set_xticks(widths, [f"{int(width)}" for width in widths])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("width $N$", fontsize=9, color=INK)
        axes.set_title(f"$s = {s}$", fontsize=10, color=INK, loc="left")
        axes.set_ylabel("relative error" if e.has_solution else "fresh residual", fontsize=9, color=INK)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    return figure
