"""Products with residual Hessians against JAX (forward over reverse) on all zoo operators of order ≤ 4.

    python benchmarks/hessians.py [--only kdv wave] [--json results/hessians.json]

For every such problem, at depth 1, 2 and 3, one random direction per group: the relative difference of
∇²R v from ``jax.jvp(jax.grad(R))``, on a tiny network whose output bias and s vary. Prints a line per
problem and the worst; exit code 1 where one differs by more than 1e-9.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from environment import write
from peers_jax import JaxPeer, leaves

import ntk_theory as nt
from ntk_theory.empirical.hessian import hessian
from ntk_theory.model.points import draw_points
from ntk_theory.symbolic.problem import Problem

TOLERANCE = 1e-9
DEPTHS = (1, 2, 3)
MOST_ORDER = 4
BIASES, EXPONENTS = ("zero", "normal", "none"), ("1/2", "3/4", "1")


def order_of(problem: Problem) -> int:
    """The largest order of a leg of any group."""
    return max(leg.order for group in problem.groups for leg in group.legs)


def worst(name: str, depth: int, activation: str = "tanh", width: int = 4) -> float:
    """The largest relative difference over the groups of one zoo problem at one depth."""
    problem = nt.problem(name)
    k = depth + len(name)
    network = nt.Network(
        problem.variables,
        problem.outputs,
        width,
        depth=depth,
        s=EXPONENTS[k % 3],
        output_bias=BIASES[k % 3],
        activation=activation,
    )
    theta = network.init(depth)
    if problem.unknowns:
        return 0.0
    points = {g: np.asarray(x)[:1] for g, x in draw_points(problem, 1, seed=depth).items()}
    direction = np.random.default_rng(depth).standard_normal(theta.size)
    tangent = leaves(theta.replaced(direction))
    peer = JaxPeer(problem, network)
    found = hessian(problem, network, theta, points)
    differences = []
    for group in problem.groups:
        residual = peer.residual(group)
        place = jnp.asarray(points[group.name][0])

        def gradient(values: list[jax.Array], residual=residual, place=place) -> list[jax.Array]:
            return jax.grad(residual)(values, place)

        _, along = jax.jvp(gradient, (leaves(theta),), (tangent,))
        expected = np.concatenate([np.ravel(block) for block in along])
        own = found[group.name][0] @ direction
        differences.append(np.abs(own - expected).max() / max(np.abs(expected).max(), 1e-300))
    return float(max(differences))


def main() -> int:
    """Run all; 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    names = options.only or [n for n in nt.zoo_names() if order_of(nt.problem(n)) <= MOST_ORDER]
    found = {}
    for name in names:
        found[name] = {str(depth): worst(name, depth) for depth in DEPTHS}
        print(f"{name:28} {max(found[name].values()):.1e}", flush=True)
    top = max(max(own.values()) for own in found.values())
    print(json.dumps({"problems": len(found), "depths": DEPTHS, "worst": top, "tolerance": TOLERANCE}))
    if options.json is not None:
        write(options.json, {"tolerance": TOLERANCE, "worst": top, "differences": found})
    return int(top > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
