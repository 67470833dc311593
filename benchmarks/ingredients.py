"""Kernels against JAX: {plain, ansatz, periodic, Fourier} × starts × depths × operators × unknowns.

    python benchmarks/ingredients.py [--every K] [--offset J] [--fresh]

Every K-th of the 1080 cases, from the J-th. Cases that the results hold stay and count; --fresh drops them.
Exit code 1 if any case is off by more than 1e-10 of ‖K‖, by either path.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy as sp
from peers_jax import JaxPeer, network_function

import ntk_theory as nt
from ntk_theory.symbolic.jets import JetSpace
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
#: Nothing unknown; a coefficient of value times last derivative of every equation; a field inside it.
UNKNOWNS = ("known", "unknown", "field")
#: The unknown field by the start: of which of the problem's variables, and what else is said of it.
FIELDS: dict[str, dict[str, Any]] = {
    "paper": {"of": [0], "start": 2, "width": 3},
    "pytorch": {"of": [0, -1], "start": "3/2", "width": 2, "positive": True},
    "glorot-normal": {"of": [-1], "start": 0, "width": 4, "seed": 5},
}


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


def with_field(problem: nt.Problem) -> nt.Problem:
    """F + u_α ∂(a u)/∂x with a field a (named kappa) beside the others, x the first variable, α as above."""
    space = JetSpace((*problem.fields, "kappa"), problem.variables)

    def wider(group: nt.Group) -> nt.Group:
        return replace(group, legs=tuple(nt.Operator(space, leg.expression) for leg in group.legs))

    def grown(group: nt.Group) -> nt.Group:
        leg = wider(group).legs[0]
        u, a = (leg.space.value(name) for name in (problem.fields[0], "kappa"))
        first = tuple(int(k == 0) for k in range(len(problem.variables)))
        steep = [leg.space.symbol(replace(slot, index=first)) for slot in (u, a)]
        flux = leg.space.symbol(a) * steep[0] + leg.space.symbol(u) * steep[1]
        added = flux * leg.space.symbol(group.legs[0].slots[-1])
        return replace(group, legs=(nt.Operator(space, leg.expression + added),))

    return replace(
        problem,
        space=space,
        equations=tuple(map(grown, problem.equations)),
        conditions=tuple(map(wider, problem.conditions)),
        solution=None,
    )


def field_function(
    problem: nt.Problem, network: nt.Network, told: dict[str, Any], is_hard: bool
) -> Callable[[Sequence[Any], Any], Any]:
    """(u…, a)(leaves, x): the network, with the ansatz of :func:`setting`, and a(x) beside it, in JAX.

    The last leaf holds a's numbers: c, then b, w (one per variable), v of every neuron.
    """
    net, ends = network_function(network), [[float(e) for e in problem.domain[v]] for v in told["of"]]
    columns = [problem.variables.index(v) for v in told["of"]]
    begin, n = float(Fraction(told["start"])), told["width"]

    def values(theta: Sequence[Any], x: Any) -> Any:
        u = net(theta, x)
        if is_hard:
            u = 1 / 3 + jnp.sin(x[0]) * u
        inside = [
            (2 * x[k] - low - high) / (high - low) for k, (low, high) in zip(columns, ends, strict=True)
        ]
        parts = theta[-1][1:].reshape(n, 2 + len(inside))
        total = theta[-1][0]
        for row in parts:
            z = row[0] + sum(w * y for w, y in zip(row[1:-1], inside, strict=True))
            total = total + row[-1] * jnp.tanh(z) / np.sqrt(n)
        a = begin * jnp.exp(total) if told.get("positive") else begin + total
        return jnp.concatenate([u, a[None]])

    return values


def setting(operator: str, ingredient: str, start: str, widths: tuple[int, ...], unknown: str = "known"):
    """A problem and a network for it."""
    problem = nt.zoo(operator)
    if unknown == "unknown":
        problem = with_unknown(problem)
    if unknown == "field":
        problem = nt.problem(with_field(problem), unknowns={"kappa": field_of(problem, start)})
    first = problem.variables[0]
    features = {"periodic": {first: {"periodic": 2}}, "fourier": {"fourier": 5, "sigma": 0.4, "seed": 3}}
    if ingredient == "ansatz":
        lines = [f"{field} = 1/3 + sin({first})*w{k}" for k, field in enumerate(problem.fields)]
        problem = nt.problem(problem, ansatz="; ".join(lines))
    network = nt.Network(
        problem.variables, problem.fields, widths, features=features.get(ingredient), initialisation=start
    )
    return problem, network


def field_of(problem: nt.Problem, start: str) -> dict[str, Any]:
    """What ``[unknowns]`` says of the field a."""
    return FIELDS[start] | {"of": [problem.variables[k] for k in FIELDS[start]["of"]]}


def peer_of(problem: nt.Problem, network: nt.Network, case: tuple[str, ...]) -> JaxPeer:
    """The kernel in JAX; an unknown field is a function beside the network, which nothing was put in for."""
    operator, ingredient, start, unknown = case
    if unknown != "field":
        return JaxPeer(problem, network)
    stated, left = with_field(nt.zoo(operator)), {group.name for group in problem.groups}
    kept = {
        what: tuple(g for g in getattr(stated, what) if g.name in left)
        for what in ("equations", "conditions")
    }
    told = field_of(stated, start)
    own = field_function(stated, network, told, ingredient == "ansatz")
    return JaxPeer(replace(stated, **kept), network, own=own)


def difference(
    operator: str, ingredient: str, start: str, widths: tuple[int, ...], unknown: str = "known"
) -> float:
    """The larger of ‖K − K_JAX‖/‖K_JAX‖ by the two paths."""
    problem, network = setting(operator, ingredient, start, widths, unknown)
    parameters, points = network.init(4), nt.draw_points(problem, 2, seed=3)
    if problem.unknowns:
        # Away from where they start, where the limit law and the rules look.
        moved = np.random.default_rng(8).standard_normal(len(problem.unknowns))
        parameters = parameters.with_unknowns(np.array([-0.4]) if unknown == "unknown" else moved)
    wanted = peer_of(problem, network, (operator, ingredient, start, unknown)).kernel(parameters, points)
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
            store(found, before + time.perf_counter() - began, len(every))
    worst = max(found, key=lambda name: found[name])
    wrong = [name for name in found if not found[name] <= TOLERANCE]
    print(f"{len(found)} cases, worst {found[worst]:.1e} ({worst}), {len(wrong)} above {TOLERANCE:g}")
    return bool(wrong)


def store(found: dict[str, float], seconds: float, of: int) -> None:
    """What was found, by case; a run that is cut short loses nothing."""
    worst = max(found, key=lambda name: found[name])
    above = [name for name in found if not found[name] <= TOLERANCE]
    summary = {"cases": len(found), "of": of, "worst": found[worst], "worst_case": worst, "above": above}
    RESULTS.write_text(json.dumps(summary | {"seconds": round(seconds), "found": found}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
