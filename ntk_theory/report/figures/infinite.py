"""What infinitely wide networks answer, as a picture: in one variable the answer, else the learning curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ntk_theory.advice.infinite_solution import InfiniteSolution
from ntk_theory.report.figures.palette import LINE_STYLES, SERIES, plain


def answer_on(axes: Axes, found: InfiniteSolution, names: Sequence[str]) -> None:
    """Mean and two deviations over networks of the chosen slots; ‖R(t)‖ if there are several variables."""
    if len(found.problem.variables) > 1:
        _curve(axes, found)
        return
    x = found.at[:, 0]
    for k, slot in enumerate(found.slots):
        name = found.problem.space.name(slot)
        if name not in names:
            continue
        mean, wide = found.mean[k], 2 * found.deviation[k]
        (line,) = axes.plot(
            x, mean, linestyle=LINE_STYLES[k % len(LINE_STYLES)], color=SERIES[k % len(SERIES)], label=name
        )
        axes.fill_between(x, mean - wide, mean + wide, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set_xlabel(found.problem.variables[0])
    axes.set_ylabel("mean and two deviations over networks")
    axes.legend(fontsize=8)
    plain(axes)


def _curve(axes: Axes, found: InfiniteSolution) -> None:
    values, _ = found.spectrum
    times = np.geomspace(0.1 / values[0], 1e6 / values[0], 120)
    axes.loglog(times, found.residual(times))
    where = ", linearised at the answer" if found.steps else ""
    axes.set_xlabel(f"time of gradient flow on ½ Σ R²{where}")
    axes.set_ylabel("‖R(t)‖ of the mean")
    plain(axes)
