"""Inverse problems: unknown coefficients from data, how often their standard errors hold, what they cost.

    python benchmarks/inverse.py [heat|kdv|hidden|field|lost] [draws]

heat    u_t = k u_xx, k = 1/10, from 50 values with 1 % noise: how many draws lie within two standard errors.
kdv     u_t + a u u_x + b u_xxx = 0, a = 6, b = 1, from 300 exact values of a soliton.
hidden  u_t = k m u_xx, where only k m counts: how many of 20 draws call both not identifiable.
field   (a(x) u')' = f with a = 1 + x/2, from 40 exact values, at most 3 starts, until one is confirmed:
        how far a(x) is from it.
lost    (m a(x) u')' = f, where only the product counts: how many of 20 draws call both not identifiable.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import ntk_theory as nt
from ntk_theory.symbolic import from_toml
from ntk_theory.training import default_network, train, train_from_starts

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
DIFFUSION = """
fields = ["u", "a"]
variables = ["x"]
equations = ["EQUATION + pi^2*sin(pi*x)*(1 + x/2) - pi/2*cos(pi*x)"]
unknowns = { UNKNOWNS }
domain = { x = [0, 1] }
solution = { u = "sin(pi*x)", a = "1 + x/2" }
conditions = [{ name = "ends", equation = "u", on = [{ x = 0 }, { x = 1 }] }]
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
        begin = time.process_time()
        (one,) = heat(seed, "k*u_xx", "k = { start = 0.5, positive = true }").identified
        seconds.append(time.process_time() - begin)
        scores.append((one.value - TRUE) / one.error if one.error else np.inf)
    found = np.array(scores)
    print(f"heat: {np.sum(np.abs(found) <= 2)} of {draws} draws within two standard errors")
    print(f"      mean {found.mean():.2f}, sd {found.std():.2f}, largest {np.abs(found).max():.2f}")
    print(f"      {np.median(seconds):.2f} s of one processor each (median), {max(seconds):.2f} s at most")


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
        begin = time.process_time()
        network = default_network(problem, width=12, depth=2)
        points = nt.draw_points(problem, {"f": 300}, seed)
        run = train(problem, network, points=points, until=80, seed=seed, error=False, evidence=False)
        pairs = zip(run.identified, (6, 1), strict=True)
        text = ", ".join(f"{one} (off by {abs(one.value - true):.1e})" for one, true in pairs)
        print(f"kdv: {text}; {time.process_time() - begin:.2f} s, {run.reason}")


def diffusion(seed: int, equation: str, unknowns: str, starts: int):
    """A trained run from exact values of sin(πx), the best of some starts."""
    x = np.linspace(0.01, 0.99, 40)
    text = DIFFUSION.replace("EQUATION", equation).replace("UNKNOWNS", unknowns)
    problem = nt.problem(from_toml(text), data={"values": {"x": x, "u": np.sin(np.pi * x)}, "observe": "u"})
    points = nt.draw_points(problem, {"ends": 2, "f": 100}, seed)
    network = default_network(problem, width=10, depth=2)
    asked = {"points": points, "until": 80, "error": False, "evidence": starts > 1}
    return train_from_starts(problem, network, starts=starts, seed=10 * seed, **asked)


def run_field(draws: int) -> None:
    """The coefficient of a steady diffusion."""
    off, seconds = [], []
    for seed in range(draws):
        begin = time.process_time()
        (a,) = diffusion(seed, "diff(a*u_x, x)", 'a = { of = ["x"] }', 3).identified_fields
        seconds.append(time.process_time() - begin)
        off.append(a.off if a.is_identifiable else np.inf)
    found = np.array(off)
    print(
        f"field: {np.sum(found <= 1e-2)} of {draws} draws within 1e-2 of a(x), median {np.median(found):.1e}"
    )
    print(f"       {np.median(seconds):.2f} s of one processor each (median), {max(seconds):.2f} s at most")


def run_lost(draws: int) -> None:
    """A field times an unknown number."""
    called = 0
    for seed in range(draws):
        run = diffusion(seed, "m*diff(a*u_x, x)", 'a = { of = ["x"] }, m = 1.5', 1)
        called += not run.identified_fields[0].is_identifiable and run.identified[0].error is None
    print(f"lost: {called} of {draws} draws call both not identifiable")


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "all"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else None
    every = {"heat": (run_heat, 100), "hidden": (run_hidden, 20), "kdv": (run_kdv, 3)}
    every |= {"field": (run_field, 20), "lost": (run_lost, 20)}
    for name, (run, default) in every.items():
        if chosen in (name, "all"):
            run(count or default)
