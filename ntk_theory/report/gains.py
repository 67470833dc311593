"""A study of width in rows: median errors by method and width, the exponent of N, and its three parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ntk_theory.report.words import finite, problem_title
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.judging.statistics import Interval
from ntk_theory.studies.width.evidence import WidthEvidence

#: What the columns are, for the foot of a table.
FOOT = (
    "the exponent of N is the sum of those of approximation (the error of longer Gauss-Newton runs at more "
    "points), sampling (what the fewer points add) and optimisation (what the method adds)"
)


def title_of(result: Result[Any], label: str, activation: str) -> str:
    """``Poisson equation  (poisson, tanh, depth 1, output bias zero)``."""
    study = result.study
    made = ", ".join(f"{what} {how}" for what, how in study.made.items())
    return f"{problem_title(study.case(label).problem)}  ({label}, {activation}, depth {study.depth}, {made})"


def sizes(e: WidthEvidence) -> list[list[str]]:
    """Columns, then medians by width: of every method and s, and of the oversampled references."""
    rows = [[e.measure, "s", *(f"N = {width}" for width in e.widths)]]
    rows += [[method, str(s), *map(_number, e.size(method, s).medians)] for method, s in e.rows]
    rows += [["oversampled", str(s), *map(_number, best.medians)] for s, best in e.approximation.items()]
    return rows


def exponents(e: WidthEvidence) -> list[list[str]]:
    """Columns, then intervals of exponents: of every method and s, of the whole and of its parts."""
    rows = [["exponent of N", "s", e.measure, "approximation", "sampling", "optimisation"]]
    for (method, s), row in e.rows.items():
        parts = (e.size(method, s).trend, e.approximation[s].trend, row.sampling, row.optimisation)
        rows.append([method, str(s), *(_interval(part.whole) for part in parts)])
    return rows


def _number(value: float) -> str:
    return f"{value:.1e}" if np.isfinite(value) else "-"


def _interval(found: Interval) -> str:
    if not np.isfinite(found.half_width):
        return "-"
    return f"[{found.low:.2f}, {found.high:.2f}]"


def to_dict(label: str, activation: str, e: WidthEvidence) -> dict[str, Any]:
    """The same as JSON-like data."""
    return {
        "case": label,
        "activation": activation,
        "measure": e.measure,
        "methods": [
            {
                "method": method,
                "s": str(s),
                "networks": row.networks,
                "error": _numbers(row.error.medians),
                "fresh": _numbers(row.fresh.medians),
                "residual": _numbers(row.residual),
                "exponent": _ends(e.size(method, s).trend.whole),
                "approximation": _ends(e.approximation[s].trend.whole),
                "sampling": _ends(row.sampling.whole),
                "optimisation": _ends(row.optimisation.whole),
            }
            for (method, s), row in e.rows.items()
        ],
        "oversampled": {str(s): _numbers(best.medians) for s, best in e.approximation.items()},
    }


def _numbers(values: Sequence[float] | Any) -> list[float | None]:
    return [finite(value) for value in values]


def _ends(found: Interval) -> dict[str, float | None]:
    return {name: finite(getattr(found, name)) for name in ("value", "low", "high")}
