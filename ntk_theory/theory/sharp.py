"""The ε-calculus: the sharp regime of every kernel block (THEORY §3) [D].

A block is a union of pairs of rows; :mod:`~ntk_theory.theory.kernel_terms` says what each pair contributes on
either side of s = 1/2, :mod:`~ntk_theory.theory.exponents` what follows for the whole.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

import sympy as sp

from ntk_theory.setting.activations import Activation
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic import effort
from ntk_theory.symbolic.places import End
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.unknown_functions import opened
from ntk_theory.theory.circles import periodic_columns
from ntk_theory.theory.columns import sums_of
from ntk_theory.theory.exponents import (
    HALF,
    Limit,
    Meeting,
    Obstacle,
    Regime,
    Terms,
    regime_at,
    regimes,
)
from ntk_theory.theory.half import terms_at_half
from ntk_theory.theory.kernel_terms import terms_at_end
from ntk_theory.theory.met import is_met_by
from ntk_theory.theory.reflection import Reflection, reflection
from ntk_theory.theory.rows import ResidualRow, rows_of
from ntk_theory.theory.smoothness import too_rough
from ntk_theory.theory.starts import unruled
from ntk_theory.theory.symmetry import AffineMap
from ntk_theory.theory.vanishing import Verdict, is_reflected, verdict_of

#: The three pieces of the axis of s.
Side = End | None
#: What looking up a pair of rows costs, and what deciding one on one side of s = 1/2 does, in nodes.
PAIR_NODES = 5
MEETING_NODES = 200


@dataclass(frozen=True)
class SharpBlock:
    """The sharp answer for one block (a pair of groups, or of unions of groups)."""

    below: tuple[Regime, ...]
    at: Regime
    above: tuple[Regime, ...]

    @cached_property
    def regimes(self) -> tuple[Regime, ...]:
        """All regimes in the order of s."""
        return (*self.below, self.at, *self.above)

    def regime(self, s: sp.Rational) -> Regime:
        """The regime that contains s > 0."""
        return next(r for r in self.regimes if r.contains(s))

    @cached_property
    def threshold(self) -> tuple[sp.Expr | None, bool]:
        """(infimum of the s₀ with a deterministic or zero limit for every s > s₀, does s₀ itself?).

        ``None`` where there is none; −∞ when every s will do.
        """
        threshold: sp.Expr | None = None
        attained = False
        for regime in reversed(self.regimes):
            if not regime.limit.converges:
                break
            threshold, attained = regime.low, regime.is_point
        if threshold == 0 and not attained:
            return -sp.oo, False
        return threshold, attained


@dataclass(frozen=True, eq=False)
class Kernel:
    """The kernel of a problem for one output bias, activation, input map and start; pairs are computed once.

    ``start`` is the initialisation, ``None`` that of THEORY §1; ``depth`` the number of hidden layers,
    ``None`` for what holds at every depth from 2 on; ``is_frozen``: unknowns stay where they start.
    """

    problem: Problem
    bias: OutputBias
    inputs: AffineMap
    activation: Activation
    start: Initialisation | None = None
    depth: int | None = None
    is_frozen: bool = False
    _known: dict[Hashable, tuple[Meeting, ...]] = field(default_factory=dict)
    _blocks: dict[Hashable, SharpBlock] = field(default_factory=dict)

    @cached_property
    def rows(self) -> Mapping[str, tuple[ResidualRow, ...]]:
        """The rows of every group, by its name."""
        features = self.inputs.features
        periodic = periodic_columns(features.columns) if features else {}
        return {
            g.name: tuple(
                replace(row, is_met=True) if is_met_by(row, periodic) else row for row in self._rows_of(g)
            )
            for g in self.problem.groups
        }

    def _rows_of(self, group: Group) -> tuple[ResidualRow, ...]:
        problem = self.problem
        own, functions = opened(group, problem)
        return rows_of(
            own, self.bias, problem.place(group), problem.coefficients, functions, is_frozen=self.is_frozen
        )

    @property
    def met(self) -> tuple[str, ...]:
        """The groups that hold for every network by its feature map."""
        return tuple(
            name for name, rows in self.rows.items() if all(row.is_met and not row.columns for row in rows)
        )

    def blocks(self) -> dict[str, SharpBlock]:
        """``bb``, ``bf``, ``ff``, then every pair of named groups that is not one of them."""
        values = [g for g in self.problem.groups if g.kind is GroupKind.VALUE]
        equations = self.problem.equations
        found: dict[str, SharpBlock] = {}
        if values:
            found["bb"] = self.block(values, values)
            found["bf"] = self.block(values, equations)
        found["ff"] = self.block(equations, equations)
        single = {"b,b": "bb", "b,f": "bf", "f,f": "ff"}
        groups = self.problem.groups
        for k, g in enumerate(groups):
            for h in groups[k:]:
                key = f"{g.name},{h.name}"
                if single.get(key) not in found:
                    found[key] = self.block([g], [h])
        return found

    def block(self, ours: Sequence[Group], theirs: Sequence[Group]) -> SharpBlock:
        """The regimes of the block of some groups against others."""
        pairs: dict[frozenset[ResidualRow], tuple[ResidualRow, ResidualRow]] = {}
        for g, h in product(ours, theirs):
            for pair in product(self.rows[g.name], self.rows[h.name]):
                pairs.setdefault(frozenset(pair), pair)
        alike: dict[Hashable, list[tuple[ResidualRow, ResidualRow]]] = {}
        for pair in pairs.values():
            alike.setdefault(self._kind(*pair), []).append(pair)
        effort.spend(PAIR_NODES * len(pairs))
        # Of pairs that contribute the same, two say all: whether one alone is a mixture matters.
        block = tuple((kind, len(found[:2])) for kind, found in alike.items())
        if block not in self._blocks:
            self._blocks[block] = self._sharp([pair for found in alike.values() for pair in found[:2]])
        return self._blocks[block]

    def _sharp(self, pairs: Sequence[tuple[ResidualRow, ResidualRow]]) -> SharpBlock:
        sides: dict[Side, list[Meeting]] = {
            side: [m for pair in pairs for m in self.meetings(*pair, side)]
            for side in (End.INFINITY, None, End.ZERO)
        }
        return SharpBlock(
            below=regimes(sides[End.INFINITY], sp.S.Zero, HALF),
            at=regime_at(sides[None], HALF),
            above=regimes(sides[End.ZERO], HALF, sp.oo),
        )

    def meetings(self, g: ResidualRow, h: ResidualRow, side: Side) -> tuple[Meeting, ...]:
        """What two rows contribute as ε → ∞, at ε = 1 (``None``) or as ε → 0."""
        key = (self._kind(g, h), side)
        if key not in self._known:
            effort.asking(f"the block of {g.group.name} and {h.group.name}")
            effort.spend(MEETING_NODES)
            self._known[key] = self._meet(g, h, side)
        return self._known[key]

    def _kind(self, g: ResidualRow, h: ResidualRow) -> Hashable:
        """Pairs with this in common contribute the same; where orders may cancel, places decide."""
        verdict = self.verdict(g, h)
        own = (id(g), id(h)) if verdict.by_orders else (self._kinds[g], self._kinds[h])
        return (*own, verdict.vanishes, verdict.random_at_half, g is h, self._unruled(g, h))

    @cached_property
    def _kinds(self) -> Mapping[ResidualRow, int]:
        """Rows by number of their kind (a number is compared faster than a row)."""
        numbers: dict[Hashable, int] = {}
        rows = [row for own in self.rows.values() for row in own]
        return {row: numbers.setdefault(row.likeness, len(numbers)) for row in rows}

    @cached_property
    def _verdicts(self) -> dict[tuple[ResidualRow, ResidualRow], Verdict]:
        return {}

    def verdict(self, g: ResidualRow, h: ResidualRow) -> Verdict:
        """Does the contraction of the two rows with T^∞ vanish?"""
        if (g, h) not in self._verdicts:
            gain = sp.S.One if self.start is not None and self.start.is_standard else sp.S.Zero
            self._verdicts[g, h] = replace(verdict_of(g, h, self.inputs, self.reflection), gain=gain)
        return self._verdicts[g, h]

    @cached_property
    def reflection(self) -> Reflection | None:
        """The reflection of T^∞ for this activation, depth and start."""
        return reflection(self.activation, self.depth, self.start)

    @cached_property
    def shallow_only(self) -> tuple[str, ...]:
        """Pairs of groups whose answer is another one for a single hidden layer; of a known depth none."""
        shallow = reflection(self.activation, 1, self.start) if self.depth is None else None
        if shallow is None or shallow == self.reflection:
            return ()
        groups, found = self.problem.groups, []
        for k, g in enumerate(groups):
            for h in groups[k:]:
                rows = product(self.rows[g.name], self.rows[h.name])
                if any(self._differs(a, b, shallow) for a, b in rows):
                    found.append(f"{g.name},{h.name}")
        return tuple(found)

    def _differs(self, g: ResidualRow, h: ResidualRow, shallow: Reflection) -> bool:
        if not is_reflected(g, h, self.inputs, shallow):
            return False
        other = replace(verdict_of(g, h, self.inputs, shallow), reflection=None, gain=self.verdict(g, h).gain)
        return other != self.verdict(g, h) or other.by_orders

    def _unruled(self, g: ResidualRow, h: ResidualRow) -> tuple[str, ...]:
        """Why no rule speaks of the two rows under the initialisation."""
        return () if self.start is None else unruled(self.start, self.activation, (g, h), self.verdict(g, h))

    def _meet(self, g: ResidualRow, h: ResidualRow, side: Side) -> tuple[Meeting, ...]:
        rough = [reason for row in (g, h) if (reason := too_rough(self.activation, row.order))]
        rough += self._unruled(g, h)
        if rough and ((g.entries and h.entries) or sums_of(g.columns, h.columns)):
            return (Meeting((Terms(obstacles=(Obstacle(Limit.UNDECIDED, rough[0]),)),)),)
        verdict = self.verdict(g, h)
        if side is None:
            return (Meeting((terms_at_half(g, h, verdict),)),)
        found = []
        for branches in terms_at_end(g, h, side, verdict):
            is_mixed = len(branches) > 1 or any(not o.is_certain for t in branches for o in t.obstacles)
            own = terms_at_end(g, h, side, verdict, same_point=True) if is_mixed and g is h else []
            found.append(Meeting(branches, tuple(t for terms in own for t in terms)))
        return tuple(found)
