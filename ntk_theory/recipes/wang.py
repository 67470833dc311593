"""The Poisson figures of Wang, Yu & Perdikaris (arXiv:2007.14527): K against width, spectrum, constancy.

−u'' = 16π² sin 4πx on [0, 1] with u = 0 at the ends, one hidden layer of tanh, all parameters N(0,1) and
s = 1/2. The equation is linear, so K → K∞ (THEORY §4) like N^{−1/2}, and the flow moves K less the wider it
is. Fewer points than there, and gradient flow in place of its steps.
"""

from __future__ import annotations

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.empirical.ntk import ntk
from ntk_theory.limit.law import limit_law
from ntk_theory.model.blocks import Kernel
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points
from ntk_theory.recipes.reproduction import Chart, Curve, Reproduction, slope
from ntk_theory.symbolic.loading import from_toml
from ntk_theory.training.train import train

SOURCE = "Wang, Yu & Perdikaris, arXiv:2007.14527, the Poisson equation in one dimension"
TEXT = """
equations = ["-u_xx = 16*pi^2*sin(4*pi*x)"]
domain = { x = [0, 1] }

[[conditions]]
name = "ends"
equation = "u = 0"
on = [{ x = 0 }, { x = 1 }]
"""
#: Widths at the start, with the seeds of each; widths that are trained, and until when.
WIDTHS, SEEDS = (64, 256, 1024, 4096, 16384), 12
TRAINED, END = (10, 100, 500, 4000), 2e-4
BLOCKS = {"ends,ends": "$K_{uu}$", "ends,f": "$K_{ur}$", "f,f": "$K_{rr}$"}


def wang() -> Reproduction:
    """Three charts: ‖K − K∞‖/‖K∞‖ against N, eigenvalues, ‖K(t) − K(0)‖/‖K(0)‖ along gradient flow."""
    problem = from_toml(TEXT)
    points = draw_points(problem, {"ends": 2, "f": 40}, 0)

    def network(width: int) -> Network:
        return Network(problem.variables, problem.fields, width, output_bias="normal")

    def kernel(width: int, seed: int) -> Kernel:
        made = network(width)
        return ntk(problem, made, made.init(seed), points)

    law = limit_law(problem, network(WIDTHS[0]), points)
    limit = Kernel(law.deterministic(1.0), kernel(WIDTHS[0], 0).groups)
    x = np.array(WIDTHS, dtype=float)
    drawn = [[kernel(width, seed) for seed in range(SEEDS)] for width in WIDTHS]
    near = {
        label: np.array([np.median([_off(K[block], limit[block]) for K in row]) for row in drawn])
        for block, label in BLOCKS.items()
    }
    runs = {
        width: train(
            problem, network(width), network(width).init(0), points, method="flow", until=END, error=False,
            evidence=False,
        )
        for width in TRAINED
    }  # fmt: skip
    moved = {width: run.drift.relative("all") for width, run in runs.items() if run.drift is not None}
    wide = TRAINED[-1]
    spectra = _spectra(kernel(wide, 0), "start")
    last = ntk(problem, network(wide), runs[wide].parameters, points)
    spectra += _spectra(last, "end")
    far = np.array([moved[width][-1] for width in TRAINED])
    charts = (
        Chart("kernel against width", "width $N$", r"$\|K - K^\infty\|/\|K^\infty\|$",
              tuple(Curve(label, x, y) for label, y in near.items()), True, True),
        Chart(f"eigenvalues, N = {wide}", "index", "eigenvalue", spectra, True, True),
        Chart("kernel along training", "time $t$", r"$\|K(t) - K(0)\|/\|K(0)\|$",
              tuple(Curve(f"$N = {n}$", np.asarray(runs[n].drift.times)[1:], y[1:])  # type: ignore[union-attr]
                    for n, y in moved.items()), False, True),
    )  # fmt: skip
    decay = np.sort(np.linalg.eigvalsh(limit["f,f"]))[::-1]
    findings = (
        f"‖K_rr − K∞‖ goes like N^{slope(x, near[BLOCKS['f,f']]):.2f} (theory: −0.5)",
        f"the 10th eigenvalue of K_rr∞ is {decay[9] / decay[0]:.1e} of the first",
        f"until t = {END:g} the kernel moves by {far[0]:.2f} of its size at N = {TRAINED[0]}, "
        f"by {far[-1]:.3f} at N = {wide}",
    )
    return Reproduction("wang", SOURCE, charts, findings)


def _off(found: Floats, wanted: Floats) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def _spectra(kernel: Kernel, when: str) -> tuple[Curve, ...]:
    parts = {"$K$": kernel.matrix, "$K_{rr}$": kernel["f,f"]}
    out = []
    for label, matrix in parts.items():
        values = np.sort(np.linalg.eigvalsh(matrix))[::-1]
        kept = values > 1e-10 * values[0]
        out.append(Curve(f"{label}, {when}", np.arange(1, len(values) + 1)[kept].astype(float), values[kept]))
    return tuple(out)
