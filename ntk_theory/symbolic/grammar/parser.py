"""Tokens to the surface tree in one pass over them, with a stack of its own in place of recursion.

A text is a sequence of operands (numbers, names, calls, brackets, vectors, bars) with operators between
them, so that after every token one thing alone is open: whether an operand must come next, or may not. The
:class:`_Level` of every open bracket holds what was read inside it: the terms of a sum, the factors of its
last product, and what waits for the next operand (signs, and bases with their ``^``).

The parser's one complaint is :class:`Misfit`, the first token with which no text could go on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from ntk_theory.symbolic.grammar.lexer import Token
from ntk_theory.symbolic.grammar.tree import (
    Call,
    Comparison,
    Equation,
    Name,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Vector,
)

SIGNS = ("PLUS", "MINUS")
RELATIONS = ("LESS", "MORE", "ATMOST", "ATLEAST")
#: What ends a level, by what began it.
_CLOSING = {"LPAR": "RPAR", "CALL": "RPAR", "LSQB": "RSQB", "BAR": "BAR"}


class Misfit(Exception):
    """``token`` (``None``: the text's end) does not fit; was an operand wanted in its place?"""

    def __init__(self, token: Token | None, wants_operand: bool) -> None:
        super().__init__(token)
        self.token = token
        self.wants_operand = wants_operand


@dataclass(slots=True)
class _Level:
    """What was read within one bracket, or outside of all: ``kind`` is its opening token's."""

    kind: str
    opened: Token | None = None
    waiting: list[tuple[Token, Node | None]] = field(default_factory=list)
    factors: list[Node] = field(default_factory=list)
    operators: list[Token] = field(default_factory=list)
    terms: list[Node] = field(default_factory=list)
    signs: list[Token] = field(default_factory=list)
    arguments: list[Node] = field(default_factory=list)
    compared: tuple[Node, Token] | None = None

    def factor(self, operand: Node) -> None:
        """The operand ends: it becomes an exponent or is signed, as what waits for it says."""
        while self.waiting:
            token, base = self.waiting.pop()
            if base is not None:
                operand = Power(base, operand, token.at)
            elif token.kind == "MINUS":
                operand = _negative(operand, token.at)
        self.factors.append(operand)

    def term(self) -> None:
        """The product ends."""
        self.terms.append(_product(self.factors, self.operators))
        self.factors, self.operators = [], []

    def sum(self) -> Node:
        """The sum ends."""
        self.term()
        found = _sum(self.terms, self.signs)
        self.terms, self.signs = [], []
        return found

    def argument(self) -> None:
        """An argument ends, which may be a comparison."""
        found = self.sum()
        if self.compared is not None:
            left, relation = self.compared
            found, self.compared = Comparison(left, relation.kind, found, relation.at), None
        self.arguments.append(found)

    def closed(self) -> Node:
        """What the bracket is as an operand."""
        if self.kind in ("CALL", "LSQB"):
            self.argument()
        at = self.opened.at if self.opened is not None else None
        if self.kind == "CALL":
            assert self.opened is not None
            return Call(self.opened.text, tuple(self.arguments), at)
        if self.kind == "LSQB":
            return Vector(tuple(self.arguments), at)
        inside = self.sum()
        return Call("abs", (inside,), at) if self.kind == "BAR" else inside


class _Reading:
    """The state between two tokens: ``operand`` was just read, or one is wanted."""

    def __init__(self) -> None:
        self.levels = [_Level("")]
        self.operand: Node | None = None
        self.name: Token | None = None
        self.left: tuple[Node, Token] | None = None
        self.equations: list[Equation] = []

    def take(self, token: Token) -> None:
        """One token more."""
        if self.name is not None and token.kind == "LPAR":
            self.levels.append(_Level("CALL", self.name))
            self.name = self.operand = None
        elif self.operand is None:
            self._begin(token)
        else:
            self.name = None
            self._go_on(token, self.operand)

    def end(self) -> None:
        """The text ends."""
        if len(self.levels) == 1 and self.operand is not None:
            self._equation()
        if self.operand is not None or len(self.levels) > 1 or not self._may_end:
            raise Misfit(None, self.operand is None)

    @property
    def _may_end(self) -> bool:
        level = self.levels[0]
        is_fresh = not (level.waiting or level.factors or level.terms or self.left)
        return is_fresh and bool(self.equations)

    def _begin(self, token: Token) -> None:
        """A token where an operand is wanted."""
        match token.kind:
            case "NUMBER":
                self.operand = Number(token.value if token.value is not None else Fraction(0), token.at)
            case "NAME":
                self.operand, self.name = Name(token.text, token.at), token
            case "LPAR" | "LSQB" | "BAR":
                self.levels.append(_Level(token.kind, token))
            case "PLUS" | "MINUS":
                self.levels[-1].waiting.append((token, None))
            case _:
                raise Misfit(token, wants_operand=True)

    def _go_on(self, token: Token, operand: Node) -> None:
        """A token after an operand."""
        level, kind = self.levels[-1], token.kind
        if kind == "CARET":
            level.waiting.append((token, operand))
            self.operand = None
            return
        if not self._fits(level, kind):
            raise Misfit(token, wants_operand=False)
        if kind == "SEMI":
            self._equation()
            return
        level.factor(operand)
        self.operand = None
        if kind in ("STAR", "SLASH"):
            level.operators.append(token)
        elif kind in SIGNS:
            level.term()
            level.signs.append(token)
        elif kind == "EQUAL":
            self.left = level.sum(), token
        elif kind in RELATIONS:
            level.compared = level.sum(), token
        elif kind == "COMMA":
            level.argument()
        else:
            self.operand = self.levels.pop().closed()

    def _fits(self, level: _Level, kind: str) -> bool:
        if kind in ("STAR", "SLASH", *SIGNS):
            return True
        if kind in RELATIONS:
            return level.kind == "CALL" and level.compared is None
        if kind == "COMMA":
            return level.kind in ("CALL", "LSQB")
        if kind == "SEMI":
            return not level.kind
        if kind == "EQUAL":
            return not level.kind and self.left is None
        return kind == _CLOSING.get(level.kind)

    def _equation(self) -> None:
        """An equation ends."""
        assert self.operand is not None
        level = self.levels[0]
        level.factor(self.operand)
        self.operand = None
        side = level.sum()
        if self.left is None:
            self.equations.append(Equation(side, None, _start(side)))
        else:
            left, sign = self.left
            self.equations.append(Equation(left, side, sign.at))
        self.left = None


def parsed(tokens: Iterable[Token]) -> tuple[Equation, ...]:
    """The equations that the tokens spell.

    Raises
    ------
    Misfit
        At the first token with which no text could go on.
    """
    reading = _Reading()
    for token in tokens:
        reading.take(token)
    reading.end()
    return tuple(reading.equations)


def _start(node: Node) -> int | None:
    """Where the text of ``node`` begins; a power itself points to its ``^``."""
    while isinstance(node, Power):
        node = node.base
    return node.at


def _sum(terms: list[Node], signs: list[Token]) -> Node:
    if not signs:
        return terms[0]
    signed = [
        term if sign.kind == "PLUS" else _negative(term, sign.at)
        for sign, term in zip(signs, terms[1:], strict=True)
    ]
    return Sum((terms[0], *signed), _start(terms[0]))


def _product(factors: list[Node], operators: list[Token]) -> Node:
    first, *rest = factors
    if not rest:
        return first
    if len(rest) == 1 and operators[0].kind == "SLASH" and (ratio := _ratio(first, rest[0])) is not None:
        return ratio
    # -(u + 1)*v is one product of three, lest SymPy multiply -1 into the bracket.
    found: list[Node] = list(first.factors) if isinstance(first, Product) else [first]
    for sign, factor in zip(operators, rest, strict=True):
        found.append(factor if sign.kind == "STAR" else _inverse(factor, sign.at))
    return Product(tuple(found), _start(first))


def _ratio(above: Node, below: Node) -> Number | None:
    """The number that 3/2 is (3/0 is left for the message about zero)."""
    if isinstance(above, Number) and isinstance(below, Number) and below.value:
        return Number(above.value / below.value, above.at)
    return None


def _inverse(node: Node, at: int | None) -> Node:
    """1/node; that of a^n is a^-n at once."""
    if isinstance(node, Power) and isinstance(node.exponent, Number):
        return Power(node.base, Number(-node.exponent.value, node.exponent.at), at)
    return Power(node, Number(Fraction(-1), at), at)


def _negative(node: Node, at: int | None) -> Node:
    if isinstance(node, Number):
        return Number(-node.value, at)
    return Product((Number(Fraction(-1), at), node), at)
