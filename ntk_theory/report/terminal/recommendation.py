"""A recommendation in the terminal: the s, the reasons, and one column for each s compared."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ntk_theory.advice.initial_residuals import Quantiles
from ntk_theory.advice.recommend import Option, Recommendation
from ntk_theory.report.words import block_label
from ntk_theory.symbolic.network_table import toml_value
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory.text import equations

#: Blocks named in the first column before "…".
NAMED = 3


def heading(problem: Problem, found: Recommendation) -> str:
    """``Heat equation (goal accuracy; 512-512-512 tanh, output bias zero)``."""
    widths = "-".join([str(found.width)] * found.depth)
    title = problem.title or problem.name or "operator"
    made = [f"{widths} {found.activation}", f"output bias {found.output_bias}"]
    made += [f"features {toml_value(found.features)}"] if found.features else []
    made += [f"initialisation {toml_value(found.initialisation)}"] if found.initialisation else []
    return f"{title}  (goal {found.goal}; {', '.join(made)})"


def show(problem: Problem, found: Recommendation, console: Console) -> None:
    """Print a recommendation."""
    console.print(Text(heading(problem, found), "bold"))
    for line in equations(problem):
        console.print(Text(f"  {line}", "dim"))
    console.print()
    if found.s is None:
        console.print(Text("recommended: no s", "bold red"))
    else:
        console.print(Text(f"recommended: s = {found.s}", "bold green"))
    for sentence in found.because:
        _listed(console, "·", sentence)
    for sentence in found.beware:
        _listed(console, "!", sentence, "yellow")
    console.print()
    console.print(_compared(found))
    console.print()
    for fault in dict.fromkeys(fault for option in found.options for fault in option.faults):
        _listed(console, "!", fault, "yellow")
    if found.preflight is not None:
        for sentence in found.preflight.because:
            _listed(console, "!", sentence, "yellow")
        for line in found.preflight.lines():
            console.print(Text(line, "dim"))
    for line in notes(found):
        console.print(Text(line, "dim"))


def notes(found: Recommendation) -> Iterator[str]:
    """How the numbers were taken, and what the network costs."""
    n = ", ".join(f"{name} {count}" for name, count in found.points.items())
    yield (
        f"sizes at width {found.width}, median (5 % to 95 %) over random networks by the limit law [D]; "
        f"points: {n}"
    )
    yield (
        "rate: gradient descent on ½ Σ_g mean R_g² (train --weights mean) is stable below it as long as the "
        "kernel stays [D]"
    )
    cost = found.cost
    kernel = "more memory than this machine has"
    if cost.kernel_seconds is not None and cost.kernel_bytes is not None:
        kernel = f"about {_short(cost.kernel_seconds)} s and {_bytes(cost.kernel_bytes)}"
    yield (
        f"cost: {cost.parameters} parameters; at the {cost.points} points of train a kernel takes {kernel}, "
        f"the Jacobian of gauss-newton {_bytes(cost.jacobian_bytes)}"
    )


def limit_rows(found: Recommendation) -> dict[str, tuple[str, ...]]:
    """``K_bf, K_ff`` → limit for every s; blocks with the same limits share a row."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for block in found.options[0].kernel:
        limits = tuple(option.kernel[block] for option in found.options)
        shared.setdefault(limits, []).append(block_label(block))
    return {
        ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else ""): limits
        for limits, names in shared.items()
    }


def _compared(found: Recommendation) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", max_width=26, overflow="fold")
    for option in found.options:
        chosen = option.s == found.s
        table.add_column(f"s = {option.s}" + (" ✓" if chosen else ""), style="bold" if chosen else "")
    for label, limits in limit_rows(found).items():
        table.add_row(label, *limits)
    table.add_row("‖K‖", *(_power(option.norm_exponent) for option in found.options))
    table.add_row("drift", *(option.drift for option in found.options))
    table.add_section()
    table.add_row("largest rate ~", *(_power(option.rate_exponent) for option in found.options))
    table.add_row(f"  at N = {found.width}", *(_range(option.rate) for option in found.options))
    table.add_row("hidden-layer factor", *(_factor(option) for option in found.options))
    table.add_row("  largest rate then", *(_range(option.factored_rate) for option in found.options))
    table.add_section()
    names = next((option.residuals for option in found.options if option.residuals), {})
    for name in names:
        cells = [_range(None if o.residuals is None else o.residuals[name]) for o in found.options]
        table.add_row(f"rms residual {name}", *cells)
    return table


def _listed(console: Console, sign: str, sentence: str, style: str = "") -> None:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(Text(sign, style), Text(sentence, style))
    console.print(Padding(grid, (0, 0, 0, 2)))


def _power(exponent: str | None) -> str:
    return "no power" if exponent is None else "1" if exponent == "0" else f"N^({exponent})"


def _factor(option: Option) -> str:
    if option.hidden_rate_exponent == "0":
        return "1"
    return f"N^({option.hidden_rate_exponent}) = {_short(option.hidden_factor)}"


def _range(found: Quantiles | None) -> str:
    if found is None:
        return "undefined"
    low, middle, high = (_short(value) for value in (found.low, found.median, found.high))
    return middle if low == high else f"{middle} ({low} to {high})"


def _short(value: float) -> str:
    return f"{value:.2g}" if 1e-3 <= value < 100 else f"{value:.0f}" if 100 <= value < 1e4 else f"{value:.1e}"


def _bytes(count: float) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
