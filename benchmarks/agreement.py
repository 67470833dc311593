"""Agreement of the fast kernels with two oracles on the whole zoo.

Every problem of the zoo at depth 1, 2 and 4, on a tiny network. The pairs (output bias, activation) are dealt
out so that every pair is seen at every depth; s and the input map vary too. Compared are

    jet         this package, assembled from the jet NTK
    contracted  this package, seeds contracted through F_α (no jet NTK)
    reference   this package's slow reference: differences with 160 digits, the original expression
    jax         jit(vmap(grad(residual))), then J Jᵀ

in the relative Frobenius norm of the whole kernel, and block by block relative to √(‖K^{gg}‖‖K^{hh}‖).

    python benchmarks/agreement.py                 # all cases that results/agreement.json lacks
    python benchmarks/agreement.py --fresh kdv     # some problems, from the start

The exit status is 1 if a case is missing or disagrees by more than 1e-10.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import environment
import numpy as np
from peers_jax import JaxPeer

import ntk_theory as nt
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.reference import reference_kernel
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.setting.activations import ACTIVATIONS
from ntk_theory.setting.output_bias import OUTPUT_BIASES
from ntk_theory.symbolic.problem import Problem

OUTPUT = Path(__file__).parent / "results" / "agreement.json"
TOLERANCE = 1e-10
DEPTHS = (1, 2, 4)
#: Layers of different width, so that a confusion of two of them shows.
WIDTHS = (4, 3, 2, 3)
#: Every smooth activation, and powers of ReLU; one with a kink bears too few of the problems.
DEALT = [name for name, line in ACTIVATIONS.items() if line.is_smooth or name == "relu"]
PAIRS = tuple((bias, activation) for activation in DEALT for bias in OUTPUT_BIASES)
EXPONENTS = ("1/2", "3/4", "2/5", "1")


@dataclass(frozen=True)
class Case:
    """One comparison; ``activation`` "relu" stands for the smallest power that the problem allows."""

    problem: str
    depth: int
    output_bias: str
    activation: str
    s: str
    mapped: bool
    variant: str = "jvp"

    @property
    def label(self) -> str:
        """The key of the case among the results."""
        return f"{self.problem} depth {self.depth}"


@dataclass(frozen=True, eq=False)
class Setting:
    """The objects of a case."""

    problem: Problem
    network: Network
    parameters: Parameters
    points: Mapping[str, np.ndarray]


def cases(names: Sequence[str] | None = None) -> Iterator[Case]:
    """All cases in order; pairs are dealt so that 30 neighbours see all of them at every depth."""
    for place, name in enumerate(nt.zoo_names()):
        for k, depth in enumerate(DEPTHS):
            bias, activation = PAIRS[(place + 12 * k) % len(PAIRS)]
            s = EXPONENTS[(place + k) % len(EXPONENTS)]
            variant = ("jvp", "grad", "jet")[(place + k) % 3]
            mapped = (place // 3 + k) % 2 == 0 or activation == "relu"
            if names is None or name in names:
                yield Case(name, depth, bias, activation, s, mapped, variant)


def setting(case: Case, points_per_group: int = 2) -> Setting:
    """Problem, tiny network, parameters and points of a case."""
    problem = nt.zoo(case.problem)
    order = max(slot.order for group in problem.groups for leg in group.legs for slot in leg.slots)
    bounds = {v: (float(low), float(high)) for v, (low, high) in problem.domain.items()}
    network = Network(
        problem.variables,
        problem.fields,
        WIDTHS[: case.depth],
        s=case.s,
        activation=f"relu^{order + 1}" if case.activation == "relu" else case.activation,
        output_bias=case.output_bias,
        input_map=bounds if case.mapped else None,
    )
    parameters = network.init(seed=case.depth)
    if case.activation == "relu":
        parameters = _tamed(parameters)
    return Setting(problem, network, parameters, draw_points(problem, points_per_group, seed=7))


def _tamed(parameters: Parameters) -> Parameters:
    """Parameters for a power of ReLU: biases between 0.2 and 1, an eighth of the weights.

    A few neurons with N(0, 1) parameters are often all dead, and four layers of relu^5 make a piecewise
    polynomial of degree 625, which overflows; both would hide every difference.
    """
    hidden = tuple((weight / 8, 0.6 + 0.4 * np.tanh(bias)) for weight, bias in parameters.hidden)
    return replace(parameters, hidden=hidden)


def kernels(case: Case, given: Setting) -> dict[str, Any]:
    """The kernel by every way, (n, n) each, and the seconds that each took."""
    found: dict[str, Any] = {"seconds": {}}
    arguments = (given.problem, given.network, given.parameters, given.points)
    peer = JaxPeer(given.problem, given.network, case.variant)
    for name, compute in {
        "jet": lambda: ntk(*arguments, path="jet"),
        "contracted": lambda: ntk(*arguments, path="contracted"),
        "reference": lambda: reference_kernel(*arguments),
        "jax": lambda: peer.kernel(given.parameters, given.points),
    }.items():
        start = time.perf_counter()
        found[name] = compute()
        found["seconds"][name] = round(time.perf_counter() - start, 2)
    return found


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """‖a − b‖ / ‖b‖ in the Frobenius norm."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def worst_block(a: np.ndarray, b: np.ndarray, sizes: Sequence[int]) -> float:
    """The largest ‖a^{gh} − b^{gh}‖ / √(‖b^{gg}‖ ‖b^{hh}‖)."""
    ends = np.cumsum([0, *sizes])
    spans = [slice(p, q) for p, q in pairwise(ends)]
    norms = [np.sqrt(np.linalg.norm(b[span, span])) for span in spans]
    return max(
        float(np.linalg.norm(a[g, h] - b[g, h]) / (p * q))
        for g, p in zip(spans, norms, strict=True)
        for h, q in zip(spans, norms, strict=True)
    )


def compare(case: Case) -> dict[str, Any]:
    """All differences of a case, as JSON-like data."""
    found = kernels(case, setting(case))
    sizes = [group.size for group in found["jet"].groups]
    fast = {name: found[name].matrix for name in ("jet", "contracted")}
    result: dict[str, Any] = {**asdict(case), "seconds": found["seconds"], "rows": sum(sizes)}
    for oracle in ("reference", "jax"):
        for name, matrix in fast.items():
            result[f"{name} - {oracle}"] = difference(matrix, found[oracle])
            result[f"{name} - {oracle}, worst block"] = worst_block(matrix, found[oracle], sizes)
    result["agrees"] = max(result[f"{n} - {o}"] for n in fast for o in ("reference", "jax")) <= TOLERANCE
    return result


def summary(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the whole table says."""
    done = list(results.values())
    keys = [
        f"{n} - {o}{b}"
        for n in ("jet", "contracted")
        for o in ("reference", "jax")
        for b in ("", ", worst block")
    ]
    seen = {
        depth: {(r["output_bias"], r["activation"]) for r in done if r["depth"] == depth} for depth in DEPTHS
    }
    return {
        "cases": len(done),
        "of": len(list(cases())),
        "agree": sum(r["agrees"] for r in done),
        "pairs of output bias and activation at each depth": {
            str(depth): f"{len(pairs)} of {len(PAIRS)}" for depth, pairs in seen.items()
        },
        "largest": {key: max((r[key] for r in done), default=None) for key in keys},
        "tolerance": TOLERANCE,
    }


def main() -> int:
    """Run what is missing, write after every case, print the summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="problems of the zoo (default: all)")
    parser.add_argument("--fresh", action="store_true", help="compute again what is there")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(nt.zoo_names())
    if unknown:
        parser.error(f"the zoo has no {', '.join(sorted(unknown))}")
    results: dict[str, Any] = {}
    if arguments.output.exists():
        results = json.loads(arguments.output.read_text(encoding="utf-8"))["results"]["cases"]
    for case in cases(arguments.names or None):
        if case.label in results and not arguments.fresh:
            continue
        results[case.label] = compare(case)
        environment.write(arguments.output, {"summary": summary(results), "cases": results})
        row = results[case.label]
        print(
            f"{case.label:34} {case.output_bias:7} {case.activation:9} "
            f"reference {row['jet - reference']:.1e} {row['contracted - reference']:.1e} "
            f"jax {row['jet - jax']:.1e} block {row['jet - reference, worst block']:.1e} "
            f"{'' if row['agrees'] else 'DISAGREES'}",
            flush=True,
        )
    total = summary(results)
    print(json.dumps(total, indent=1))
    return 0 if total["agree"] == total["of"] else 1


if __name__ == "__main__":
    sys.exit(main())
