"""The closed grammar: text (or a SymPy expression) to exact expressions on a jet space.

Text is tokenised, parsed by a LALR grammar into our own tree, bounded there, and only then built as
SymPy, bottom-up; nothing is ever evaluated as code. ``render`` prints an expression in the grammar.
"""

from ntk_theory.symbolic.grammar.reader import Parsed, exact_values, from_sympy, parse_scalar, parse_text
from ntk_theory.symbolic.grammar.render import render

__all__ = ["Parsed", "exact_values", "from_sympy", "parse_scalar", "parse_text", "render"]
