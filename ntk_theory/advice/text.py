"""A recommendation in words and rows, for every medium that shows one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ntk_theory.advice.compared import Compared, Option
from ntk_theory.advice.initial_residuals import Quantiles
from ntk_theory.shown import WIDTH
from ntk_theory.symbolic.network_table import toml_value
from ntk_theory.theory.text import block_label

#: Blocks named in the first column before "…".
NAMED = 3
#: A label of the first column is folded here.
LABEL = 26


def heading(found: Compared) -> str:
    """``Heat equation  (goal accuracy; 512-512-512 tanh, output bias zero)``."""
    widths = "-".join([str(found.width)] * found.depth)
    made = [f"{widths} {found.activation}", f"output bias {found.output_bias}"]
    made += [f"features {toml_value(found.features)}"] if found.features else []
    made += [f"initialisation {toml_value(found.initialisation)}"] if found.initialisation else []
    return f"{found.title or 'operator'}  (goal {found.goal}; {', '.join(made)})"


def verdict(found: Compared) -> str:
    """The s, or that there is none."""
    return "recommended: no s" if found.s is None else f"recommended: s = {found.s}"


def faults(found: Compared) -> list[str]:
    """What diverges, is undefined or undecided at the s compared, each sentence once."""
    return list(dict.fromkeys(fault for option in found.options for fault in option.faults))


def notes(found: Compared) -> Iterator[str]:
    """The start of the very network, how the numbers were taken, and what the network costs."""
    if found.preflight is not None:
        yield from found.preflight.because
        yield from found.preflight.lines()
    n = ", ".join(f"{name} {count}" for name, count in found.points.items())
    yield (
        f"sizes at width {found.width}, median (5 % to 95 %) over random networks by the limit law [D]; "
        f"points: {n}"
    )
    yield (
        "rate: gradient descent on ½ Σ_g mean R_g² (train --weights mean) is stable below it as long as the "
        "kernel stays [D]"
    )
    yield (
        "factor on weights' rate: multiply the learning rate of all weights by it (not of the output bias), "
        "and their part of the kernel no longer grows or falls with N [D]"
    )
    cost = found.cost
    kernel = "more memory than this machine has"
    if cost.kernel_seconds is not None and cost.kernel_bytes is not None:
        kernel = f"about {_short(cost.kernel_seconds)} s and {_bytes(cost.kernel_bytes)}"
    yield (
        f"cost: {cost.parameters} parameters; at the {cost.points} points of train a kernel takes {kernel}, "
        f"the Jacobian of gauss-newton {_bytes(cost.jacobian_bytes)}"
    )


def limit_rows(found: Compared) -> dict[str, tuple[str, ...]]:
    """``K_bf, K_ff`` → limit for every s; blocks with the same limits share a row."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for block in found.options[0].kernel:
        limits = tuple(option.kernel[block] for option in found.options)
        shared.setdefault(limits, []).append(block_label(block))
    return {
        ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else ""): limits
        for limits, names in shared.items()
    }


def columns(found: Compared) -> tuple[str, ...]:
    """The names of the columns: one per s, the recommended one marked."""
    return ("", *(f"s = {o.s}" + (" ✓" if o.s == found.s else "") for o in found.options))


def sections(found: Compared) -> tuple[list[tuple[str, ...]], ...]:
    """The rows of the table: the kernel, the rates, the residuals at initialisation."""
    options = found.options
    kernel = [(label, *limits) for label, limits in limit_rows(found).items()]
    kernel += [("‖K‖", *(_power(option.norm_exponent) for option in options))]
    kernel += [("drift", *(option.drift for option in options))]
    rates = [
        ("largest rate ~", *(_power(option.rate_exponent) for option in options)),
        (f"  at N = {found.width}", *(_range(option.rate) for option in options)),
        ("factor on weights' rate", *(_factor(option) for option in options)),
        ("  largest rate then", *(_range(option.factored_rate) for option in options)),
    ]
    names = next((option.residuals for option in options if option.residuals), {})
    residuals = [
        (f"rms residual {n}", *(_range(None if o.residuals is None else o.residuals[n]) for o in options))
        for n in names
    ]
    return kernel, rates, residuals


def numbers(found: Compared) -> dict[str, list[object]]:
    """The options as columns of numbers and exact texts."""
    options = found.options
    plain = ("s", "norm_exponent", "rate_exponent", "hidden_rate_exponent", "hidden_factor", "drift")
    table: dict[str, list[object]] = {name: [getattr(o, name) for o in options] for name in plain}
    table |= {block_label(block): [o.kernel[block] for o in options] for block in options[0].kernel}
    names = next((list(o.residuals) for o in options if o.residuals), [])
    ranges = {"rate": [o.rate for o in options], "factored_rate": [o.factored_rate for o in options]}
    ranges |= {f"rms_residual_{n}": [o.residuals[n] if o.residuals else None for o in options] for n in names}
    for name, values in ranges.items():
        for part in ("low", "median", "high"):
            table[f"{name}_{part}"] = [None if v is None else getattr(v, part) for v in values]
    return table


def text(found: Compared) -> str:
    """What ``ntk-theory recommend`` prints, in 110 columns."""
    lines = [heading(found), *(f"  {line}" for line in found.equations), "", verdict(found)]
    for sign, sentences in (("·", found.because), ("!", found.beware)):
        lines += [line for sentence in sentences for line in _listed(sign, sentence)]
    head, parts = columns(found), sections(found)
    rows = [row for part in parts for row in part]
    free = (WIDTH - min(LABEL, max(len(row[0]) for row in rows))) // (len(head) - 1) - 2
    widths = [max(min(len(row[k]), free if k else LABEL) for row in (head, *rows)) for k in range(len(head))]
    lines += ["", *_row(head, widths), "─" * (sum(widths) + 2 * len(widths) - 2)]
    for k, part in enumerate(parts):
        lines += [""] if k and part else []
        lines += [line for row in part for line in _row(row, widths)]
    lines.append("")
    lines += [line for fault in faults(found) for line in _listed("!", fault)]
    lines += [line for note in notes(found) for line in textwrap.wrap(note, WIDTH)]
    return "\n".join(lines)


def _row(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    """One row of the table as lines; long cells are folded."""
    folded = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)]
    folded[0] = [cells[0]] if len(cells[0]) <= widths[0] else folded[0]  # an indented label stays so
    tall = max(map(len, folded))
    padded = [part + [""] * (tall - len(part)) for part in folded]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in zip(*padded, strict=True)]


def _listed(sign: str, sentence: str) -> list[str]:
    return textwrap.wrap(sentence, WIDTH, initial_indent=f"  {sign} ", subsequent_indent="    ")


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
