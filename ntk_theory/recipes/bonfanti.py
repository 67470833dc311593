"""The random kernel of nonlinear equations, Bonfanti, Bruno & Cipriani (arXiv:2402.03864).

At s = 1/2 the kernel of a linear residual becomes a number as N → ∞, that of a nonlinear one stays random,
and moves in training however wide the network is (THEORY §3, §5). Heat beside Burgers, one hidden
layer of tanh.
"""

from __future__ import annotations

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.ntk import ntk
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.recipes.reproduction import Chart, Curve, Reproduction, slope
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import zoo
from ntk_theory.training.train import train

SOURCE = "Bonfanti, Bruno & Cipriani, arXiv:2402.03864, kernels of linear and nonlinear residuals"
NAMES = {"heat": "heat, linear", "burgers": "Burgers, nonlinear"}
#: Widths at the start, networks of each, points per group; widths that are trained, and until when.
WIDTHS, SEEDS, POINTS = (32, 128, 512, 2048, 8192), 60, 4
TRAINED, END, TRAINED_SEEDS = (64, 256, 1024), 0.1, 3


def bonfanti() -> Reproduction:
    """Three charts: spread of tr K_ff against N, its distribution, and how far K_ff moves in training."""
    problems = {name: zoo(name).bind() for name in NAMES}
    traces = {name: np.array([_traces(p, n) for n in WIDTHS]) for name, p in problems.items()}
    x = np.array(WIDTHS, dtype=float)
    spread = {
        name: (np.quantile(t, 0.9, axis=1) - np.quantile(t, 0.1, axis=1)) / np.median(t, axis=1)
        for name, t in traces.items()
    }
    moved = {name: np.array([_moved(p, n) for n in TRAINED]) for name, p in problems.items()}
    share = (np.arange(SEEDS) + 0.5) / SEEDS
    wide = {name: np.sort(t[-1]) / np.median(t[-1]) for name, t in traces.items()}
    charts = (
        Chart("spread of the kernel", "width $N$", r"(90 % − 10 %) / median of tr $K_{ff}$",
              tuple(Curve(NAMES[n], x, y) for n, y in spread.items()), True, True),
        Chart(f"{SEEDS} networks, N = {WIDTHS[-1]}", r"tr $K_{ff}$ / median", "share of networks below",
              tuple(Curve(NAMES[n], y, share) for n, y in wide.items())),
        Chart("kernel after training", "width $N$", r"$\|K_{ff}(t) - K_{ff}(0)\|/\|K_{ff}(0)\|$",
              tuple(Curve(NAMES[n], np.array(TRAINED, float), y) for n, y in moved.items()), True, True),
    )  # fmt: skip
    findings = tuple(
        f"{label}: spread N^{slope(x, spread[name]):.2f}, {spread[name][-1]:.2f} at N = {WIDTHS[-1]}; moved "
        f"by {moved[name][0]:.3f} at N = {TRAINED[0]}, {moved[name][-1]:.3f} at N = {TRAINED[-1]}"
        for name, label in NAMES.items()
    )
    return Reproduction("bonfanti", SOURCE, charts, findings)


def _network(problem: Problem, width: int) -> Network:
    return Network(problem.variables, problem.fields, width)


def _traces(problem: Problem, width: int) -> Floats:
    points, network = draw_points(problem, POINTS, 0), _network(problem, width)
    return np.array([ntk(problem, network, network.init(k), points).trace("f") for k in range(SEEDS)])


def _moved(problem: Problem, width: int) -> float:
    """The median over seeds of the relative drift of K_ff at the end."""
    points, network = draw_points(problem, POINTS, 0), _network(problem, width)
    runs = (
        train(
            problem, network, network.init(k), points, method="flow", until=END, error=False, evidence=False
        )
        for k in range(TRAINED_SEEDS)
    )
    return float(np.median([run.drift.relative("f,f")[-1] for run in runs if run.drift is not None]))
