"""Tables from ``benchmarks/results``: what was measured, where and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from site_parts.markdown import cell, code, table

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
BOUNDS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def read(name: str) -> dict[str, Any]:
    """A committed result."""
    return dict(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def measured_on(name: str) -> str:
    """Machine and date of a result."""
    made = read(name)["environment"]
    return f"{made['processor']}, {made['cores']} cores, {made['time'][:10]}"


def machines() -> str:
    """Every committed result with its machine, date and versions."""
    rows = []
    for path in sorted(RESULTS.glob("*.json")):
        made = json.loads(path.read_text(encoding="utf-8")).get("environment")
        if made is None:
            rows.append((code(path.stem), "not recorded", "", ""))
            continue
        packages = made.get("packages", {})
        versions = ", ".join(f"{n} {packages[n]}" for n in ("numpy", "numba", "jax") if packages.get(n))
        processor = f"{made.get('processor', 'not recorded')}, {made.get('cores', '?')} cores"
        rows.append((code(path.stem), cell(processor), made.get("time", "")[:10], versions))
    return table(("result", "machine", "date", "versions"), rows)


def kernels() -> str:
    """Kernels and training steps beside the fastest of three JAX variants."""
    rows = []
    for name, found in read("performance")["results"]["peers"].items():
        seconds = {who: times["min"] for who, times in found["seconds"].items()}
        here = min(value for who, value in seconds.items() if not who.startswith("jax"))
        jax = min(value for who, value in seconds.items() if who.startswith("jax"))
        rows.append(
            (
                f"kernel, {name}, {found['points']} points",
                f"{here:.3f} s",
                f"{jax:.2f} s",
                f"{jax / here:.1f}",
            )
        )
    step = read("train_step")["results"]
    jax = min(value for who, value in step["seconds"].items() if who != "here")
    here = step["seconds"]["here"]
    rows.append(("gradient and kernel of one step", f"{here:.3f} s", f"{jax:.2f} s", f"{jax / here:.1f}"))
    return f"Measured on {measured_on('performance')}.\n\n" + table(("what", "here", "JAX", "ratio"), rows)


def ingredients() -> str:
    """A sentence: kernels and limit laws of networks that are not plain, and how many were compared."""
    kernels, laws = read("ingredients"), read("ingredient_laws")
    above = "none" if not kernels["above"] else f"{len(kernels['above'])}"
    of, worst, width = kernels["of"], kernels["worst"], laws["width"]
    return (
        "So they do under an ansatz, with periodic and Fourier features, with libraries' starts and with "
        f"unknown numbers and fields (`benchmarks/ingredients.py`): {kernels['cases']} of its {of} kernels "
        f"were compared, the largest relative difference is {worst:.1e}, {above} above 1e-10. The limit laws "
        f"of {len(laws['found'])} such networks agree with {laws['networks']} networks of width {width}, "
        "and wrong ones are rejected (`benchmarks/ingredient_laws.py`)."
    )


def limits() -> str:
    """The zoo's limits, predicted and observed."""
    found = read("verify_zoo")["results"]
    lines = [f"Measured on {measured_on('verify_zoo')}: {found['agreeing']} decided limits as predicted.\n"]
    outcomes = sorted({outcome for counts in found["claims"].values() for outcome in counts})
    rows = [
        (code(claim), *(counts.get(outcome, 0) for outcome in outcomes))
        for claim, counts in found["claims"].items()
    ]
    return "\n".join([*lines, table(("claim", *outcomes), rows)])


def training() -> str:
    """Every problem with a known solution, sorted by the error that was reached."""
    found = read("train_zoo")["results"]
    order = sorted(found, key=lambda name: found[name].get("error", float("inf")))
    errors = [found[name].get("error", float("inf")) for name in order]
    counts = ", ".join(f"{sum(e < bound for e in errors)} below {bound:.0e}" for bound in BOUNDS)
    rows = [_trained(name, found[name]) for name in order]
    head = ("problem", "title", "relative L² error", "estimate", "steps", "CPU seconds", "ended by")
    return (
        f"Measured on {measured_on('train_zoo')}. {len(order)} problems, relative L² error: {counts}.\n\n"
        + table(head, rows)
    )


def solved() -> str:
    """Benchmark problems by this package and by others, as ``benchmarks/solve.py`` wrote them down."""
    text = (RESULTS / "solve.md").read_text(encoding="utf-8")
    return f"Measured on {measured_on('solve')}. {text}"


def _trained(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    title = cell(found["title"])
    if "error" not in found:
        return (
            f"[{name}](zoo.md#{name})",
            title,
            "—",
            "—",
            "—",
            f"{found['cpu']:.0f}",
            cell(found.get("fault", "")),
        )
    parts = found.get("field_errors", {})
    fields = ", ".join(f"{field} {error:.1e}" for field, error in parts.items()) if len(parts) > 1 else ""
    error = f"{found['error']:.1e}" + (f" ({fields})" if fields else "")
    ended = cell(found.get("verdict") or found.get("reason", ""))
    estimate = f"{found['estimate']:.1e}" if found.get("estimate") else "—"
    return (
        f"[{name}](zoo.md#{name})",
        title,
        error,
        estimate,
        str(found["steps"]),
        f"{found['cpu']:.0f}",
        ended,
    )


def finite_width() -> str:
    """For every benchmark problem: the answer at s = 1/2, and what two methods did to a small network."""
    rows = []
    for name, found in read("finite_width")["results"].items():
        limit = found["kernels"].get("ff", next(iter(found["kernels"].values())))
        cells = [code(name), "linear" if found["linear"] else "nonlinear", limit]
        for method in ("gauss-newton", "adam"):
            run = found[method]
            if "fault" in run:
                cells += ["—"] * 3
                continue
            error = "—" if run["error"] is None else f"{run['error']:.0e}"
            cells += [f"{run['linearisation_error']:.2g}", f"{run['kernel_drift']:.2g}", error]
        rows.append(cells)
    head = (
        "problem",
        "F",
        "K_ff at s = 1/2",
        "error of linearisation",
        "drift",
        "error",
        "error of linearisation, Adam",
        "drift, Adam",
        "error, Adam",
    )
    return f"Measured on {measured_on('finite_width')}.\n\n" + table(head, rows)


def ranks() -> str:
    """Effective rank and resolved eigenvalues of the weighted kernel, before and after."""
    rows = []
    for name, found in read("finite_width")["results"].items():
        cells = [code(name)]
        for method in ("gauss-newton", "adam"):
            run = found[method]
            if "fault" in run:
                cells += ["—"] * 2
                continue
            cells.append(" → ".join(f"{rank:.1f}" for rank in run["rank"]))
            cells.append(" → ".join(map(str, run["resolved"])) + f" of {run['size']}")
        rows.append(cells)
    head = (
        "problem",
        "effective rank",
        "eigenvalues above 1e-14",
        "effective rank, Adam",
        "above 1e-14, Adam",
    )
    return table(head, rows)
