"""The zoo: every problem with its equation, conditions, sources and the answer for it."""

from __future__ import annotations

from collections.abc import Iterator

import ntk_theory as nt
from ntk_theory.symbolic import zoo_text
from ntk_theory.symbolic.grammar import render
from ntk_theory.theory import text
from ntk_theory.training.reference import reference
from site_parts.markdown import cell, code, table

BLOCKS = ("bb", "bf", "ff")


def count() -> str:
    """How many problems there are."""
    every = [nt.zoo(name) for name in nt.zoo_names()]
    solved = sum(problem.solution is not None for problem in every)
    return f"{len(every)} problems, {solved} of them with a known solution."


def zoo() -> str:
    """A table of all, then a section for each."""
    answers = {name: nt.classify(name) for name in nt.zoo_names()}
    rows = [
        [f"[{name}](#{name})", cell(c.problem.title), *(_threshold(c, block) for block in BLOCKS),
         "linear" if all(one["linear"] for one in c.to_dict()["equations"]) else "nonlinear"]
        for name, c in answers.items()
    ]  # fmt: skip
    head = ["name", "equation", *(f"K_{block}" for block in BLOCKS), "F"]
    sections = ("\n".join(_section(name, c)) for name, c in answers.items())
    return table(head, rows) + "\n" + "\n".join(sections)


def benchmarks() -> str:
    """The benchmark problems: equation, where the data are from, and what errors are measured against."""
    rows = []
    for name in nt.zoo_names(benchmark=True):
        problem = nt.zoo(name)
        known = reference(problem)
        against = "a formula" if known is None else f"{known.method}; coarser: {known.accuracy:.1e}"
        rows.append([code(name), cell(problem.title), cell(problem.source), cell(against)])
    return table(["name", "problem", "data from", "errors are measured against"], rows)


def _threshold(c: nt.Classification, block: str) -> str:
    return text.threshold_cell(c.sharp[block]).replace(" ", "\N{NO-BREAK SPACE}") if block in c.sharp else "—"


def _section(name: str, c: nt.Classification) -> Iterator[str]:
    problem = c.problem
    yield f"({name})=\n## {name}\n"
    yield f"**{cell(problem.title)}**. {cell(problem.source)}\n"
    lines = [*text.equations(problem), *_conditions(problem)]
    yield "```text\n" + "\n".join(lines) + "\n```\n"
    yield "\n".join(f"* {cell(line)}" for line in text.paper_lines(c)) + "\n"
    rows = [
        [code(", ".join(text.block_label(b) for b in row.blocks)), *(cell(one) for one in row.cells)]
        for row in text.rows(c)
    ]
    yield table(("block", "converges", "s < 1/2", "s = 1/2", "s > 1/2"), rows)
    yield f"<details><summary>The problem file: ntk-theory zoo {name} --toml</summary>\n"
    yield f"```toml\n{zoo_text(name)}```\n\n</details>\n"


def _conditions(problem: nt.Problem) -> Iterator[str]:
    for group in problem.conditions:
        legs = ", ".join(render(leg.expression, leg.space) for leg in group.legs)
        kind = str(group.kind) if len(group.legs) == 1 else "sum over pairs of points"
        yield f"{group.name}: {legs}  ({kind})"
