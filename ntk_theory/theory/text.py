"""A classification in plain text and in LaTeX."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

import sympy as sp

from ntk_theory.shown import Brief, booktabs
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.jets import base_of, part_of
from ntk_theory.symbolic.problem import GroupKind, Problem
from ntk_theory.theory.answers import Answers
from ntk_theory.theory.assumptions import assumptions
from ntk_theory.theory.derivation import disagreements
from ntk_theory.theory.exponents import Regime
from ntk_theory.theory.sharp import SharpBlock

WIDTH = 96
#: The two cases of the paper's criterion (THEORY §2) in plain words.
CASES = {
    "A": "F contains the field itself, or a derivative otherwise than in powers",
    "homogeneous": "F is made of powers of derivatives, without the field itself",
}


def heading(c: Answers) -> str:
    """One line: what was asked."""
    name = c.problem.title or c.problem.name or "operator"
    return f"{name}, output bias {c.output_bias}, activation {c.activation}"


def equations(problem: Problem) -> list[str]:
    """The equations of a problem, as ``f: F = 0``."""
    return [f"{g.name}: {render(g.shown[0].expression, g.shown[0].space)} = 0" for g in problem.equations]


def ansatz_lines(problem: Problem) -> list[str]:
    """The ansatz, the conditions that hold by construction, and what is left of the others."""
    made = problem.construction
    if made is None:
        return []
    lines = [f"{name} = {text}" for name, text in made.ansatz.texts().items()]
    lines.append(f"outputs of the network: {', '.join(problem.outputs)}")
    if problem.met_by_construction:
        lines.append(f"met by construction: {', '.join(problem.met_by_construction)}")
    for residual in made.left:
        is_lost = residual.is_fixed and residual.has_value
        fate = "cannot be met, whatever the network" if is_lost else "left for training to meet"
        lines.append(f"{fate}: {residual.group} at {residual.place}, {residual.text} = 0")
    lines += [f"not built in: {name}: {why}" for name, why in made.ansatz.reasons.items()]
    return lines


def paper_lines(c: Answers) -> Iterator[str]:
    """What the paper's criterion says, line by line."""
    p = c.paper
    if not p.applies:
        blocking = [s for s in p.steps.values() if s.answer not in ("yes", "not applicable")]
        why = blocking[0].because if blocking else "a hypothesis is undecided"
        yield f"[ZY] not applicable as stated: {why}"
        return
    yield f"[ZY] case {p.case}: {CASES[p.case]}"
    if p.degree is not None:
        yield f"[ZY] degree D = {p.degree}: the most factors in a term of the partial derivatives of F"
    parts = [f"K_{b} for s ≥ {p.threshold(b)}" for b in ("bb", "bf", "ff") if b in c.sharp]
    yield f"[ZY] converges: {', '.join(parts)}"
    yield f"[ZY] the kernel stays constant in training: s > {p.training}"
    if p.case == "homogeneous":
        yield f"[R]  s1 = {p.s1}, s2 = {p.s2}"


def block_label(pair: str) -> str:
    """``K_ff`` for "f,f" or "ff", ``K_b,slope`` for "b,slope"."""
    g, mark, h = pair.partition(",")
    return f"K_{g}{h}" if mark and len(g) == len(h) == 1 else f"K_{pair}"


def assumption_lines(c: Answers) -> list[str]:
    """What the answer assumes, one line each; the JSON has the reasons too."""
    return [a.what for a in assumptions(c.kernel)]


def power(exponent: sp.Expr) -> str:
    """N to an exponent, as people write it: ``N^(1-2s)``."""
    plain = re.sub(r"(\d)\*s", r"\1s", str(exponent)).replace("Max", "max")
    return f"N^({plain.replace(' - ', '-').replace(' + ', '+')})"


def regime_cell(regime: Regime, *, separator: str = ", ") -> str:
    """One cell of the table: limit and exponent."""
    limit = f"{regime.limit}{chance(regime)}"
    if regime.norm_exponent is None:
        return limit + (f" ({regime.remark})" if regime.remark else "")
    if regime.norm_exponent == 0:
        return limit
    return f"{limit}{separator}{power(regime.norm_exponent)}"


def chance(regime: Regime) -> str:
    """With which probability the limit is attained, where it is not certain."""
    if not regime.probability:
        return ""
    value = regime.probability.get(regime.limit)
    others = " or ".join(str(limit) for limit in regime.probability if limit is not regime.limit)
    return f" with probability {value or 'between 0 and 1'} (else {others})"


def side_cell(regimes: tuple[Regime, ...], *, separator: str = ", ") -> str:
    """All regimes on one side of s = 1/2, each on a line of its own if there are several."""
    if len(regimes) == 1:
        return regime_cell(regimes[0], separator=separator)
    return "\n".join(f"{r.where}: {regime_cell(r, separator=separator)}" for r in regimes)


@dataclass(frozen=True)
class TableRow:
    """Blocks that share one answer: names, and the cells converges, below, at and above s = 1/2."""

    blocks: tuple[str, ...]
    cells: tuple[str, str, str, str]


def rows(c: Answers, *, separator: str = ", ") -> list[TableRow]:
    """The table of sharp regimes: blocks with the same answer in one row, in the order of the first."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for name, block in shown_blocks(c).items():
        cells = (
            threshold_cell(block),
            side_cell(block.below, separator=separator),
            regime_cell(block.at, separator=separator),
            side_cell(block.above, separator=separator),
        )
        found.setdefault(cells, []).append(name)
    return [TableRow(tuple(names), cells) for cells, names in found.items()]


def shown_blocks(c: Answers) -> dict[str, SharpBlock]:
    """The blocks worth a line: a pair of value groups or equations is part of bb, bf or ff."""
    covered = {g.name for g in c.problem.groups if g.kind is not GroupKind.CONDITION}
    return {
        name: block
        for name, block in c.sharp.items()
        if "," not in name or not set(name.split(",")) <= covered or len(c.problem.equations) > 1
    }


def threshold_cell(block: SharpBlock) -> str:
    """The sharp threshold in words."""
    threshold, attained = block.threshold
    if threshold is None:
        return "none"
    if threshold == -sp.oo:
        return "every s"
    return f"s {'≥' if attained else '>'} {threshold}"


def summary(c: Answers) -> str:
    """The answer as plain text."""
    lines = [heading(c), *(f"  {line}" for line in equations(c.problem))]
    lines += [*(f"  {line}" for line in ansatz_lines(c.problem)), ""]
    lines += [f"  {line}" for line in paper_lines(c)]
    lines += ["", "  [D] sharp regimes (ε-calculus), limit and size of ‖K‖:"]
    for row in rows(c):
        converges, below, at, above = (cell.replace("\n", "; ") for cell in row.cells)
        names = ", ".join(f"K_{name}" for name in row.blocks)
        opening = textwrap.wrap(f"{names}: converges for {converges}", WIDTH - 4, break_on_hyphens=False)
        lines += [f"    {line}" for line in opening]
        lines.append(f"        s < 1/2: {below}")
        lines.append(f"        s = 1/2: {at}")
        lines.append(f"        s > 1/2: {above}")
    lines += ["", *(f"  assumed: {line}" for line in assumption_lines(c))]
    for sentence in (step.conclusion for step in disagreements(c)):
        lines += ["", *textwrap.wrap(sentence, WIDTH, initial_indent="  ! ", subsequent_indent="    ")]
    return "\n".join(lines)


def brief(c: Answers) -> Brief:
    """The answer in one table: the blocks, from which s on they converge, and their limits."""
    return Brief(
        heading(c),
        ("block", "converges", "s < 1/2", "s = 1/2", "s > 1/2"),
        tuple((", ".join(map(block_label, row.blocks)), *row.cells) for row in rows(c)),
        (*equations(c.problem), *(step.conclusion for step in disagreements(c))),
    )


def columns(c: Answers) -> dict[str, list[object]]:
    """One line per block and interval of s, as columns: what :meth:`Classification.to_pandas` holds."""
    found = [
        (name, threshold_cell(block), regime.where, str(regime.limit), regime)
        for name, block in c.sharp.items()
        for regime in block.regimes
    ]
    exponents = [None if r.norm_exponent is None else str(r.norm_exponent) for *_, r in found]
    spreads = [None if r.spread_exponent is None else str(r.spread_exponent) for *_, r in found]
    names = ("block", "converges", "where", "limit")
    table: dict[str, list[object]] = {n: [line[k] for line in found] for k, n in enumerate(names)}
    return {**table, "norm_exponent": [*exponents], "spread_exponent": [*spreads]}


def latex(c: Answers) -> str:
    """The equations as an align* block, the sharp regimes as a table (package ``booktabs``)."""
    lines = [r"\begin{align*}"]
    bodies = []
    for group in c.problem.equations:
        operator = group.shown[0]
        names = {operator.space.symbol(s): _latex_slot(operator.space.name(s)) for s in operator.slots}
        bodies.append(rf"  {sp.latex(operator.expression, symbol_names=names)} &= 0")
    lines += [" \\\\\n".join(bodies), r"\end{align*}"]
    table = []
    for name, block in shown_blocks(c).items():
        cells = [_latex_side(block.below), _latex_side((block.at,)), _latex_side(block.above)]
        escaped = name.replace("_", r"\_")
        converges = _latex_threshold(block)
        table.append([rf"$K_{{\mathrm{{{escaped}}}}}$", converges, *cells])
    caption = f"Limit and size of the kernel's blocks: {heading(c)}."
    head = ("block", "converges", "s < 1/2", "s = 1/2", "s > 1/2")
    return "\n".join([*lines, booktabs(caption, head, table)])


def _latex_slot(name: str) -> str:
    head, mark, letters = base_of(name).partition("_")
    part = part_of(name).replace("_", r"\_")
    whole = f"{head}^{{\\mathrm{{{part}}}}}" if part else head
    return f"{whole}_{{{letters}}}" if mark else whole


def _latex_threshold(block: SharpBlock) -> str:
    text = threshold_cell(block)
    formula = text.replace("≥", r"\ge ")
    return f"${formula}$" if text.startswith("s ") else text


def _latex_side(regimes: tuple[Regime, ...]) -> str:
    parts = []
    for r in regimes:
        exponent = "" if r.norm_exponent is None else f", $N^{{{sp.latex(r.norm_exponent)}}}$"
        where = f" ({r.where.replace('<', '$<$').replace('>', '$>$')})" if len(regimes) > 1 else ""
        parts.append(f"{r.limit}{exponent}{where}")
    return "; ".join(parts)
