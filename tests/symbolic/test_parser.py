"""The parser against its slow twin: a grammar from which another library makes an LALR(1) parser."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from lark import Lark, Tree
from lark import Token as LarkToken
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from ntk_theory.symbolic.grammar.lexer import Token
from ntk_theory.symbolic.grammar.parser import Misfit, parsed
from ntk_theory.symbolic.grammar.tree import Call, Comparison, Name, Node, Number, Power, Product, Sum, Vector

GRAMMAR = r"""
start: equation (SEMI equation)* SEMI?
equation: sum (EQUAL sum)?
?sum: product ((PLUS | MINUS) product)*
?product: signed ((STAR | SLASH) signed)*
?signed: power | PLUS signed | MINUS signed
?power: atom (CARET signed)?
atom: NUMBER | NAME | NAME LPAR argument (COMMA argument)* RPAR | LPAR sum RPAR
    | LSQB sum (COMMA sum)* RSQB | BAR sum BAR
?argument: sum | sum LESS sum
%declare NUMBER NAME PLUS MINUS STAR SLASH CARET LPAR RPAR LSQB RSQB BAR COMMA EQUAL SEMI LESS
"""
KINDS = [
    "NUMBER",
    "NAME",
    "PLUS",
    "MINUS",
    "STAR",
    "SLASH",
    "CARET",
    "LPAR",
    "RPAR",
    "LSQB",
    "RSQB",
    "BAR",
    "COMMA",
    "EQUAL",
    "SEMI",
    "LESS",
]
OFTEN = (5, 8, 3, 3, 3, 3, 3, 5, 5, 1, 1, 3, 2, 1, 1, 1)


class Given(Lexer):
    """Tokens that are there."""

    def __init__(self, _: Any) -> None:
        pass

    def lex(self, tokens: list[Token]) -> Iterator[LarkToken]:
        for token in tokens:
            yield LarkToken(token.kind, token)


TWIN = Lark(GRAMMAR, parser="lalr", lexer=Given)


def tokens(kinds: list[str]) -> list[Token]:
    """One token of each kind in turn, every number and name another one."""
    return [
        Token(kind, f"t{at}", at, Fraction(at + 2) if kind == "NUMBER" else None)
        for at, kind in enumerate(kinds)
    ]


def failure_of(given: list[Token]) -> tuple[Token | None, bool] | None:
    """Where the twin fails, and whether an operand would have done there."""
    try:
        TWIN.parse(given)
    except UnexpectedToken as failure:
        at = failure.token.value if isinstance(failure.token.value, Token) else None
        return at, "NAME" in failure.accepts
    return None


def value(node: Any, at: dict[str, complex]) -> Any:
    """The number that a tree of the package is, its names being those of ``at``."""
    match node:
        case Number():
            return float(node.value)
        case Name():
            return at[node.name]
        case Sum():
            return sum(value(term, at) for term in node.terms)
        case Product():
            found = 1.0
            for factor in node.factors:
                found *= value(factor, at)
            return found
        case Power():
            return value(node.base, at) ** value(node.exponent, at)
        case Comparison():
            return float(value(node.left, at) < value(node.right, at))
        case Vector() | Call():
            raise TypeError(node)
    raise TypeError(type(node))


def twin_value(tree: Any, given: list[complex]) -> Any:
    """The same of a tree of the twin."""
    if not isinstance(tree, Tree):
        return given[tree.value.at]
    parts = tree.children
    if tree.data == "atom":
        return twin_value(parts[1] if len(parts) == 3 else parts[0], given)
    if tree.data == "signed":
        return twin_value(parts[1], given) * (1 if parts[0].type == "PLUS" else -1)
    found = twin_value(parts[0], given)
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        other = twin_value(part, given)
        match sign.type:
            case "PLUS":
                found += other
            case "MINUS":
                found -= other
            case "STAR":
                found *= other
            case "SLASH":
                found /= other
            case "CARET":
                found **= other
    return found


def expression(rng: random.Random, depth: int) -> list[str]:
    """The kinds of a random expression of numbers, names, brackets and operators."""
    if depth <= 0 or rng.random() < 0.2:
        return [rng.choice(("NUMBER", "NAME"))]
    left = expression(rng, depth - 1)
    match rng.randrange(5):
        case 0:
            return ["LPAR", *left, "RPAR"]
        case 1:
            return [rng.choice(("PLUS", "MINUS")), *left]
        case 2:
            return [*left, "CARET", *expression(rng, depth - 2)]
        case _:
            return [*left, rng.choice(("PLUS", "MINUS", "STAR", "SLASH")), *expression(rng, depth - 1)]


def test_it_fails_where_its_twin_fails_and_for_the_same_reason():
    rng, failures = random.Random(20261126), 0
    for k in range(1500):
        kinds = expression(rng, 4) if k % 2 else rng.choices(KINDS, OFTEN, k=rng.randint(1, 9))
        if k % 2:
            kinds[rng.randrange(len(kinds))] = rng.choice(KINDS)
        given = tokens(kinds)
        try:
            parsed(given)
            found: Any = None
        except Misfit as failure:
            found = (failure.token, failure.wants_operand)
        failures += found is not None
        assert found == failure_of(given), kinds
    assert 500 < failures < 1490


def test_precedence_is_that_of_its_twin():
    """Compared by value at random complex numbers, which lie on no branch cut."""
    rng, compared = random.Random(20261127), 0
    for _ in range(600):
        given = tokens(["NAME" if kind == "NUMBER" else kind for kind in expression(rng, 4)])
        at = [complex(rng.uniform(0.5, 1.5), rng.uniform(0.1, 0.5)) for _ in given]
        (equation,) = parsed(given)
        try:
            expected = twin_value(TWIN.parse(given).children[0].children[0], at)
        except OverflowError:
            continue
        found = value(equation.left, {token.text: at[token.at] for token in given})
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)
        compared += 1
    assert compared > 500


@pytest.mark.parametrize(
    ("kinds", "node"),
    [
        ("NAME LPAR NAME LESS NAME COMMA NAME RPAR", Call),
        ("BAR NAME BAR", Call),
        ("LSQB NAME COMMA NUMBER RSQB", Vector),
        ("LPAR NUMBER SLASH NUMBER RPAR", Number),
    ],
)
def test_brackets_become_what_they_are(kinds: str, node: type[Node]):
    assert isinstance(parsed(tokens(kinds.split()))[0].left, node)


def test_brackets_without_end_take_no_recursion():
    deep = tokens(["LPAR"] * 5000 + ["NAME"] + ["RPAR"] * 5000)
    assert isinstance(parsed(deep)[0].left, Name)
