"""Problems as the oracle sees them: trees, faces, legs, a box; and their TOML for the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from rules_oracle.tree import Node, negate, pin, text

Face = Mapping[str, Fraction]


@dataclass(frozen=True)
class Row:
    """One group: an operator on a union of faces, or on a pair of faces as F(p₁) − F(p₂)."""

    name: str
    node: Node
    faces: tuple[Face, ...] = ()
    periodic: bool = False

    @property
    def letter(self) -> str:
        """The composite block it belongs to: f for equations, b for values, none for other conditions."""
        if self.name.startswith("f"):
            return "f"
        is_value = self.node[0] == "jet" and not any(self.node[2])
        return "b" if is_value and not self.periodic else ""

    @property
    def places(self) -> tuple[tuple[tuple[Node, Face], ...], ...]:
        """Where points lie: per alternative, the legs as (operator, face)."""
        if self.periodic:
            first, second = self.faces
            return (((pin(self.node, first), first), (negate(pin(self.node, second)), second)),)
        return tuple(((pin(self.node, face), face),) for face in self.faces or ({},))


@dataclass(frozen=True)
class OracleProblem:
    """Rows over one box. ``kind`` is the point of THEORY §8 whose member it is, 0 for none."""

    rows: tuple[Row, ...]
    fields: tuple[str, ...] = ("u",)
    variables: tuple[str, ...] = ("x", "t")
    box: Mapping[str, tuple[Fraction, Fraction]] = field(
        default_factory=lambda: {"x": (Fraction(0), Fraction(1)), "t": (Fraction(0), Fraction(1))}
    )
    kind: int = 0
    respelled: Node | None = None

    @property
    def equations(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.name.startswith("f"))

    def other_spelling(self) -> OracleProblem:
        """The same problem with its first equation spelled in the other way."""
        first = self.equations[0]
        rows = tuple(replace(r, node=self.respelled) if r is first else r for r in self.rows)
        return replace(self, rows=rows, respelled=None)

    def toml(self) -> str:
        """The problem file; equations are the rows named f…, the others conditions."""
        equations = self.equations
        lines = [
            f"fields = {list(self.fields)}",
            f"variables = {list(self.variables)}",
            f"equations = {[text(r.node, self.variables) for r in equations]}",
            "[domain]",
            *(f'{v} = ["{low}", "{high}"]' for v, (low, high) in self.box.items()),
        ]
        for row in self.rows:
            if row not in equations:
                faces = ", ".join(
                    "{" + ", ".join(f'{v} = "{q}"' for v, q in face.items()) + "}" for face in row.faces
                )
                key = "periodic" if row.periodic else "on"
                lines += [
                    "[[conditions]]",
                    f'name = "{row.name}"',
                    f'equation = "{text(row.node, self.variables)}"',
                    *([f"{key} = [{faces}]"] if faces else []),
                ]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        parts = []
        for row in self.rows:
            where = " | ".join(",".join(f"{v}={q}" for v, q in face.items()) for face in row.faces)
            shown = text(row.node, self.variables)
            parts.append(
                f"{row.name}: {shown}" + (f" [{'periodic ' * row.periodic}{where}]" if where else "")
            )
        box = " ".join(f"{v}∈[{a},{b}]" for v, (a, b) in self.box.items())
        return "; ".join(parts) + f"  ({box})"
