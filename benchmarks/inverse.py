"""Inverse problems: unknown coefficients from data, how often their standard errors hold, how long it takes.

    python benchmarks/inverse.py [heat|kdv|hidden] [draws]

heat    u_t = k u_xx, k = 1/10, from 50 values with 1 % noise: how many draws lie within two standard errors.
kdv     u_t + a u u_x + b u_xxx = 0, a = 6, b = 1, from 300 exact values of a soliton.
hidden  u_t = k m u_xx, where only k m counts: how many of 20 draws call both not identifiable.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import ntk_theory as nt
from ntk_theory.symbolic import from_toml
from ntk_theory.training import default_network, train

TRUE, NOISE = 0.1, 0.01
HEAT = """
fields = ["u"]
variables = ["x", "t"]
equations = ["u_t = {equation}"]
unknowns = {{ {unknowns} }}
domain = {{ x = [0, 1], t = [0, 1] }}
conditions = [
    {{ name = "start", equation = "u = sin(pi*x)", on = [{{ t = 0 }}] }},
    {{ name = "ends", equation = "u", on = [{{ x = 0 }}, {{ x = 1 }}] }},
]
"""
KDV = """
fields = ["u"]
variables = ["x", "t"]
equations = ["u_t + a*u*u_x + b*u_xxx = 0"]
unknowns = { a = 3.0, b = 0.5 }
domain = { x = [-4, 4], t = [0, 1] }
conditions = []
"""


def heat(seed: int, equation: str, unknowns: str):
    """A trained run from noisy values of the first mode."""
    rng = np.random.default_rng(seed)
    x, t = rng.uniform(0, 1, (2, 50))
    u = np.exp(-TRUE * np.pi**2 * t) * np.sin(np.pi * x) + NOISE * rng.standard_normal(50)
    table = {"values": {"x": x, "t": t, "u": u}, "sigma": NOISE}
    problem = nt.problem(from_toml(HEAT.format(equation=equation, unknowns=unknowns)), data=table)
    points = nt.draw_points(problem, {"start": 20, "ends": 20, "f": 150}, seed)
    network = default_network(problem, width=10, depth=2)
    until = {"steps": 60, "patience": 8}
    return train(problem, network, points=points, until=until, seed=seed, error=False, evidence=False)


def run_heat(draws: int) -> None:
    """Scores (k − 1/10)/error."""
    scores, seconds = [], []
    for seed in range(draws):
        begin = time.perf_counter()
        (one,) = heat(seed, "k*u_xx", "k = { start = 0.5, positive = true }").identified
        seconds.append(time.perf_counter() - begin)
        scores.append((one.value - TRUE) / one.error if one.error else np.inf)
    found = np.array(scores)
    print(f"heat: {np.sum(np.abs(found) <= 2)} of {draws} draws within two standard errors")
    print(f"      mean {found.mean():.2f}, sd {found.std():.2f}, largest {np.abs(found).max():.2f}")
    print(f"      {np.median(seconds):.2f} s each (median), {max(seconds):.2f} s at most")


def run_hidden(draws: int) -> None:
    """Two unknowns of which only the product counts."""
    called = 0
    for seed in range(draws):
        found = heat(seed, "k*m*u_xx", "k = 0.5, m = 0.3").identified
        called += all(one.error is None for one in found)
    print(f"hidden: {called} of {draws} draws call both not identifiable")


def run_kdv(draws: int) -> None:
    """Exact values of a soliton."""
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        x, t = rng.uniform(-4, 4, 300), rng.uniform(0, 1, 300)
        u = 0.5 / np.cosh(0.5 * (x - t)) ** 2
        problem = nt.problem(from_toml(KDV), data={"values": {"x": x, "t": t, "u": u}, "observe": "u"})
        begin = time.perf_counter()
        network = default_network(problem, width=12, depth=2)
        points = nt.draw_points(problem, {"f": 300}, seed)
        run = train(problem, network, points=points, until=80, seed=seed, error=False, evidence=False)
        pairs = zip(run.identified, (6, 1), strict=True)
        text = ", ".join(f"{one} (off by {abs(one.value - true):.1e})" for one, true in pairs)
        print(f"kdv: {text}; {time.perf_counter() - begin:.2f} s, {run.reason}")


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "all"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else None
    for name, run, default in (("heat", run_heat, 100), ("hidden", run_hidden, 20), ("kdv", run_kdv, 3)):
        if chosen in (name, "all"):
            run(count or default)
