"""The limit law in the terminal and as JSON: what ‖K‖ is at each s and width, beside the predicted limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntk_theory.advice.law_table import LAW_HEAD, QUANTILES, BlockLaw, Prediction, law_row


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
    # A width that is everywhere the same stands in the heading.
    shown = [k for k, name in enumerate(LAW_HEAD) if name != "width" or len(found.widths) > 1]
    names = [LAW_HEAD[k] for k in shown]
    first, *numbers, law, limit = names
    for column in (first, *numbers, law, f"{limit}  [D]"):
        is_word = column not in (first, *numbers)
        table.add_column(
            column, justify="right" if column in numbers else "left", no_wrap=not is_word, overflow="fold"
        )
    last = ""
    for block in found.blocks:
        if last and block.block != last:
            table.add_section()
        cells = law_row(block)
        name, *rest = (cells[k] for k in shown)
        table.add_row(name if block.block != last else "", *rest)
        last = block.block
    return table


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
