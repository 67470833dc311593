"""Limit laws of feature maps and starts against 300 networks of width 4096 each; a wrong law must fail.

    python benchmarks/ingredient_laws.py [--networks 300] [--width 4096] [--only NAME]

Per ingredient: the mean of every entry of T_N against T^∞ in standard errors (300 networks: 5.5 is a chance
of 8e-8 per entry), and the variance of every entry of S_N against Σ in units of its own error. The wrong law
is that of σ_w or of lengths 5 % off, of a library's start that of another. Of what is unknown: the mean and
the mean square of every entry of what its training adds to K_ff, against the law's mean and 20000 of its
draws; the wrong law forgets the logarithm of a positive one. Exit code 1 if a right law is rejected or a
wrong one is not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import ntk_theory as nt
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.limit.law import LimitLaw

RESULTS = Path(__file__).parent / "results" / "ingredient_laws.json"
#: Standard errors from which on a law is rejected.
BOUND = 5.5
#: Ingredient → what the network takes, and the same a little wrong.
INGREDIENTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "periodic": ({"features": {"x": {"periodic": 2}}}, {"features": {"x": {"periodic": 2.1}}}),
    "fourier": (
        {"features": {"fourier": 16, "sigma": 0.4, "seed": 3}},
        {"features": {"fourier": 16, "sigma": 0.42, "seed": 3}},
    ),
    "sigmas": (
        {"initialisation": {"sigma_w": 1.5, "sigma_b": 0.5}},
        {"initialisation": {"sigma_w": 1.575, "sigma_b": 0.5}},
    ),
    "uniform": (
        {"initialisation": {"law": "uniform"}},
        {"initialisation": {"law": "uniform", "sigma_w": 1.05}},
    ),
    "pytorch": ({"initialisation": "pytorch"}, {"initialisation": "lecun"}),
    "lecun": ({"initialisation": "lecun"}, {"initialisation": "pytorch"}),
    "he": ({"initialisation": "he"}, {"initialisation": "lecun"}),
    "glorot-uniform": ({"initialisation": "glorot-uniform"}, {"initialisation": "he"}),
    "swish": ({"activation": "swish:1.5"}, {"activation": "swish:1.6"}),
    "mish": ({"activation": "mish"}, {"activation": "silu"}),
    "glorot-normal": ({"initialisation": "glorot-normal"}, {"initialisation": "he"}),
}  # fmt: skip

#: Ingredient → equation, its unknowns, and others whose law must fail.
UNKNOWNS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "unknown field": (
        "u_t - diff(k*u_x, x)",
        {"of": ["x"], "start": 2, "positive": True},
        {"of": ["x"], "start": 2},
    ),
    "unknown source": (
        "u_t - u_xx - k",
        {"of": ["x", "t"], "width": 4, "start": 2},
        {"of": ["x", "t"], "width": 4, "start": 2, "positive": True},
    ),
    "unknown number": ("u_t - k*u_xx", {"start": 2, "positive": True}, {"start": 2}),
}
#: Draws of the law of a term that stays random, for its mean squares.
DRAWS = 20_000


def added(text: str, entry: dict[str, Any], networks: int, width: int) -> tuple[Any, np.ndarray]:
    """Laws of K_ff with and without what training adds, and that difference of drawn networks, s = 1/2."""
    fields = {"fields": ["u", "k"], "variables": ["x", "t"]} if "of" in entry else {}
    problem = nt.problem(text, unknowns={"k": entry}, **fields)
    known = problem.bind()
    points = {name: 0.8 * x - 0.4 for name, x in nt.draw_points(problem, 2, 1).items()}
    network = nt.Network(problem.variables, problem.fields, width)
    laws = [nt.limit_law(one, network, points) for one in (problem, known)]
    drawn = [network.init(seed) for seed in range(networks)]
    found = [
        nt.ntk(problem, network, one, points)["f,f"] - nt.ntk(known, network, one, points)["f,f"]
        for one in drawn
    ]
    return laws, np.array(found)


def of_unknown(text: str, right: dict, wrong: dict, networks: int, width: int) -> dict[str, float]:
    """The largest deviation of the mean and the mean square of what is added, and from the wrong law."""
    laws, seen = added(text, right, networks, width)
    other, _ = added(text, wrong, 0, width)
    offs = []
    for with_it, without in (laws, other):
        draws = with_it.sample(1.0, DRAWS, 7)["f,f"] - without.sample(1.0, DRAWS, 7)["f,f"]
        mean = with_it.mean(1.0)["f,f"] - without.mean(1.0)["f,f"]
        offs.append((errors(seen, mean), errors(seen**2, np.mean(draws**2, axis=0), draws**2)))
    return {"mean": offs[0][0], "mean_square": offs[0][1], "wrong": max(offs[1])}


def errors(seen: np.ndarray, mean: np.ndarray, draws: np.ndarray | None = None) -> float:
    """The largest |mean of what is seen − mean| in standard errors, of both where that is a mean of draws."""
    variance = seen.var(axis=0, ddof=1) / len(seen)
    if draws is not None:
        variance = variance + draws.var(axis=0, ddof=1) / len(draws)
    return float(
        np.max(np.abs(seen.mean(axis=0) - mean) / np.maximum(np.sqrt(variance), 1e-12 * np.abs(mean).max()))
    )


def deviations(law: LimitLaw, fields: np.ndarray, kernels: np.ndarray) -> tuple[float, float]:
    """The largest deviation of the mean of T and of the variance of S from the law, in standard errors."""
    n = len(kernels)
    error = kernels.std(axis=0, ddof=1) / np.sqrt(n)
    off = np.abs(kernels.mean(axis=0) - law.jet_ntk)
    size = np.abs(law.jet_ntk).max()
    means = float(np.max(off / np.maximum(error, 1e-12 * size)))
    squares = fields**2
    variance = np.einsum("arar->ar", law.covariance)
    spread = np.maximum(squares.std(axis=0, ddof=1) / np.sqrt(n), 1e-12 * variance.max())
    return means, float(np.max(np.abs(squares.mean(axis=0) - variance) / spread))


def main() -> int:
    """Compare, print and store."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", type=int, default=300)
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--only", help="one ingredient; what else is stored stays")
    asked = parser.parse_args()
    problem, began, found = nt.zoo("heat"), time.perf_counter(), {}
    points = {name: 0.9 * x + 0.05 for name, x in nt.draw_points(problem, 2, 1).items()}
    if asked.only:
        found = json.loads(RESULTS.read_text())["found"]
    for name, (right, wrong) in INGREDIENTS.items():
        if asked.only not in (None, name):
            continue
        networks = [
            nt.Network(problem.variables, problem.fields, asked.width, **kind) for kind in (right, wrong)
        ]
        laws = [nt.limit_law(problem, network, points) for network in networks]
        rows, slots = laws[0].rows.points, laws[0].slots
        drawn = [networks[0].init(seed) for seed in range(asked.networks)]
        fields = np.stack([scaled_jets(networks[0], one, rows, slots) for one in drawn])
        kernels = np.stack([jet_ntk(networks[0], one, rows, slots) for one in drawn])
        t, s = deviations(laws[0], fields, kernels)
        t_wrong, s_wrong = deviations(laws[1], fields, kernels)
        found[name] = {"mean_of_T": t, "variance_of_S": s, "wrong": max(t_wrong, s_wrong)}
        print(f"{name:15} T {t:5.2f}  S {s:5.2f}  wrong law {max(t_wrong, s_wrong):.3g}", flush=True)
    for name, asked_for in UNKNOWNS.items():
        if asked.only in (None, name):
            found[name] = of_unknown(*asked_for, asked.networks, asked.width)
            print(f"{name:15} {found[name]}", flush=True)
    bad = [
        name
        for name, v in found.items()
        if max(off for kind, off in v.items() if kind != "wrong") > BOUND or v["wrong"] <= BOUND
    ]
    print(f"{len(found)} ingredients, {asked.networks} networks of width {asked.width}; wrong: {bad}")
    about = {"networks": asked.networks, "width": asked.width, "bad": bad}
    text = json.dumps(about | {"found": found, "seconds": round(time.perf_counter() - began)}, indent=1)
    RESULTS.write_text(text + "\n")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
