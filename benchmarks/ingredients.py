"""Kernels against JAX: {plain, ansatz, periodic, Fourier} × starts × depths × operators × unknowns.

    python benchmarks/ingredients.py [--every K] [--offset J] [--fresh]

Every K-th of the 720 cases, from the J-th. Cases that the results hold stay and count; --fresh drops them.
Exit code 1 if any case is off by more than 1e-10 of ‖K‖, by either path.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import sympy as sp
from peers_jax import JaxPeer

import ntk_theory as nt
from ntk_theory.symbolic.unknowns import Unknown

TOLERANCE = 1e-10
RESULTS = Path(__file__).parent / "results" / "ingredients.json"
OPERATORS = (
    "heat",
    "burgers",
    "kdv",
    "sine-gordon",
    "wave",
    "allen-cahn",
    "fisher-kpp",
    "klein-gordon",
    "gardner",
    "eikonal",
)
INGREDIENTS = ("plain", "ansatz", "periodic", "fourier")
STARTS = ("paper", "pytorch", "glorot-normal")
WIDTHS = ((7,), (6, 5), (5, 4, 6))
#: No unknown coefficient, or one that multiplies the value and the last derivative of every equation.
UNKNOWNS = ("known", "unknown")


def with_unknown(problem: nt.Problem) -> nt.Problem:
    """F + κ² u u_α with κ trained as its logarithm, α the last slot of every equation, u its first field."""
    kappa = sp.Symbol("kappa", real=True)

    def grown(group: nt.Group) -> nt.Group:
        leg = group.legs[0]
        value, last = leg.space.value(leg.space.fields[0]), leg.slots[-1]
        added = kappa**2 * leg.space.symbol(value) * leg.space.symbol(last)
        return replace(group, legs=(nt.Operator(leg.space, leg.expression + added),))

    return replace(
        problem,
        equations=tuple(map(grown, problem.equations)),
        solution=None,
        parameters={**problem.parameters, "kappa": sp.Rational(7, 10)},
        unknowns={"kappa": Unknown(sp.Rational(7, 10), positive=True)},
    )


def setting(operator: str, ingredient: str, start: str, widths: tuple[int, ...], unknown: str = "known"):
    """A problem and a network for it."""
    problem = nt.zoo(operator)
    if unknown == UNKNOWNS[1]:
        problem = with_unknown(problem)
    first = problem.variables[0]
    features = {"periodic": {first: {"periodic": 2}}, "fourier": {"fourier": 5, "sigma": 0.4, "seed": 3}}
    if ingredient == "ansatz":
        lines = [f"{field} = 1/3 + sin({first})*w{k}" for k, field in enumerate(problem.fields)]
        problem = nt.problem(problem, ansatz="; ".join(lines))
    network = nt.Network(
        problem.variables, problem.fields, widths, features=features.get(ingredient), initialisation=start
    )
    return problem, network


def difference(
    operator: str, ingredient: str, start: str, widths: tuple[int, ...], unknown: str = "known"
) -> float:
    """The larger of ‖K − K_JAX‖/‖K_JAX‖ by the two paths."""
    problem, network = setting(operator, ingredient, start, widths, unknown)
    parameters, points = network.init(4), nt.draw_points(problem, 2, seed=3)
    if problem.unknowns:
        parameters = parameters.with_unknowns(np.array([-0.4]))
    wanted = JaxPeer(problem, network).kernel(parameters, points)
    found = [nt.ntk(problem, network, parameters, points, path=path).matrix for path in ("jet", "contracted")]
    return max(float(np.linalg.norm(k - wanted) / np.linalg.norm(wanted)) for k in found)


def main() -> int:
    """Run the cases, print and store what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--fresh", action="store_true")
    asked = parser.parse_args()
    every = list(itertools.product(OPERATORS, INGREDIENTS, STARTS, WIDTHS, UNKNOWNS))
    cases = every[asked.offset :: asked.every]
    began = time.perf_counter()
    stored = {} if asked.fresh or not RESULTS.exists() else json.loads(RESULTS.read_text())
    found, before = stored.get("found", {}), stored.get("seconds", 0) if "found" in stored else 0
    for case in cases:
        name = " ".join([*case[:3], f"depth {len(case[3])}", case[4]])
        if name not in found:
            found[name] = difference(*case)
            print(f"{found[name]:.1e}  {name}", flush=True)
            store(found, before + time.perf_counter() - began)
    worst = max(found, key=lambda name: found[name])
    wrong = [name for name in found if not found[name] <= TOLERANCE]
    print(f"{len(found)} cases, worst {found[worst]:.1e} ({worst}), {len(wrong)} above {TOLERANCE:g}")
    return bool(wrong)


def store(found: dict[str, float], seconds: float) -> None:
    """What was found, by case; a run that is cut short loses nothing."""
    worst = max(found, key=lambda name: found[name])
    above = [name for name in found if not found[name] <= TOLERANCE]
    summary = {"cases": len(found), "worst": found[worst], "worst_case": worst, "above": above}
    RESULTS.write_text(json.dumps(summary | {"seconds": round(seconds), "found": found}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
