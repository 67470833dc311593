"""The bounds that keep every answer quick. All are checked before SymPy sees anything.

They are generous for partial differential equations (the longest text of the zoo has about a
hundred characters) and chosen so that expanding the largest expression that passes stays well
below a second on one core.
"""

from __future__ import annotations

#: Characters of a text.
MAX_LENGTH = 20_000
#: Letters of one name (``u_xxx`` is one name).
MAX_NAME = 60
#: Levels of brackets, and levels of the tree (a sum of products of powers has three).
MAX_DEPTH = 48
#: Digits of one number, counted after the decimal exponent is applied.
MAX_DIGITS = 100
#: Digits of any coefficient after expansion.
MAX_COEFFICIENT_DIGITS = 600
#: Numerator of an exponent, and denominator of a fractional one.
MAX_EXPONENT = 64
MAX_ROOT = 1000
#: Order of a derivative.
MAX_ORDER = 12
#: Terms of one equation after expansion.
MAX_TERMS = 500
#: Nodes of one equation after expansion.
MAX_SIZE = 20_000
#: Nodes of an expression on which a total derivative acts, and of its result.
MAX_OPERATIONS = 3_000
#: Nodes handled by all total derivatives of one text together.
MAX_WORK = 60_000
#: Fields, and variables, of one problem.
MAX_NAMES = 16
#: Arguments of max and min, branches of piecewise.
MAX_BRANCHES = 16
#: Constraint groups (equations and conditions) of one problem.
MAX_GROUPS = 250
#: Equations of one system.
MAX_EQUATIONS = 32
#: A constant's size lies between 1/MAX_CONSTANT and MAX_CONSTANT, or it is 0.
MAX_CONSTANT = 1e100
#: Nodes of a SymPy expression that is handed in.
MAX_SYMPY_NODES = 5_000
