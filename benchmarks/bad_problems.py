"""Thirty problems that are badly scaled, badly posed or badly stated: no run may end solved and be wrong.

    python benchmarks/bad_problems.py [--seconds 30] [NAME ...]

Every problem is trained with default options from seed 0 (processor time per problem is bounded), and its
verdict is compared with the true relative error where the solution is known: ``solved`` with an error above
ten times the tolerance is a failure of this benchmark, and so is an ending without a cause. Writes
``results/bad_problems.json`` after every problem.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
FACTOR = 10.0


def oscillator(k: int) -> dict[str, Any]:
    """Return u'' + 4u' + ku = 0 with u(0) = 1, u'(0) = 0, k > 4."""
    w = f"sqrt({k - 4})"
    return ode(
        f"u_tt + 4*u_t + {k}*u = 0",
        [("start", "u = 1", 0), ("speed", "u_t = 0", 0)],
        f"exp(-2*t)*(cos({w}*t) + 2/{w}*sin({w}*t))",
        variable="t",
    )


def ode(
    equation: str,
    conditions: list[tuple[str, str, float]],
    solution: str | None,
    *,
    variable: str = "x",
    end: float = 1,
    start: float = 0,
    field: str = "u",
) -> dict[str, Any]:
    """A problem in one variable: (name, equation, where) per condition."""
    return {
        "fields": [field],
        "variables": [variable],
        "equations": [equation],
        "domain": {variable: [start, end]},
        "conditions": [{"name": n, "equation": e, "on": [{variable: at}]} for n, e, at in conditions],
        **({} if solution is None else {"solution": {field: solution}}),
    }


def heat(initial: str, left: str, solution: str | None = None, k: str = "1") -> dict[str, Any]:
    """The heat equation on [0, 1]², u = 0 at the right end."""
    return {
        "fields": ["u"],
        "variables": ["x", "t"],
        "equations": [f"u_t = {k}*u_xx"],
        "domain": {"x": [0, 1], "t": [0, 1]},
        "conditions": [
            {"name": "initial", "equation": f"u = {initial}", "on": [{"t": 0}]},
            {"name": "left", "equation": f"u = {left}", "on": [{"x": 0}]},
            {"name": "right", "equation": "u = 0", "on": [{"x": 1}]},
        ],
        **({} if solution is None else {"solution": {"u": solution}}),
    }


EI = "210000*10^7"
STEEL = "2.1*10^11"
SIR = {
    "fields": ["S", "I", "R"],
    "variables": ["t"],
    "equations": ["S_t = -S*I/2/7900000", "I_t = S*I/2/7900000 - I/10", "R_t = I/10"],
    "domain": {"t": [0, 60]},
    "conditions": [
        {"name": "s", "equation": "S = 7899990", "on": [{"t": 0}]},
        {"name": "i", "equation": "I = 10", "on": [{"t": 0}]},
        {"name": "r", "equation": "R = 0", "on": [{"t": 0}]},
    ],
}
KDV = {
    "fields": ["u"],
    "variables": ["x", "t"],
    "equations": ["u_t + u*u_x + 0.022^2*u_xxx = 0"],
    "domain": {"x": [-1, 1], "t": [0, 1]},
    "conditions": [
        {"name": "initial", "equation": "u = cos(pi*x)", "on": [{"t": 0}]},
        *(
            {"name": name, "periodic": [{"x": -1}, {"x": 1}], "equation": what}
            for name, what in (("p0", "u"), ("p1", "u_x"), ("p2", "u_xx"))
        ),
    ],
}
#: name → (problem, options of train).
PROBLEMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "beam-mm": (
        ode(
            f"{EI}*w_xxxx = 5",
            [
                ("left", "w = 0", 0),
                ("right", "w = 0", 3000),
                ("m0", f"{EI}*w_xx = 0", 0),
                ("m1", f"{EI}*w_xx = 0", 3000),
            ],
            f"5*x*(3000^3 - 2*3000*x^2 + x^3)/(24*{EI})",
            end=3000,
            field="w",
        ),
        {},
    ),
    "cantilever-mm": (
        ode(
            f"{EI}*w_xxxx = 5",
            [
                ("clamp", "w = 0", 0),
                ("slope", "w_x = 0", 0),
                ("moment", f"{EI}*w_xx = 0", 3000),
                ("shear", f"{EI}*w_xxx = 0", 3000),
            ],
            f"5*x^2*(6*3000^2 - 4*3000*x + x^2)/(24*{EI})",
            end=3000,
            field="w",
        ),
        {},
    ),
    "steel-bar": (
        ode(
            f"{STEEL}*u_xx = -10^8*sin(3*x)",
            [("wall", "u = 0", 0), ("pull", f"{STEEL}*u_x = 2*10^8", 1)],
            f"(10^8*sin(3*x)/9 + (2*10^8 - 10^8*cos(3)/3)*x)/({STEEL})",
        ),
        {},
    ),
    "oscillator-40": (oscillator(40), {}),
    "oscillator-400": (oscillator(400), {}),
    "oscillator-1000": (oscillator(1000), {}),
    "oscillator-4000": (oscillator(4000), {}),
    "sir": (SIR, {}),
    "spherical-laplacian": (
        ode("u_rr + 2/r*u_r = -6", [("centre", "u_r = 0", 0), ("rim", "u = 0", 1)], "1 - r^2", variable="r"),
        {},
    ),
    "corner": (heat("0", "1"), {}),
    "corner-in-time": (heat("x", "t"), {}),
    "homogeneous": (ode("u_xx + pi^2*u = 0", [("l", "u = 0", 0), ("r", "u = 0", 1)], None), {}),
    "homogeneous-heat": (heat("0", "0"), {}),
    "no-conditions": (ode("u_xx = 1", [], None), {}),
    "one-condition": (ode("u_xx = 1", [("l", "u = 0", 0)], None), {}),
    "neumann-only": (ode("u_xx = cos(pi*x)", [("l", "u_x = 0", 0), ("r", "u_x = 0", 1)], None), {}),
    "neumann-unbalanced": (ode("u_xx = 1", [("l", "u_x = 0", 0), ("r", "u_x = 0", 1)], None), {}),
    "one-end-twice": (ode("u_x = 1", [("l", "u = 0", 0), ("r", "u = 0", 1)], None), {}),
    "resonance": (ode("u_xx + pi^2*u = 1", [("l", "u = 0", 0), ("r", "u = 0", 1)], None), {}),
    "few-points": (
        ode("u_xx = -400*sin(20*x)", [("l", "u = 0", 0), ("r", "u = sin(20)", 1)], "sin(20*x)"),
        {"points": 4},
    ),
    "few-points-heat": (heat("sin(pi*x)", "0", "exp(-pi^2*t)*sin(pi*x)"), {"points": 4}),
    "layer": (
        ode("u_xx/10^4 = u", [("l", "u = 1", 0), ("r", "u = 0", 1)], "sinh(100*(1 - x))/sinh(100)"),
        {},
    ),
    "kdv-cosine": (KDV, {}),
    "tiny-solution": (
        ode("u_xx = -10^-12*pi^2*sin(pi*x)", [("l", "u = 0", 0), ("r", "u = 0", 1)], "10^-12*sin(pi*x)"),
        {},
    ),
    "huge-solution": (
        ode("u_xx = -10^12*pi^2*sin(pi*x)", [("l", "u = 0", 0), ("r", "u = 0", 1)], "10^12*sin(pi*x)"),
        {},
    ),
    "long-interval": (
        ode("u_tt + u = 0", [("a", "u = 1", 0), ("b", "u_t = 0", 0)], "cos(t)", variable="t", end=100),
        {},
    ),
    "backward-heat": (heat("sin(pi*x)", "0", "exp(pi^2*t)*sin(pi*x)", k="(-1)"), {}),
    "kink": (ode("u_x = sign(x)", [("m", "u = 1", -1)], "abs(x)", start=-1), {}),
    "exponential": (ode("u_t = 20*u", [("a", "u = 1", 0)], "exp(20*t)", variable="t"), {}),
    "wrong-solution": (
        ode("u_xx = -pi^2*sin(pi*x)", [("l", "u = 0", 0), ("r", "u = 0", 1)], "sin(2*pi*x)"),
        {},
    ),
}


def main() -> None:
    """Read the arguments, set the threads before NumPy is imported, run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path, default=RESULTS / "bad_problems.json")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"
    from environment import write  # noqa: PLC0415 - after the threads are set

    found = {}
    for name in arguments.names or PROBLEMS:
        found[name] = measure(name, arguments.seconds)
        print(line(name, found[name]), flush=True)
        write(arguments.out, found)
    wrong = [name for name, result in found.items() if result["wrong"]]
    print(
        f"{len(found)} problems, {len(wrong)} solved and wrong or without cause: {' '.join(wrong) or 'none'}"
    )
    raise SystemExit(1 if wrong else 0)


def measure(name: str, seconds: float, steps: int | None = None) -> dict[str, Any]:
    """The ending of one problem and what is true; or after so many steps, whatever the load."""
    from dataclasses import replace  # noqa: PLC0415 - NumPy is imported after the threads are set

    from ntk_theory.errors import NTKTheoryError  # noqa: PLC0415
    from ntk_theory.symbolic.loading import from_table  # noqa: PLC0415
    from ntk_theory.training import train  # noqa: PLC0415
    from ntk_theory.training.stopping import TOLERANCE  # noqa: PLC0415
    from ntk_theory.training.train import resolved  # noqa: PLC0415
    from ntk_theory.training.verdict import judge  # noqa: PLC0415

    table, options = PROBLEMS[name]
    start = time.process_time()
    try:
        method, until = resolved("gauss-newton", None)
        run = train(
            from_table(table, name=name),
            method=method,
            until=replace(until, cpu=seconds, steps=steps or until.steps),
            drift=False,
            **options,
        )
    except NTKTheoryError as error:
        return {"ending": "refused", "reason": str(error), "error": None, "wrong": False}
    # The true error is kept from the judge: a user has none.
    blind = judge(replace(run, errors=run.errors[:0]))
    wrong = blind.ending == "solved" and run.error is not None and run.error > FACTOR * TOLERANCE
    return {
        "ending": blind.ending,
        "reason": blind.reason,
        "remedy": blind.remedy,
        "error": run.error,
        "estimate": None if run.estimate is None else run.estimate.error,
        "steps": len(run.times) - 1,
        "cpu": time.process_time() - start,
        "wrong": bool(wrong or not blind.reason),
    }


def line(name: str, result: dict[str, Any]) -> str:
    """One line per problem."""
    error = "—" if result["error"] is None else f"{result['error']:.1e}"
    return f"{name:20s} {result['ending']:16s} error {error:8s} {result['reason'][:140]}"


if __name__ == "__main__":
    main()
