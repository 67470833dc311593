"""Tokens to the surface tree, by a LALR(1) grammar.

Precedence, from weak to strong: ``;``  ``=``  ``+ -``  ``* /``  sign  ``^`` (right associative).
Hence ``-u^2`` is -(u^2) and ``2^3^2`` is 2^9. There is no implicit multiplication, which is also
what makes the bars of ``|u|`` unambiguous: after an operand a bar closes, elsewhere it opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

from lark import Lark, Transformer, v_args
from lark import Token as LarkToken
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from ntk_theory.symbolic.grammar.lexer import Token, tokenize
from ntk_theory.symbolic.grammar.source_text import SourceText
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
    deepest,
)
from ntk_theory.symbolic.limits import MAX_DEPTH, MAX_EQUATIONS

_GRAMMAR = r"""
start: equation (SEMI equation)* SEMI?
equation: sum [EQUAL sum]
?sum: product ((PLUS | MINUS) product)*
?product: signed ((STAR | SLASH) signed)*
?signed: power | PLUS signed -> positive | MINUS signed -> negative
?power: atom [CARET signed]
?atom: NUMBER -> number
     | NAME -> name
     | NAME LPAR argument (COMMA argument)* RPAR -> call
     | LPAR sum RPAR -> bracket
     | LSQB sum (COMMA sum)* RSQB -> vector
     | BAR sum BAR -> absolute
?argument: sum | sum (LESS | MORE | ATMOST | ATLEAST) sum -> comparison
%declare LESS MORE ATMOST ATLEAST
%declare NUMBER NAME PLUS MINUS STAR SLASH CARET LPAR RPAR LSQB RSQB BAR COMMA EQUAL SEMI
"""


class _Ready(Lexer):
    """Hands the parser the tokens that :func:`tokenize` made."""

    def __init__(self, _configuration: Any) -> None:
        pass

    def lex(self, tokens: list[Token]) -> Iterator[LarkToken]:  # type: ignore[override]
        """Our tokens in the parser's dress; ``value`` is the token itself."""
        for token in tokens:
            yield LarkToken(token.kind, token)


@v_args(inline=True)
class _Tree(Transformer[Any, Any]):
    """Builds the surface tree while the parser reduces (no recursion over the text's nesting)."""

    def start(self, *items: Any) -> tuple[Equation, ...]:
        return tuple(item for item in items if isinstance(item, Equation))

    def equation(self, left: Node, sign: Any = None, right: Node | None = None) -> Equation:
        return Equation(left, right, sign.value.at if sign is not None else _start(left))

    def sum(self, first: Node, *rest: Any) -> Node:
        terms = [first]
        for sign, term in zip(rest[::2], rest[1::2], strict=True):
            terms.append(term if sign.type == "PLUS" else _negative(term, sign.value.at))
        return Sum(tuple(terms), _start(first))

    def product(self, first: Node, *rest: Any) -> Node:
        # -(u + 1)*v is one product of three, lest SymPy multiply -1 into the bracket.
        factors: list[Node] = list(first.factors) if isinstance(first, Product) else [first]
        for sign, factor in zip(rest[::2], rest[1::2], strict=True):
            at = sign.value.at
            factors.append(factor if sign.type == "STAR" else _inverse(factor, at))
        if len(rest) == 2 and rest[0].type == "SLASH" and (ratio := _ratio(first, rest[1])) is not None:
            return ratio
        return Product(tuple(factors), _start(first))

    def positive(self, _sign: Any, operand: Node) -> Node:
        return operand

    def negative(self, sign: Any, operand: Node) -> Node:
        return _negative(operand, sign.value.at)

    def power(self, base: Node, sign: Any = None, exponent: Node | None = None) -> Node:
        return base if exponent is None else Power(base, exponent, sign.value.at)

    def number(self, token: Any) -> Node:
        return Number(token.value.value, token.value.at)

    def name(self, token: Any) -> Node:
        return Name(token.value.text, token.value.at)

    def call(self, token: Any, *rest: Any) -> Node:
        return Call(token.value.text, _nodes(rest), token.value.at)

    def comparison(self, left: Node, relation: Any, right: Node) -> Node:
        return Comparison(left, relation.type, right, relation.value.at)

    def bracket(self, _open: Any, inside: Node, _close: Any) -> Node:
        return inside

    def vector(self, opened: Any, *rest: Any) -> Node:
        return Vector(_nodes(rest), opened.value.at)

    def absolute(self, bar: Any, inside: Node, _bar: Any) -> Node:
        return Call("abs", (inside,), bar.value.at)


def _nodes(items: tuple[Any, ...]) -> tuple[Node, ...]:
    return tuple(item for item in items if not isinstance(item, LarkToken))


def _start(node: Node) -> int | None:
    """Where the text of ``node`` begins; a power itself points to its ``^``."""
    while isinstance(node, Power):
        node = node.base
    return node.at


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


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer=_Ready, transformer=_Tree(), maybe_placeholders=False)


def read(source: SourceText) -> tuple[Equation, ...]:
    """The equations of a text as surface trees, nested at most ``MAX_DEPTH`` levels."""
    tokens = tokenize(source)
    try:
        equations: tuple[Equation, ...] = _parser().parse(tokens)  # type: ignore[assignment]
    except UnexpectedToken as problem:
        raise _explain(source, tokens, problem) from None
    if len(equations) > MAX_EQUATIONS:
        raise source.too_large(
            f"the text has {len(equations)} equations; at most {MAX_EQUATIONS} are read", None
        )
    for equation in equations:
        check_depth(source, equation)
    return equations


def check_depth(source: SourceText, equation: Equation) -> None:
    """Refuse a tree that is nested too deep for SymPy's own recursion."""
    for side in (equation.left, equation.right):
        if side is not None and (node := deepest(side, MAX_DEPTH)) is not None:
            raise source.too_large(f"the expression is nested more than {MAX_DEPTH} levels deep", node.at)


_OPERANDS = ("NUMBER", "NAME", "LPAR", "LSQB")
RELATIONS = ("LESS", "MORE", "ATMOST", "ATLEAST")


def _explain(source: SourceText, tokens: list[Token], problem: UnexpectedToken) -> Exception:
    """One sentence on what stands where something else was needed."""
    wants_operand = "NAME" in problem.accepts
    found = problem.token.value if isinstance(problem.token.value, Token) else None
    if found is None:
        return _explain_end(source, tokens, wants_operand)
    index = next(k for k, token in enumerate(tokens) if token is found)
    before = tokens[index - 1] if index else None
    if wants_operand:
        return _explain_operator(source, found, before)
    if found.kind in _OPERANDS and before is not None:
        return _explain_juxtaposed(source, before, found)
    if found.kind == "EQUAL":
        return source.error(
            "a second '=' in one equation", found.at, expected="';' between the equations of a system"
        )
    if found.kind in RELATIONS:
        return source.error(
            f"the comparison {found.text!r} stands outside of piecewise",
            found.at,
            expected="'=' in an equation; comparisons are the tests of piecewise(value, test, otherwise)",
        )
    if found.kind == "COMMA":
        return source.error(
            "a comma stands outside of a function's arguments",
            found.at,
            expected="';' between the equations of a system, or a decimal point",
        )
    return source.error(f"{found.text!r} does not fit here", found.at, expected="an operator such as + or *")


def _explain_end(source: SourceText, tokens: list[Token], wants_operand: bool) -> Exception:
    end = len((source.text or "").rstrip())
    if wants_operand:
        return source.error(
            f"the text ends after {tokens[-1].text!r}", end, expected="a number, a name or an opening bracket"
        )
    bar = next((token for token in reversed(tokens) if token.kind == "BAR"), None)
    if bar is not None:
        return source.error("the bar '|' is never closed", bar.at, expected="a second '|'")
    return source.error("the text ends too early", end)


def _explain_operator(source: SourceText, found: Token, before: Token | None) -> Exception:
    expected = "a number, a name or an opening bracket"
    if before is None:
        return source.error(f"the text begins with {found.text!r}", found.at, expected=expected)
    if before.kind == "LPAR" and found.kind == "RPAR":
        return source.error("the brackets are empty", found.at, expected=expected)
    return source.error(f"{found.text!r} follows {before.text!r}", found.at, expected=expected)


def _explain_juxtaposed(source: SourceText, before: Token, found: Token) -> Exception:
    between = (source.text or "")[before.at : found.at]
    if "\n" in between:
        return source.error(
            f"{found.text!r} begins a new line without an operator",
            found.at,
            expected="an operator such as + or *, or ';' between the equations of a system",
        )
    if before.kind == "NUMBER" and found.kind == "NUMBER":
        return source.error(
            f"two numbers side by side, {before.text} and {found.text}", found.at, expected="an operator"
        )
    closing = "" if found.kind in ("NUMBER", "NAME") else "…"
    opening = "…" if before.kind in ("RPAR", "RSQB", "BAR") else ""
    return source.error(
        "two factors side by side; products are written with *",
        found.at,
        expected="an operator such as + or *",
        suggestion=f"{opening}{before.text}*{found.text}{closing}",
    )
