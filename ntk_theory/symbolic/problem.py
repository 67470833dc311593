"""Problems: named constraint groups (equations and conditions), a domain, a known solution.

A group g is R_g(x) = Σ_j F^{g,j}(jets at p_j(x)) − target_g(x). An ordinary group has one leg; a
periodic pair has two, u(p_1) − u(p_2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import sympy as sp

from ntk_theory.symbolic.jets import JetSpace
from ntk_theory.symbolic.operator import Operator


class GroupKind(StrEnum):
    """What a group constrains. Only ``VALUE`` groups form the block "b", only equations "f"."""

    EQUATION = "equation"
    VALUE = "value"
    CONDITION = "condition"


#: A face of the domain: the coordinates that are held fixed, by variable name.
Face = Mapping[str, sp.Expr]


@dataclass(frozen=True)
class Group:
    """One named constraint group.

    ``legs`` are the operators F^{g,j}; ``faces`` say where points lie. With one leg the points are
    drawn from the union of the faces (no faces: the whole domain). With two legs ``faces[j]`` is
    where leg j sits and both share the free coordinates.
    """

    name: str
    kind: GroupKind
    legs: tuple[Operator, ...]
    target: sp.Expr = sp.S.Zero
    faces: tuple[Face, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A named PDE problem. Conditions come first, in declared order, then the equations."""

    space: JetSpace
    equations: tuple[Group, ...]
    conditions: tuple[Group, ...] = ()
    domain: Mapping[str, tuple[sp.Expr, sp.Expr]] = field(default_factory=dict)
    solution: Mapping[str, sp.Expr] | None = None
    parameters: Mapping[str, sp.Expr] = field(default_factory=dict)
    name: str = ""
    title: str = ""
    source: str = ""

    @property
    def groups(self) -> tuple[Group, ...]:
        """All groups: conditions, then equations."""
        return self.conditions + self.equations

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the independent variables; point columns follow this order."""
        return self.space.variables

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields."""
        return self.space.fields
