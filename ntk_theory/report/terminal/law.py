"""The limit law in the terminal and as JSON: what ‖K‖ is at each s and width, beside the predicted limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntk_theory.advice.law_table import BlockLaw, Prediction
from ntk_theory.report.words import block_label

QUANTILES = (0.05, 0.5, 0.95)


def record(found: Prediction) -> dict[str, Any]:
    """The numbers of the table as JSON-like data; keys are only ever added."""
    return {
        "accuracy": found.law.accuracy,
        "slots": [found.law.problem.space.name(slot) for slot in found.law.slots],
        "rows": len(found.law.rows.points),
        "draws": found.reader.size,
        "blocks": [_block(block) for block in found.blocks],
        "mean_refusals": list(found.refusals),
    }


def _block(block: BlockLaw) -> dict[str, Any]:
    quantiles = block.quantiles(QUANTILES)
    exponent = block.regime.norm_exponent
    return {
        "block": block.block,
        "s": str(block.s),
        "width": block.width,
        "epsilon": block.epsilon,
        "limit": str(block.regime.limit),
        "norm_exponent": None if exponent is None else str(exponent),
        "deterministic": block.is_constant,
        "quantiles": None
        if quantiles is None
        else {str(q): v for q, v in zip(QUANTILES, quantiles, strict=True)},
        "mean_norm": block.mean,
        "failure": block.failure if quantiles is None else None,
    }


def show(found: Prediction, heading: tuple[str, str], console: Console) -> None:
    """Print the table; ``heading`` is the problem and the network in words."""
    title, setting = heading
    width = f", at width {found.widths[0]}" if len(found.widths) == 1 else ""
    console.print(Text(f"{title}  ({setting}{width})", "bold"))
    console.print(_table(found))
    console.print()
    for line in _notes(found):
        console.print(Text(line, "dim"))


def _table(found: Prediction) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    numbers = ("s", *(("width",) if len(found.widths) > 1 else ()), "ε", "‖K‖ 5 %", "median", "95 %", "‖E K‖")
    for column in ("block", *numbers, "law", "N → ∞  [D]"):
        is_word = column not in ("block", *numbers)
        table.add_column(
            column, justify="right" if column in numbers else "left", no_wrap=not is_word, overflow="fold"
        )
    last = ""
    for block in found.blocks:
        if last and block.block != last:
            table.add_section()
        name = block_label(block.block) if block.block != last else ""
        s, width, *rest = _cells(block)
        table.add_row(name, s, *((width,) if len(found.widths) > 1 else ()), *rest)
        last = block.block
    return table


def _cells(block: BlockLaw) -> tuple[str, ...]:
    quantiles = block.quantiles(QUANTILES)
    numbers: tuple[str, ...]
    if quantiles is None:
        numbers, law = ("–",) * 3, "no finite draws"
    elif block.is_constant:
        numbers, law = ("", f"{quantiles[1]:.4g}", ""), "deterministic"
    else:
        numbers, law = tuple(f"{q:.3g}" for q in quantiles), "random"
    mean = "–" if block.mean is None else f"{block.mean:.4g}" if block.is_constant else f"{block.mean:.3g}"
    return (
        str(block.s),
        str(block.width),
        f"{block.epsilon:.3g}",
        *numbers,
        mean,
        law,
        str(block.regime.limit),
    )


def _notes(found: Prediction) -> Iterator[str]:
    law = found.law
    how = "closed form" if law.accuracy == 0 else f"accurate to {law.accuracy:.1g}"
    yield (
        f"Σ and T of {len(law.slots)} slots at {len(law.rows.points)} rows: {how}; "
        f"{found.reader.size} draws for each ε = N^(1/2-s)"
    )
    for reason in found.refusals:
        yield f"no ‖E K‖: {reason}"
    if found.failures:
        first = found.failures[0]
        yield f"no finite draws in {len(found.failures)} laws, the first at s = {first.s}: {first.failure}"
