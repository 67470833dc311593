"""The degrees of one constraint group, over all its faces (THEORY §3) [D].

For a group g and a field i: the dominating degree of all F^g_{iα} (the hidden part carries ε² and
both groups' degrees) and the degree of F^g_{i0} summed over the legs (the bias part). Nothing here
knows of pairs of groups.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType

from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.asymptotics import Degree, dominating
from ntk_theory.symbolic.places import End
from ntk_theory.symbolic.problem import Group
from ntk_theory.theory.columns import UnknownColumn, bias_label
from ntk_theory.theory.rows import Domain, ResidualRow, rows_of


@dataclass(frozen=True, eq=False)
class GroupProfile:
    """The degrees of one group for a given output bias: of all its rows, one for each face."""

    rows: tuple[ResidualRow, ...]

    @staticmethod
    def of(group: Group, bias: OutputBias, domain: Domain = MappingProxyType({})) -> GroupProfile:
        """The profile of a group; without a domain coordinates are positive."""
        return GroupProfile(rows_of(group, bias, domain))

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields on which the group depends."""
        return tuple(dict.fromkeys(f for row in self.rows for f in row.fields))

    def fault(self, end: End | None) -> Degree | None:
        """The degree that says F is undefined (or cannot be shown to be defined); ``None``: all is well."""
        found = (row.fault(end) for row in self.rows)
        return next((fault for fault in found if fault is not None), None)

    def hidden(self, field: str, end: End) -> Degree:
        """The dominating behaviour of F_{iα} over all α, legs, faces and branches."""
        degrees = [
            expanded.degree
            for row in self.rows
            for side in row.sides(end)
            for entry, expanded in side.hidden
            if entry.field == field
        ]
        return dominating(degrees, end)

    def output_bias(self, field: str, end: End) -> Degree:
        """The dominating behaviour of F_{i0}, summed over the legs; flat where c is not trained."""
        return self._columns({bias_label(field)}, end)

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The unknowns whose column does not vanish where they start."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.trained))

    def unknown(self, name: str, end: End) -> Degree:
        """The dominating behaviour of ∂R/∂π of an unknown."""
        labels = {label for row in self.rows for label in row.columns if isinstance(label, UnknownColumn)}
        return self._columns({label for label in labels if label.unknown == name}, end)

    def _columns(self, labels: Collection[str], end: End) -> Degree:
        sides = [side for row in self.rows for side in row.sides(end)]
        found = [own.degree for side in sides for label, own in side.columns.items() if label in labels]
        return dominating(found, end)
