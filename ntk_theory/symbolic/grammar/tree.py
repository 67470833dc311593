"""The tree that a text becomes before any SymPy object exists.

The parser makes *surface* nodes (numbers, names, calls, brackets); :mod:`.elaborate` turns them into
*core* nodes, in which names are resolved and grad, div, laplacian are written out as total
derivatives. ``at`` is the offset in the text that an error message points to (``None`` for a tree
made from a SymPy expression). Nodes compare by identity: no method of theirs recurses.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ntk_theory.symbolic.jets import Slot

Position = int | None


@dataclass(frozen=True, eq=False, slots=True)
class Number:
    """An exact rational number."""

    value: Fraction
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Sum:
    """The sum of the terms."""

    terms: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Product:
    """The product of the factors."""

    factors: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Power:
    """``base`` raised to ``exponent``; a quotient holds the divisor's power -1."""

    base: Node
    exponent: Node
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Name:
    """Surface: a name as written: a field, a derivative ``u_xx``, a variable or a parameter."""

    name: str
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """Surface: ``name(arguments)``; bars ``|a|`` are a call of ``abs``."""

    name: str
    arguments: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Vector:
    """Surface: ``[a, b]``, a vector over the spatial variables."""

    items: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """Surface: ``left > right`` and its kin, a test of ``piecewise``."""

    left: Node
    relation: str
    right: Node
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Jet:
    """Core: the jet value u^i_α of a slot."""

    slot: Slot
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Coordinate:
    """Core: an independent variable."""

    name: str
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Parameter:
    """Core: a named parameter, with a value or left symbolic; ``pi`` is one with a value."""

    name: str
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Apply:
    """Core: an elementary function of one argument."""

    function: str
    argument: Node
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class InPieces:
    """Core: a function in pieces (see :mod:`ntk_theory.symbolic.pieces`) of the variables."""

    function: str
    arguments: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, eq=False, slots=True)
class Total:
    """Core: the total derivative of ``operand`` along ``variable`` (chain rule through the jets)."""

    operand: Node
    variable: str
    at: Position


Surface = Name | Call | Vector | Comparison
Core = Jet | Coordinate | Parameter | Apply | InPieces | Total
Node = Number | Sum | Product | Power | Surface | Core


@dataclass(frozen=True, eq=False, slots=True)
class Equation:
    """``left = right``; without ``=``, ``right`` is ``None``."""

    left: Node
    right: Node | None
    at: Position


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below ``node``."""
    match node:
        case Sum(terms):
            return terms
        case Product(factors):
            return factors
        case Power(base, exponent):
            return (base, exponent)
        case Call(_, arguments) | InPieces(_, arguments):
            return arguments
        case Comparison(left, _, right):
            return (left, right)
        case Vector(items):
            return items
        case Apply(_, argument):
            return (argument,)
        case Total(operand):
            return (operand,)
        case _:
            return ()


def deepest(node: Node, limit: int) -> Node | None:
    """A node that lies deeper than ``limit`` levels, or ``None``; needs no recursion."""
    stack = [(node, 1)]
    while stack:
        here, depth = stack.pop()
        if depth > limit:
            return here
        stack.extend((child, depth + 1) for child in children(here))
    return None
