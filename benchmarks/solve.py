"""Benchmark problems solved by this package and by two peers, with the same seconds of the processor.

    python benchmarks/solve.py [--cpu 60] [--names NAME ...] [--codes CODE ...] [--peers PYTHON] [--again]

Every code gets one process, one thread, and so many seconds of its own process time, which other processes
do not lengthen; imports are outside, building and compiling inside (for JAX at every problem; this package's
kernels are compiled once per installation, for all problems). This package runs with its defaults; DeepXDE
(PyTorch) by its documented course, Adam then L-BFGS; jinns (JAX) by its natural gradient; seed 0 everywhere.
Nothing is tuned per problem. All read the same words (``solve_sheets.py``), and the relative L² error is
measured on the same fresh points, against the formula or the stored reference: for the peers with their clock
stopped, for this package within its seconds.

Peers may live in an environment of their own (``pip install deepxde torch jinns``), its Python after
``--peers``. Results are written after every run; those that are there are kept unless ``--again`` is given.
``--show`` only makes the table and the picture again.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
#: The ten that practitioners compare on, and two more.
NAMES = (
    "burgers-shock",
    "allen-cahn-interfaces",
    "kdv-cosine",
    "schroedinger-breather",
    "helmholtz-1-4",
    "wave-two-modes",
    "advection-fast",
    "cavity-100",
    "kovasznay",
    "burgers-shock-100",
    "sine-gordon-pulse",
    "poisson-two-scales",
)
#: Code → its name, script and arguments.
CODES = {
    "ntk_theory": ("this package", "solve_own.py", ()),
    "deepxde": ("DeepXDE", "solve_deepxde.py", ()),
    "jinns": ("jinns, natural gradient", "solve_jinns.py", ("natural gradient",)),
    "jinns-ssbroyden": ("jinns, SSBroyden", "solve_jinns.py", ("SSBroyden",)),
}
COMPARED = ("ntk_theory", "deepxde", "jinns")
#: What others published, read in a list that cites them and not in the sources; hardware as there.
PUBLISHED = {
    "burgers-shock-100": "3.9e-07 in 15.6 s, at best 8e-14 (GPU)",
    "allen-cahn-interfaces": "5.4e-05 (GPU)",
    "kdv-cosine": "4.3e-04 (GPU)",
}
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "CUDA_VISIBLE_DEVICES": "",
}
#: A run may take so many times its seconds of the processor on a busy machine.
PATIENCE = 20


def main() -> None:
    """Run what is asked for and is not there yet; table and picture at the end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cpu", type=float, default=60.0)
    parser.add_argument("--names", nargs="*", default=NAMES)
    parser.add_argument("--codes", nargs="*", default=COMPARED, choices=list(CODES))
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS / "solve.json")
    arguments = parser.parse_args()
    os.environ.update(ONE_THREAD)
    if not arguments.show:
        if "ntk_theory" in arguments.codes:
            once = measure(arguments.names[0], "ntk_theory", sys.executable, 1.0)
            print(
                f"kernels, compiled once per installation, and a step: {once.get('cpu', 0):.0f} s", flush=True
            )
        for name in arguments.names:
            for code in arguments.codes:
                if arguments.again or code not in stored(arguments.out).get(name, {}):
                    python = sys.executable if code == "ntk_theory" else arguments.peers
                    result = measure(name, code, python, arguments.cpu)
                    keep(arguments.out, name, code, result)
                    print(f"{name} {code}: {brief(result)}", flush=True)
    found = stored(arguments.out)
    text = table(found)
    print(text)
    arguments.out.with_suffix(".md").write_text(text, encoding="utf-8")
    picture(found, arguments.out.with_suffix(""))


def measure(name: str, code: str, python: str, seconds: float) -> dict[str, Any]:
    """One run in a process of its own."""
    _, script, more = CODES[code]
    with tempfile.TemporaryDirectory() as folder:
        lay_out(name, Path(folder))
        paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        load = os.getloadavg()[0]
        try:
            subprocess.run(
                [python, str(HERE / script), folder, str(seconds), *more],
                env=environment,
                check=True,
                capture_output=True,
                text=True,
                timeout=PATIENCE * seconds + 120,
            )
        except subprocess.CalledProcessError as error:
            lines = error.stderr.strip().splitlines() or ["no message"]
            return {"fault": lines[-1][:300], "asked": seconds}
        except subprocess.TimeoutExpired:
            return {"fault": "not done in time", "asked": seconds}
        result = json.loads((Path(folder) / "result.json").read_text(encoding="utf-8"))
        return result | {"asked": seconds, "load": load}


def lay_out(name: str, folder: Path) -> None:
    """The sheet and the grid of a problem, for a code to read."""
    import numpy as np  # noqa: PLC0415 - after the threads are set
    import solve_sheets  # noqa: PLC0415

    import ntk_theory as nt  # noqa: PLC0415
    from ntk_theory.training.solution import TestGrid  # noqa: PLC0415

    problem = nt.zoo(name)
    grid = TestGrid.of(problem)
    (folder / "sheet.json").write_text(json.dumps(solve_sheets.sheet(problem)), encoding="utf-8")
    np.savez(folder / "grid.npz", points=grid.points, values=grid.values, inside=grid.inside)


def stored(path: Path) -> dict[str, Any]:
    """Problem → code → result, as far as they are there."""
    if not path.exists():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8"))["results"])


def keep(path: Path, name: str, code: str, result: dict[str, Any]) -> None:
    """Add one result to the file; two drivers may write to it in turn."""
    from environment import write  # noqa: PLC0415 - after the threads are set

    path.parent.mkdir(parents=True, exist_ok=True)
    with (Path(tempfile.gettempdir()) / "benchmarks_solve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = stored(path)
        found.setdefault(name, {})[code] = result
        write(path, found)


def brief(result: dict[str, Any]) -> str:
    """One result in words."""
    if "fault" in result:
        return result["fault"]
    early = ", ended by itself" if result["early"] else ""
    return (
        f"{result['error']:.1e} after {result['cpu']:.0f} s ({result['steps']} steps, the first after "
        f"{result['until_first_step']:.1f} s{early})"
    )


def table(found: dict[str, Any]) -> str:
    """A Markdown table: errors by code, how far this package is ahead, published figures."""
    names = [name for name in NAMES if name in found] + sorted(set(found) - set(NAMES))
    codes = [code for code in CODES if any(code in found[name] for name in names)]
    head = ["problem", *(CODES[code][0] for code in codes), "best peer ÷ this package", "published"]
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in names:
        cells = [cell(found[name].get(code)) for code in codes]
        rows.append("| " + " | ".join([name, *cells, ahead(found[name]), PUBLISHED.get(name, "")]) + " |")
    return summary(found, names) + "\n\n" + "\n".join(rows) + "\n\n" + NOTE + "\n"


NOTE = (
    "In brackets: seconds of the processor before the first step, which is mostly compiling, and those at "
    "the end where a code stopped by itself. Published figures were read in a list that cites them, not in "
    "the sources, and come from other machines. With few seconds compiling decides much for jinns: in the "
    "picture its curves begin where its first step ends."
)


def summary(found: dict[str, Any], names: list[str]) -> str:
    """How often this package is ahead of all peers, and what was measured."""
    whole = [name for name in names if all(code in found[name] for code in COMPARED)]
    wins = sum(factor(found[name]) > 1 for name in whole)
    asked = sorted({r["asked"] for name in names for r in found[name].values()})
    seconds = " or ".join(f"{value:g}" for value in asked)
    versions = {
        CODES[code][0].split(",")[0]: r["version"]
        for name in names
        for code, r in found[name].items()
        if "version" in r
    }
    software = ", ".join(f"{code} {version}" for code, version in versions.items())
    return (
        f"Relative L² error on fresh points after {seconds} seconds of the processor, one thread "
        f"({software}). Ahead of both peers on {wins} of {len(whole)} problems; on "
        f"{sum(is_ahead_earlier(found[name]) for name in whole)} when it stops earlier by as many seconds as "
        "a peer needs to its first step."
    )


def is_ahead_earlier(results: dict[str, Any]) -> bool:
    """Is this package ahead of every peer, the peer's seconds before its first step taken from its own?"""
    own = results["ntk_theory"]
    for code, peer in results.items():
        if code == "ntk_theory" or "fault" in peer:
            continue
        end = own["asked"] - peer["until_first_step"]
        before = [error for seconds, error in own.get("curve", ()) if seconds <= end]
        if not before or before[-1] >= peer["error"]:
            return False
    return "fault" not in own


def cell(result: dict[str, Any] | None) -> str:
    """The error, and the seconds before the first step."""
    if result is None:
        return ""
    if "fault" in result:
        return "failed"
    end = f"; ended at {result['cpu']:.0f} s" if result["early"] else ""
    return f"{result['error']:.1e} ({result['until_first_step']:.1f} s{end})"


def factor(results: dict[str, Any]) -> float:
    """The smallest error of a peer over that of this package; what failed has an infinite one."""
    errors = {code: r.get("error", float("inf")) for code, r in results.items()}
    own = errors.pop("ntk_theory", None)
    if own is None or not errors:
        return float("nan")
    return min(errors.values()) / own if own < float("inf") else 0.0


def ahead(results: dict[str, Any]) -> str:
    """The same for the table."""
    value = factor(results)
    return "" if math.isnan(value) else f"{value:.2g}"


def picture(found: dict[str, Any], path: Path) -> None:
    """Error against seconds, one panel per problem, as SVG whose letters are letters, and as PNG."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only for the picture

    from ntk_theory.report.figures.palette import (  # noqa: PLC0415
        INK,
        LINE_STYLES,
        SERIES,
        headline,
        plain,
        svg_text,
    )

    names = [name for name in NAMES if name in found] + sorted(set(found) - set(NAMES))
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    figure = Figure(figsize=(10, 2.3 * lines + 1.1), facecolor="white")
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - 0.75 / (2.3 * lines + 1.1)))
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True)
    handles = {}
    for name, axis in zip(names, axes.flat, strict=False):
        for k, code in enumerate(CODES):
            result = found[name].get(code)
            if not result or "fault" in result:
                continue
            seconds, errors = zip(*result["curve"], strict=True)
            look = {"color": SERIES[k], "linestyle": LINE_STYLES[k], "marker": "os^D"[k]}
            (handles[CODES[code][0]],) = axis.plot(seconds, errors, markersize=3, linewidth=1.6, **look)
        axis.set(xscale="log", yscale="log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_title(name, fontsize=9, color=INK, loc="left")
        plain(axis)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    figure.supxlabel("seconds of the processor", fontsize=9, color=INK)
    figure.supylabel("relative L² error on fresh points", fontsize=9, color=INK)
    headline(figure, "The same problems by several codes, one thread each, nothing tuned per problem", 12)
    at = 1 - 0.36 / figure.get_figheight()
    figure.legend(
        handles.values(), handles.keys(), loc="upper left", bbox_to_anchor=(0.004, at), ncol=4, frameon=False
    )
    path.with_suffix(".svg").write_text(svg_text(figure), encoding="utf-8")
    figure.savefig(path.with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
