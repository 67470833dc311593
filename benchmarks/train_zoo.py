"""Train a network on every problem of the zoo that has a solution; write JSON and a Markdown table.

    python benchmarks/train_zoo.py [--seconds 40] [NAME ...]

Every problem gets the same network, the same numbers of points and the same method (the defaults of
``train``), from seed 0; nothing is tuned per problem. The budget is processor time, which other processes
do not lengthen; with one thread it is the wall time on an idle machine. Results are written after
every problem; those that are there are kept unless ``--again`` is given. With ``--readme`` the table
goes into README.md, between its marks.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parents[1] / "README.md"
#: What stands before and behind the table in README.md.
MARKS = ("<!-- made by benchmarks/train_zoo.py -->\n", "<!-- end of the table -->\n")
BOUNDS = (1e-2, 1e-4, 1e-6, 1e-7)


def main() -> None:
    """Read the arguments, set the threads before NumPy is imported, run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--loss", type=float, default=1e-14)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS / "train_zoo.json")
    parser.add_argument("--readme", action="store_true")
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(arguments.threads)
    import ntk_theory as nt  # noqa: PLC0415

    found: dict[str, Any] = {}
    if arguments.out.exists() and not arguments.again:
        found = json.loads(arguments.out.read_text(encoding="utf-8"))["results"]
    for name in arguments.names or [n for n in nt.zoo_names() if nt.zoo(n).solution is not None]:
        if name not in found:
            found[name] = measure(name, arguments.seconds, arguments.loss)
            print(line(name, found[name]), flush=True)
            save(arguments.out, found)
    if arguments.readme:
        text = README.read_text(encoding="utf-8")
        README.write_text(replaced(text, table(found)), encoding="utf-8")


def measure(name: str, seconds: float, loss: float) -> dict[str, Any]:
    """One problem."""
    import ntk_theory as nt  # noqa: PLC0415
    from ntk_theory.errors import NTKTheoryError  # noqa: PLC0415
    from ntk_theory.training import Until, field_errors, train  # noqa: PLC0415

    problem, start, cpu = nt.zoo(name), time.perf_counter(), time.process_time()
    try:
        run = train(problem, until=Until(cpu=seconds, loss=loss, patience=100))
    except NTKTheoryError as error:
        return {"title": problem.title, "fault": str(error), "cpu": time.process_time() - cpu}
    return {
        "title": problem.title,
        "error": run.error,
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


def line(name: str, result: dict[str, Any]) -> str:
    """One row of the table."""
    if "fault" in result:
        return f"| {name} | {result['title']} | — | — | {result['cpu']:.0f} | {result['fault'][:80]} |"
    fields = result["field_errors"]
    parts = ", ".join(f"{field} {error:.1e}" for field, error in fields.items()) if len(fields) > 1 else ""
    error = f"{result['error']:.1e}" + (f" ({parts})" if parts else "")
    numbers = f"{error} | {result['steps']} | {result['cpu']:.0f}"
    return f"| {name} | {result['title']} | {numbers} | {result['reason']} |"


def summary(found: dict[str, Any]) -> str:
    """How many problems are solved to which error."""
    errors = [result.get("error", float("inf")) for result in found.values()]
    counts = [f"{sum(error < bound for error in errors)} below {bound:.0e}" for bound in BOUNDS]
    return f"{len(errors)} problems, relative L² error: {', '.join(counts)}."


def table(found: dict[str, Any]) -> str:
    """The summary, and a Markdown table sorted by error."""
    order = sorted(found, key=lambda name: found[name].get("error", float("inf")))
    head = [
        summary(found),
        "",
        "| problem | title | relative L² error | steps | CPU seconds | stopped by |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(line(name, found[name]) for name in order)]) + "\n"


def replaced(text: str, new: str) -> str:
    """``text`` with what stands between the marks replaced."""
    before, mark, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (mark and end):
        raise SystemExit(f"README.md lacks the marks {MARKS[0].strip()} and {MARKS[1].strip()}")
    return f"{before}{mark}\n{new}\n{end}{after}"


def save(path: Path, found: dict[str, Any]) -> None:
    """JSON with the environment."""
    from environment import write  # noqa: PLC0415 - after the threads are set

    write(path, found)


if __name__ == "__main__":
    main()
