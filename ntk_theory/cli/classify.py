"""``ntk-theory classify``: the regime of every kernel block, with its derivation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ntk_theory.cli.options import (
    Activation,
    Fields,
    Json,
    OutputBias,
    ParameterValues,
    Variables,
    What,
    print_json,
    resolve,
)
from ntk_theory.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ntk_theory.theory import Classification

#: A block's name that is longer goes on two lines where the terminal is narrow.
LONG_NAME = 12


def command(
    what: What,
    output_bias: OutputBias = "zero",
    activation: Activation = "tanh",
    s: Annotated[
        list[str] | None, typer.Option("--s", help="Answer at this exponent, such as 3/4; repeatable.")
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Print the derivation, rule by rule.")] = False,
    as_latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX.")] = False,
    as_json: Json = False,
    parameter: ParameterValues = None,
    fields: Fields = None,
    variables: Variables = None,
) -> None:
    """For which output scaling 1/N^s does the NTK of this PDE converge? Exact, with the derivation."""
    if as_json and as_latex:
        raise InputError("--json and --latex cannot be combined; choose one")
    from ntk_theory.theory import classify  # noqa: PLC0415  --help stays quick

    c = classify(resolve(what, parameter, fields, variables), output_bias=output_bias, activation=activation)
    at = {value: {b: str(c.regime(b, value).limit) for b in c.sharp} for value in s or []}
    if as_json:
        print_json(c.to_dict() | ({"at_s": at} if at else {}))
    elif as_latex:
        print(c.latex())
    else:
        _show(c, at, why=why)


def _show(c: Classification, at: dict[str, dict[str, str]], *, why: bool) -> None:
    from rich.console import Console  # noqa: PLC0415  --json and --latex do without
    from rich.text import Text  # noqa: PLC0415

    from ntk_theory.theory import text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=False)
    console.print(Text(text.heading(c), style="bold"))
    for line in text.equations(c.problem):
        console.print(Text(f"  {line}", style="cyan"))
    console.print()
    _hypotheses(c, console)
    for line in text.paper_lines(c):
        console.print(Text(line))
    console.print()
    console.print(_table(c, console))
    for value, limits in at.items():
        parts = ", ".join(f"K_{block}: {limit}" for block, limit in limits.items())
        console.print(Text(f"at s = {value}: {parts}", style="bold"))
    for sentence in c.disagreements:
        console.print(Text(f"! {sentence}", style="yellow"))
    if why:
        _derivation(c, console)
    else:
        console.print(Text("--why prints the derivation", style="dim"))


def _hypotheses(c: Classification, console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415

    for item in c.to_dict()["hypotheses"]:
        mark = {True: "✓", False: "✗", None: "?"}[item["holds"]]
        console.print(Text(f"{mark} {item['name']}: {item['why']}", style="dim" if item["holds"] else "red"))


def _table(c: Classification, console: Console) -> Table:
    """The regimes; exponents go below their limits where the terminal is too narrow for both."""
    wide = _filled(c, ", ")
    unbounded = console.options.update(width=1000)
    return wide if console.measure(wide, options=unbounded).maximum <= console.width else _filled(c, "\n")


def _filled(c: Classification, separator: str) -> Table:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from ntk_theory.theory import text  # noqa: PLC0415

    rows = text.rows(c, separator=separator)
    is_tall = any("\n" in cell for row in rows for cell in row.cells) or any(len(r.blocks) > 1 for r in rows)
    title = "limit and size of ‖K‖ as N → ∞  [D]"
    table = Table(title=title, title_justify="left", title_style="", show_lines=is_tall)
    for column in ("block", "converges", "s < 1/2", "s = 1/2", "s > 1/2"):
        table.add_column(column, overflow="fold", no_wrap=column == "converges")
    for row in rows:
        converges, *sides = row.cells
        names = "\n".join(
            f"K_{name}".replace(",", ",\n  " if separator == "\n" and len(name) > LONG_NAME else ",")
            for name in row.blocks
        )
        table.add_row(Text(names), Text(converges, style="bold"), *map(Text, sides))
    return table


def _derivation(c: Classification, console: Console) -> None:
    from rich.text import Text  # noqa: PLC0415

    console.print()
    for number, step in enumerate(c.steps, 1):
        console.print(Text(f"{number:3}. {step.title}  {step.source}", style="bold"))
        console.print(Text(f"     {step.answer}: {step.because}"))
        console.print(Text(f"     ⇒ {step.conclusion}"))
