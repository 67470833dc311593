"""One training step with its kernel, ∇L and K at θ, here and in JAX, in one run; writes JSON.

    python benchmarks/train_step.py [--threads 2] [--repeats 5]

KdV (u_t + u u_x + u_xxx and a value group), depth 3, width 512, 64 + 64 points, float64. JAX compiles
beforehand and takes its fastest variant of nested derivatives; minima over interleaved repeats.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Set the threads before NumPy and JAX are imported, run, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--variants", default="grad,jvp,jet")
    parser.add_argument("--out", type=Path, default=RESULTS / "train_step.json")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    if arguments.threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    from environment import write  # noqa: PLC0415 - after the threads are set

    found = measure(arguments.repeats, arguments.variants.split(","))
    print(found)
    write(arguments.out, found)


def measure(repeats: int, variants: list[str]) -> dict[str, Any]:
    """Interleaved minima, and the difference of the results."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415
    from peers_jax import JaxPeer, leaves  # noqa: PLC0415

    import ntk_theory as nt  # noqa: PLC0415
    from ntk_theory.model.network import Network  # noqa: PLC0415
    from ntk_theory.model.points import draw_points  # noqa: PLC0415
    from ntk_theory.training.objective import Objective  # noqa: PLC0415

    problem = nt.problem("u_t + u*u_x + u_xxx")
    network = Network(problem.variables, problem.fields, 512, 3)
    theta, points = network.init(0), draw_points(problem, 64, 0)
    objective = Objective.of(problem, network, theta, points)
    vector, start = theta.flatten(), leaves(theta)

    def ours() -> tuple[Any, Any]:
        _, gradient, kernel = objective.gradient_and_kernel(vector)
        return gradient, kernel.matrix

    def peer(variant: str) -> Any:
        side = JaxPeer(problem, network, variant)
        residuals = [(side.residual(g), jnp.asarray(points[g.name])) for g in problem.groups]

        def loss(leaf: Any) -> Any:
            return sum(0.5 * jnp.sum(jax.vmap(f, (None, 0))(leaf, x) ** 2) for f, x in residuals)

        gradient, kernel = jax.jit(jax.grad(loss)), side.prepare(theta, points)
        return lambda: (jax.block_until_ready(gradient(start)), kernel())

    runs: dict[str, Any] = {"here": ours} | {v: peer(v) for v in variants}
    results = {name: run() for name, run in runs.items()}  # compiles
    seconds = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            seconds[name] = min(seconds[name], time.perf_counter() - begin)
    mine, theirs = results["here"], results[variants[0]]
    flat = np.concatenate([np.asarray(block).ravel() for block in theirs[0]])
    best = min(seconds[v] for v in variants)
    return {
        "seconds": seconds,
        "times faster than the best variant": best / seconds["here"],
        "gradient difference": float(np.linalg.norm(mine[0] - flat) / np.linalg.norm(flat)),
        "kernel difference": float(np.linalg.norm(mine[1] - theirs[1]) / np.linalg.norm(theirs[1])),
    }


if __name__ == "__main__":
    main()
