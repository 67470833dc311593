"""The kernels of this package against its peers: same parameters, same points, one run.

    python benchmarks/performance.py [--only peers,rate,reuse,cold,memory] [--rounds 7] [--json FILE]

peers   KdV residual kernel: this package, JAX (nested grad, nested jvp, Taylor mode), PyTorch (--torch).
        Kernels are compared first; then all take turns, so that a load on the machine meets all of them.
rate    operations per second of the depth-1 contraction against this machine's dsyrk, same shape.
reuse   a second operator in the same process, ten values of s, several operators on the same slots.
cold    a fresh process with a warm cache to its first kernel, imports included.
memory  peak resident memory of a fresh process for wide networks.

Times are minima over the rounds; medians and processor times stand beside them. Exit code 1 where a
bound is missed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from environment import write

from ntk_theory.empirical.jet_ntk import jet_ntk, jets_and_ntk
from ntk_theory.empirical.ntk import ntk, ntk_for_exponents
from ntk_theory.model.assembly import assemble, linearise, network_jets, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network
from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem

SPACE = JetSpace(("u",), ("x", "t"))


def u(**orders: int) -> Any:
    """The symbol of a slot."""
    return SPACE.symbol(SPACE.slot("u", **orders))


def residual(expression: Any) -> Problem:
    """One equation, no conditions."""
    return Problem(SPACE, (Group("f", GroupKind.EQUATION, (Operator(SPACE, expression),)),))


KDV = residual(u(t=1) + u() * u(x=1) + u(x=3))
OTHERS = (
    residual(u(t=1) - 6 * u() ** 2 * u(x=1) + u(x=3)),
    residual(u(t=1) + u() * u(x=1) ** 2 + u(x=3)),
    residual(u(t=1) * u(x=3) + u()),
)

#: Widths, points, the factor over the best JAX variant that is asked for.
CASES: Mapping[str, tuple[tuple[int, ...], int, float]] = {
    "depth 3, width 512": ((512, 512, 512), 64, 40.0),
    "depth 3, width 256": ((256, 256, 256), 64, 15.0),
    "depth 1, width 65536": ((65536,), 256, 3.0),
}


def setting(widths: tuple[int, ...], n: int, **options: Any) -> tuple[Network, Any, dict[str, np.ndarray]]:
    """A network, its parameters and points."""
    network = Network(("x", "t"), ("u",), width=widths, **options)
    points = {"f": np.random.default_rng(1).uniform(-1, 1, (n, 2))}
    return network, network.init(0), points


def alternate(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Minimum and median seconds of each call, in turns; fast calls repeat within a turn.

    ``cpu`` is the least processor time of a call, all threads together: it tells how much work is done
    even where other processes keep the cores busy.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    work: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.perf_counter()
            while True:
                start, used = time.perf_counter(), time.process_time()
                call()
                end = time.perf_counter()
                times[name].append(end - start)
                work[name].append(time.process_time() - used)
                if end - begin > 0.3:
                    break
    return {
        name: {"min": min(t), "median": statistics.median(t), "cpu": min(work[name])}
        for name, t in times.items()
    }


def peers(rounds: int, torch: bool) -> dict[str, Any]:
    """Ratios to JAX, after agreement."""
    return {title: against_peers(title, *case, rounds, torch) for title, case in CASES.items()}


def against_peers(
    title: str, widths: tuple[int, ...], n: int, bound: float, rounds: int, torch: bool
) -> dict[str, Any]:
    """One case."""
    from peers_jax import VARIANTS, JaxPeer  # noqa: PLC0415

    network, parameters, points = setting(widths, n)
    own = ("jet", "contracted") if len(widths) > 1 else ("contracted",)
    calls: dict[str, Callable[[], Any]] = {
        path: lambda path=path: ntk(KDV, network, parameters, points, path=path).matrix for path in own
    }
    for variant in VARIANTS:
        calls[f"jax {variant}"] = JaxPeer(KDV, network, variant).prepare(parameters, points)
    if torch:
        from peers_torch import VARIANTS as TORCH_VARIANTS  # noqa: PLC0415
        from peers_torch import TorchPeer  # noqa: PLC0415

        for variant in TORCH_VARIANTS:
            calls[f"torch {variant}"] = TorchPeer(KDV, network, variant).prepare(parameters, points)
    mine = calls["contracted"]()
    differences = {
        name: float(np.linalg.norm(np.asarray(call()) - mine) / np.linalg.norm(mine))
        for name, call in calls.items()
    }
    assert max(differences.values()) < 1e-10, (title, differences)
    seconds = alternate(calls, rounds)
    best = min(v["min"] for k, v in seconds.items() if k.startswith("jax"))
    ratio = best / min(seconds[path]["min"] for path in own)
    print(title, f"{ratio:.1f}x (asked {bound:g}x)", {k: round(v["min"], 5) for k, v in seconds.items()})
    return {
        "points": n,
        "seconds": seconds,
        "relative difference": differences,
        "ratio": ratio,
        "bound": bound,
        "ok": ratio >= bound,
    }


def rate(rounds: int) -> dict[str, Any]:
    """The contraction inside the depth-1 kernel, and that kernel as a whole, against dsyrk."""
    from scipy.linalg.blas import dsyrk  # noqa: PLC0415

    from ntk_theory.kernels.rank_update import padded, row_stride  # noqa: PLC0415
    from ntk_theory.kernels.shallow import DEPTH, rank_update  # noqa: PLC0415
    from ntk_theory.kernels.threads import each  # noqa: PLC0415
    from ntk_theory.resources import thread_count  # noqa: PLC0415

    n, depth = 256, 4 * 65536
    network, parameters, points = setting((65536,), n)
    block = np.asfortranarray(np.random.default_rng(0).standard_normal((n, 8192)))
    features = np.random.default_rng(0).standard_normal((DEPTH, row_stride(n)))
    repeats = depth // DEPTH // 32

    def lane(_: int) -> None:
        out = np.zeros((padded(n), padded(n)))
        for _ in range(repeats // thread_count()):
            rank_update(features, DEPTH, out)

    seconds = alternate(
        {
            "dsyrk": lambda: dsyrk(1.0, block),
            "contraction": lambda: each(lane, range(thread_count())),
            "kernel": lambda: ntk(KDV, network, parameters, points, path="contracted"),
        },
        rounds,
    )
    machine = n * n * 8192 / seconds["dsyrk"]["min"]
    contraction = n * n * DEPTH * (repeats // thread_count() * thread_count()) / seconds["contraction"]["min"]
    whole = n * n * depth / seconds["kernel"]["min"]
    rates = {"dsyrk": machine, "contraction": contraction, "whole kernel": whole}
    print({name: f"{value / 1e9:.0f} GFLOP/s" for name, value in rates.items()})
    return {**rates, "bound": 0.5, "ok": contraction >= 0.5 * machine}


def reuse(rounds: int) -> dict[str, Any]:
    """What more operators and more values of s cost beside one kernel, in processor time."""
    results: dict[str, Any] = {}
    network, parameters, points = setting((512, 512, 512), 64)
    ntk(KDV, network, parameters, points)
    calls: list[list[float]] = []
    for other in OTHERS:
        calls.append([])
        for _ in range(2):
            begin = time.process_time()
            ntk(other, network, parameters, points)
            calls[-1].append(time.process_time() - begin)
    ratio = statistics.median(first / second for first, second in calls)
    results["second operator"] = {"first, second": calls, "ratio": ratio, "bound": 1.2, "ok": ratio <= 1.2}

    exponents = [f"{3 + k}/10" for k in range(10)]
    rows = stack_rows(lower_problem(KDV), points)

    def several() -> None:
        scaled, T = jets_and_ntk(network, parameters, rows.points, rows.slots)
        for other in (KDV, *OTHERS[:2]):
            mine = stack_rows(lower_problem(other), points)
            assert mine.slots == rows.slots
            u = network_jets(mine, scaled, network.epsilon, parameters.output_bias)
            assemble(mine, linearise(mine, u).weights, T, network.epsilon)

    seconds = alternate(
        {
            "one kernel": lambda: ntk(KDV, network, parameters, points),
            "ten values of s": lambda: ntk_for_exponents(KDV, network, parameters, points, exponents),
            "three operators": several,
        },
        rounds,
    )
    for name in ("ten values of s", "three operators"):
        ratio = seconds[name]["cpu"] / seconds["one kernel"]["cpu"]
        results[name] = {"seconds": seconds, "ratio": ratio, "bound": 1.3, "ok": ratio <= 1.3}
    shallow = setting((4096,), 64)
    seconds = alternate(
        {
            "one jet NTK": lambda: jet_ntk(*shallow[:2], shallow[2]["f"], rows.slots),
            "depth 1, ten values of s": lambda: ntk_for_exponents(KDV, *shallow, exponents),
        },
        rounds,
    )
    ratio = seconds["depth 1, ten values of s"]["cpu"] / seconds["one jet NTK"]["cpu"]
    results["depth 1, ten values of s"] = {
        "seconds": seconds,
        "ratio": ratio,
        "bound": 1.3,
        "ok": ratio <= 1.3,
    }
    print({k: round(v["ratio"], 2) for k, v in results.items()})
    return results


FRESH = """
import time; begin = time.perf_counter()
import sys; sys.path.insert(0, {here!r})
from performance import KDV, setting, ntk
network, parameters, points = setting({widths!r}, {n})
kernel = ntk(KDV, network, parameters, points)
seconds = time.perf_counter() - begin
# VmHWM belongs to this program's image; ru_maxrss would inherit the peak of the process that started it.
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(seconds, int(peak) * 1024)
"""


def fresh(widths: tuple[int, ...], n: int) -> tuple[float, float]:
    """Seconds to the first kernel and peak bytes of a process of its own."""
    script = FRESH.format(here=str(Path(__file__).parent), widths=widths, n=n)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def cold(rounds: int) -> dict[str, Any]:
    """Imports to first kernel, small network."""
    times = [fresh((64, 64), 16)[0] for _ in range(rounds + 1)][1:]
    print(f"cold start {min(times):.2f} s, median {statistics.median(times):.2f} s")
    return {"min": min(times), "median": statistics.median(times), "bound": 2.5, "ok": min(times) <= 2.5}


def memory(rounds: int) -> dict[str, Any]:
    """Peak memory of wide networks."""
    del rounds
    results = {}
    for title, widths, bound in (
        ("depth 3, width 4096", (4096, 4096, 4096), 2**30),
        ("depth 1, width 2^22", (2**22,), 2**31),
    ):
        seconds, peak = fresh(widths, 64)
        results[title] = {"seconds": seconds, "peak": peak, "bound": bound, "ok": peak < bound}
        print(title, f"{peak / 2**20:.0f} MiB in {seconds:.1f} s")
    return results


def all_ok(results: Any) -> bool:
    """Does every bound hold?"""
    if not isinstance(results, dict):
        return True
    return results.get("ok", True) is not False and all(all_ok(value) for value in results.values())


def main() -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="peers,rate,reuse,cold,memory")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    parts: dict[str, Callable[[], Any]] = {
        "peers": lambda: peers(options.rounds, options.torch),
        "rate": lambda: rate(options.rounds),
        "reuse": lambda: reuse(options.rounds),
        "cold": lambda: cold(options.rounds),
        "memory": lambda: memory(options.rounds),
    }
    results = {name: parts[name]() for name in options.only.split(",")}
    if options.json:
        write(options.json, results)
    return 0 if all_ok(results) else 1


if __name__ == "__main__":
    sys.exit(main())
