"""Train a network on every problem of the zoo that has a solution; write JSON and a Markdown table.

    python benchmarks/train_zoo.py [--seconds 60] [--stop 240] [NAME ...]

Every problem gets the defaults of ``train`` from seed 0; nothing is tuned per problem. The budget per problem
is processor time, which other processes do not lengthen; with one thread it is the wall time on an idle
machine. The verdict is passed without the known solution, as for a user who has none, and compared with it
afterwards: how many are ``solved``, how many of those wrongly (error above ten times the tolerance), and on
which share the estimate is within a factor 10 of the error. Results are written after every problem; those
that are there are kept unless ``--again`` is given, and after ``--stop`` seconds none is begun. The
page of benchmarks makes its table from the JSON; ``--table`` prints one.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
BOUNDS = (1e-3, 1e-5, 1e-6, 1e-7)
#: An estimate within this factor of the error is good, a solved problem with an error above so many times the
#: tolerance is wrong.
FACTOR = 10.0
#: Solved within so many seconds is quick.
LIMIT = 60.0


def main() -> None:
    """Read the arguments, set the threads before NumPy is imported, run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stop", type=float, default=float("inf"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS / "train_zoo.json")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    import ntk_theory as nt  # noqa: PLC0415

    found: dict[str, Any] = {}
    if arguments.out.exists() and not arguments.again:
        found = json.loads(arguments.out.read_text(encoding="utf-8"))["results"]
    start = time.perf_counter()
    for name in arguments.names or [n for n in nt.zoo_names() if nt.zoo(n).solution is not None]:
        if name not in found and time.perf_counter() - start < arguments.stop:
            found[name] = measure(name, arguments.seconds)
            print(line(name, found[name]), flush=True)
            save(arguments.out, found)
    print(summary(found))
    if arguments.table:
        print(table(found))


def measure(name: str, seconds: float) -> dict[str, Any]:
    """One problem: what the verdict says without its solution, and what is true."""
    import ntk_theory as nt  # noqa: PLC0415
    from ntk_theory.errors import NTKTheoryError  # noqa: PLC0415
    from ntk_theory.training import field_errors, train  # noqa: PLC0415
    from ntk_theory.training.verdict import judge  # noqa: PLC0415

    problem, start, cpu = nt.zoo(name), time.perf_counter(), time.process_time()
    try:
        run = train(problem, until={"cpu": seconds})
    except NTKTheoryError as error:
        return {"title": problem.title, "fault": str(error), "cpu": time.process_time() - cpu}
    blind = judge(replace(run, errors=run.errors[:0]))
    return {
        "title": problem.title,
        "verdict": str(blind.ending),
        "because": blind.reason,
        "error": run.error,
        "estimate": None if run.estimate is None else run.estimate.error,
        "field_errors": field_errors(problem, run.network, run.parameters),
        "loss": run.loss,
        "steps": len(run.times) - 1,
        "parameters": run.parameters.size,
        "residuals": int(sum(len(array) for array in run.points.values())),
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "reason": run.reason,
        "errors": run.errors.tolist(),
    }


def ratio(result: dict[str, Any]) -> float:
    """The estimate over the error; not a number where one is missing."""
    if not result.get("estimate") or not result.get("error"):
        return float("nan")
    return float(result["estimate"] / result["error"])


def line(name: str, result: dict[str, Any]) -> str:
    """One row of the table."""
    if "fault" in result:
        return (
            f"| {name} | {result['title']} | — | — | — | — | {result['cpu']:.0f} | {result['fault'][:80]} |"
        )
    fields = result["field_errors"]
    parts = ", ".join(f"{field} {error:.1e}" for field, error in fields.items()) if len(fields) > 1 else ""
    error = f"{result['error']:.1e}" + (f" ({parts})" if parts else "")
    estimate = "—" if result["estimate"] is None else f"{result['estimate']:.1e}"
    numbers = f"{error} | {estimate} | {ratio(result):.2g} | {result['steps']} | {result['cpu']:.0f}"
    return f"| {name} | {result['title']} | {numbers} | {result['verdict']} |"


def summary(found: dict[str, Any]) -> str:
    """How many problems are solved, within which time and to which error, and how good the estimates are."""
    from ntk_theory.training.verdict import TOLERANCE  # noqa: PLC0415 - after the threads are set

    results = list(found.values())
    errors = [result.get("error", float("inf")) for result in results]
    counts = [f"{sum(error < bound for error in errors)} below {bound:.0e}" for bound in BOUNDS]
    solved = [result for result in results if result.get("verdict") == "solved"]
    wrong = sum(result["error"] > FACTOR * TOLERANCE for result in solved)
    quick = sum(result["cpu"] <= LIMIT for result in solved)
    near = sum(1 / FACTOR <= ratio(result) <= FACTOR for result in results)
    return (
        f"{len(results)} problems: {len(solved)} end `solved`, {quick} of them within {LIMIT:g} seconds of "
        f"the processor, {wrong} of them with an error above {FACTOR:g} times the tolerance {TOLERANCE:g}. "
        f"The estimate, made without the solution, is within a factor {FACTOR:g} of the error on {near} "
        f"({near / max(len(results), 1):.0%}). Relative L² error: {', '.join(counts)}."
    )


def table(found: dict[str, Any]) -> str:
    """The summary, and a Markdown table sorted by error."""
    order = sorted(found, key=lambda name: found[name].get("error", float("inf")))
    head = [
        summary(found),
        "",
        "| problem | title | relative L² error | estimate | ratio | steps | CPU seconds | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(line(name, found[name]) for name in order)]) + "\n"


def save(path: Path, found: dict[str, Any]) -> None:
    """JSON with the environment."""
    from environment import write  # noqa: PLC0415 - after the threads are set

    write(path, found)


if __name__ == "__main__":
    main()
