"""The claim on unknown coefficients: their derivatives enter K, and what that does to its limit (THEORY §9).

An unknown diffusivity adds ε² G_xx G_xx' to the heat equation's K_ff, which is random at s = 1/2 then; a
source strength adds a fixed f f'; an unknown reaction p u adds u u', random for every s ≥ 1/2 where the
output bias is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import sympy as sp

from ntk_theory.studies.initialisation.evidence import KernelClaim, ProblemEvidence
from ntk_theory.studies.initialisation.sharp_limit import limit_verdict
from ntk_theory.studies.judging.verdict import Outcome, Verdict
from ntk_theory.symbolic import effort
from ntk_theory.symbolic.problem import GroupKind
from ntk_theory.theory import Classification, Limit
from ntk_theory.theory.sharp import SharpBlock

#: Limits as adjectives, where their names are none.
_WORDS = {Limit.DIVERGES: "divergent"}
_UNIONS = {"b": GroupKind.VALUE, "f": GroupKind.EQUATION}


def unknown_term(claim: KernelClaim, e: ProblemEvidence) -> Iterator[Verdict]:
    """A verdict for every block in which the derivatives by some unknown meet, and every s."""
    blocks = {block: names for block in e.block_names if (names := unknowns_of(e.classification, block))}
    if not blocks:
        yield claim.verdict(Outcome.NOT_APPLICABLE, "no unknown coefficient is trained in any block")
        return
    known = _known(e.classification)
    for block, names in blocks.items():
        for s in e.s_measured(block):
            with_it = e.regime(block, s).limit
            without = known[block].regime(sp.Rational(s.numerator, s.denominator)).limit
            trained = f"training {', '.join(names)}"
            changed = f"makes K_{block} {_WORDS.get(with_it, with_it)} ({without} if known)"
            text = changed if with_it is not without else f"leaves K_{block} {_WORDS.get(with_it, with_it)}"
            yield limit_verdict(claim, e, block, s, f"{trained} {text} at s = {s}")


def unknowns_of(c: Classification, block: str) -> list[str]:
    """The unknowns on which both sides of a block depend, where they start."""
    sides = block.split(",") if "," in block else list(block)
    kinds = {g.name: g.kind for g in c.problem.groups}
    held = [
        {
            unknown
            for name, rows in c.kernel.rows.items()
            if name == side or (side not in kinds and kinds[name] is _UNIONS.get(side))
            for row in rows
            for unknown in row.trained
        }
        for side in sides
    ]
    problem = c.problem
    return [n for n in (*problem.coefficients, *problem.unknown_fields) if all(n in own for own in held)]


def _known(c: Classification) -> Mapping[str, SharpBlock]:
    """The regimes of the same problem with its unknowns known, each where it starts."""
    with effort.limited():
        return replace(c.kernel, is_frozen=True, _known={}, _blocks={}).blocks()
