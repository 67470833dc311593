"""A kernel in the terminal and as JSON: the spectrum of every group, and the weights that balance them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntk_theory.empirical.spectra import Spectrum, spectra, weighted
from ntk_theory.errors import InputError
from ntk_theory.model.blocks import Kernel


def trace_ratios(kernel: Kernel) -> Mapping[str, float] | None:
    """λ_g = tr K / tr K^{gg} per group (Wang, Yu & Perdikaris 2022); ``None`` where a group's trace is 0."""
    try:
        return kernel.trace_ratio_weights()
    except InputError:
        return None


def balanced(kernel: Kernel) -> Spectrum | None:
    """The spectrum of Λ^{1/2}KΛ^{1/2} with the trace-ratio weights, if there are any."""
    weights = trace_ratios(kernel)
    return None if weights is None else Spectrum(None, weighted(kernel, weights).eigenvalues())


def record(kernel: Kernel) -> dict[str, Any]:
    """The numbers of the table as JSON-like data; keys are only ever added.

    An infinite number (the condition number of a singular kernel) is ``None``.
    """
    whole, *groups = spectra(kernel)
    weights, after = trace_ratios(kernel), balanced(kernel)
    return {
        "groups": {str(part.group): _numbers(part) for part in groups},
        "kernel": _numbers(whole),
        "trace_ratio_weights": None if weights is None else dict(weights),
        "balanced": None if after is None else _numbers(after),
    }


def _numbers(part: Spectrum) -> dict[str, float | int | None]:
    return {
        "size": part.size,
        "trace": part.trace,
        "largest_eigenvalue": part.largest,
        "condition_number": _finite(part.condition_number),
        "effective_rank": part.effective_rank,
        "largest_learning_rate": _finite(part.largest_learning_rate),
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def show(kernel: Kernel, heading: tuple[str, str], console: Console) -> None:
    """Print the table; ``heading`` is the problem and the network in words."""
    title, setting = heading
    console.print(Text(f"{title}  ({setting})", "bold"))
    console.print(_table(kernel))
    console.print()
    for line in _notes(kernel):
        console.print(Text(line, "dim"))


def _table(kernel: Kernel) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    columns = ("group", "size", "trace", "λ max", "condition", "effective rank", "largest rate", "weight λ")
    for k, column in enumerate(columns):
        table.add_column(column, justify="right" if k else "left", no_wrap=True)
    whole, *groups = spectra(kernel)
    weights, after = trace_ratios(kernel), balanced(kernel)
    for part in groups:
        weight = "–" if weights is None else f"{weights[str(part.group)]:.3g}"
        table.add_row(str(part.group), *_cells(part), weight)
    table.add_section()
    table.add_row("all of K", *_cells(whole), "")
    if after is not None and len(groups) > 1:
        table.add_row("weighted", *_cells(after), "")
    return table


def _cells(part: Spectrum) -> tuple[str, ...]:
    condition, rate = part.condition_number, part.largest_learning_rate
    return (
        str(part.size),
        f"{part.trace:.3g}",
        f"{part.largest:.3g}",
        f"{condition:.2g}" if math.isfinite(condition) else "singular",
        f"{part.effective_rank:.3g}",
        f"{rate:.2g}" if math.isfinite(rate) else "any",
    )


def _notes(kernel: Kernel) -> list[str]:
    lines = ["largest rate: gradient descent on ½ΣR² is stable below it (2/λ max)"]
    if trace_ratios(kernel) is None:
        return [*lines, "no weights: a group's kernel is zero"]
    if len(kernel.groups) > 1:
        lines.append(
            "weight λ: tr K / tr K_gg (Wang, Yu & Perdikaris 2022); 'weighted' is K with these weights"
        )
    return lines
