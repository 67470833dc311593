"""Text to the surface tree, and in words what does not fit.

Precedence, from weak to strong: ``;``  ``=``  ``+ -``  ``* /``  sign  ``^`` (right associative).
Hence ``-u^2`` is -(u^2) and ``2^3^2`` is 2^9. There is no implicit multiplication, which is also
what makes the bars of ``|u|`` unambiguous: after an operand a bar closes, elsewhere it opens.
"""

from __future__ import annotations

from ntk_theory.symbolic.grammar.lexer import Token, tokenize
from ntk_theory.symbolic.grammar.parser import RELATIONS, Misfit, parsed
from ntk_theory.symbolic.grammar.source_text import SourceText
from ntk_theory.symbolic.grammar.tree import Equation, deepest
from ntk_theory.symbolic.limits import MAX_DEPTH, MAX_EQUATIONS


def read(source: SourceText) -> tuple[Equation, ...]:
    """The equations of a text as surface trees, nested at most ``MAX_DEPTH`` levels."""
    tokens = tokenize(source)
    try:
        equations = parsed(tokens)
    except Misfit as problem:
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


def _explain(source: SourceText, tokens: list[Token], problem: Misfit) -> Exception:
    """One sentence on what stands where something else was needed."""
    wants_operand, found = problem.wants_operand, problem.token
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
