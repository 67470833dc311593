"""An atlas of spectra: how the eigenvalues of K^∞ fall by index, operator by activation by map of the inputs.

Measuring and drawing are two things: :func:`atlas_curves` computes spectra in one variable at s = 1/2,
:func:`draw_atlas` draws whatever curves it is given: operators from top to bottom, maps from left to right,
one line per activation. No global state of matplotlib is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.limit.law import limit_law
from ntk_theory.model.network import InputMap, Network
from ntk_theory.report.figures.palette import INK, LINE_STYLES, SERIES, headline, plain
from ntk_theory.symbolic.reading import problem
from ntk_theory.visible import visible

OPERATORS = ("u", "u_x", "u_xx", "u_xx + 25*u")
ACTIVATIONS = ("tanh", "softplus", "sin", "gaussian", "relu^3")
#: Name → options of a network of x in [−1, 1].
MAPS: Mapping[str, Mapping[str, Any]] = {
    "x": {},
    "x stretched to [−5, 5]": {"input_map": InputMap((5.0,), (0.0,))},
    "Fourier features, σ = 1": {"features": {"fourier": 16, "sigma": 1.0, "seed": 0}},
    "Fourier features, σ = 4": {"features": {"fourier": 16, "sigma": 4.0, "seed": 0}},
}
#: Accuracy asked of K^∞, and the share of λ_1, per point, below which an eigenvalue is rounding.
ACCURACY, ROUNDING = 1e-11, 1e-15
_PANEL = (3.1, 2.15)


@dataclass(frozen=True, eq=False)
class AtlasCurve:
    """λ_i/λ_1, i = 1, 2, …, of one operator, map and activation, as far as they are known."""

    operator: str
    map_name: str
    activation: str
    shares: Floats


def atlas_curves(
    operators: Iterable[str] = OPERATORS,
    activations: Iterable[str] = ACTIVATIONS,
    maps: Mapping[str, Mapping[str, Any]] = MAPS,
    *,
    points: int = 64,
) -> tuple[AtlasCurve, ...]:
    """Spectra of K^∞ at evenly spaced points of [−1, 1], one hidden layer, s = 1/2.

    Parameters
    ----------
    operators:
        Linear expressions in u(x) and its derivatives.
    activations:
        With as many derivatives as these need.
    maps:
        Name → options of :class:`~ntk_theory.model.network.Network`, such as ``input_map``, ``features``.
    points:
        n; eigenvalues below n·10^−15 λ_1, and below n times the accuracy of K^∞, are left out.
    """
    grid = ((np.arange(points) + 0.5) / points * 2 - 1)[:, None]
    found = []
    for text in operators:
        asked = problem(text, variables=("x",))
        given = {g.name: grid if g is asked.equations[0] else grid[:1] for g in asked.groups}
        for name, options in maps.items():
            for activation in activations:
                network = Network(("x",), ("u",), 64, s="1/2", activation=activation, **options)
                law = limit_law(asked, network, given, rtol=ACCURACY)
                values = np.linalg.eigvalsh(law.deterministic(1.0, "f,f"))[::-1]
                floor = points * max(ROUNDING, law.accuracy) * values[0]
                known = int(np.argmax(values < floor)) if (values < floor).any() else len(values)
                found.append(AtlasCurve(text, name, activation, values[:known] / values[0]))
    return tuple(found)


def draw_atlas(curves: Sequence[AtlasCurve]) -> Figure:
    """Draw the curves, in the order given, all panels on the same axes.

    Raises
    ------
    InputError
        There are none.
    """
    if not curves:
        raise InputError("curves is empty; it needs at least one spectrum, as atlas_curves makes them")
    operators = list(dict.fromkeys(curve.operator for curve in curves))
    maps = list(dict.fromkeys(curve.map_name for curve in curves))
    activations = list(dict.fromkeys(curve.activation for curve in curves))
    height = _PANEL[1] * len(operators) + 0.95
    figure = Figure(figsize=(max(_PANEL[0] * len(maps), 5.2), height))
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - 0.62 / height))
    grid = figure.subplots(len(operators), len(maps), squeeze=False, sharex=True, sharey=True)
    for i, operator in enumerate(operators):
        for j, name in enumerate(maps):
            own = [c for c in curves if (c.operator, c.map_name) == (operator, name)]
            _panel(grid[i, j], own, activations)
            if i == 0:
                grid[i, j].set_title(visible(name), fontsize=9, color=INK, loc="left", parse_math=False)
            if j == 0:
                grid[i, j].set_ylabel(visible(operator), fontsize=10, color=INK, parse_math=False)
            if i == len(operators) - 1:
                grid[i, j].set_xlabel("index i", fontsize=9, color=INK)
    lines = [Line2D([], [], **_style(k), label=visible(name)) for k, name in enumerate(activations)]
    figure.legend(
        handles=lines, loc="upper left", bbox_to_anchor=(0.004, 1 - 0.3 / height), ncols=len(lines),
        fontsize=9, frameon=False, handlelength=3.2,
    )  # fmt: skip
    headline(figure, "Eigenvalues λ_i/λ_1 of K^∞ by index", 11)
    return figure


def _panel(axes: Axes, curves: Sequence[AtlasCurve], activations: Sequence[str]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for curve in curves:
        index = np.arange(1, len(curve.shares) + 1)
        axes.plot(index, curve.shares, **_style(activations.index(curve.activation)))
    plain(axes)


def _style(k: int) -> dict[str, Any]:
    return {
        "color": SERIES[k % len(SERIES)],
        "linestyle": LINE_STYLES[k % len(LINE_STYLES)],
        "linewidth": 1.6,
    }
