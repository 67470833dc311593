"""Hypothesis strategies for random operators, shared by all property tests."""

from __future__ import annotations

from hypothesis import strategies as st

SLOTS = ("u", "u_x", "u_t", "u_xx", "u_xt", "u_xxx")
COEFFICIENTS = ("1", "-1", "2", "-3", "1/2", "5/3", "x", "(1 + x^2)", "sin(x)")

_powers = st.sampled_from(("{0}", "{0}", "{0}", "{0}^2", "{0}^3"))
_composed = st.sampled_from(
    (
        "|{0}|^(1/2)",
        "|{0}|^(3/2)",
        "|{0}|",
        "sin({0})",
        "cos({0})",
        "tanh({0})",
        "1/(1 + {0}^2)",
        "sqrt(1 + {0}^2)",
        "exp(-{0}^2)",
        "log(1 + {0}^2)",
    )
)


@st.composite
def monomials(draw, slots=SLOTS, polynomial=True):
    """One term: a coefficient times one to three factors."""
    factors = [draw(st.sampled_from(COEFFICIENTS))]
    for _ in range(draw(st.integers(1, 3))):
        template = draw(_powers if polynomial else st.one_of(_powers, _composed))
        factors.append(template.format(draw(st.sampled_from(slots))))
    return "*".join(factors)


@st.composite
def operators(draw, max_terms=4, polynomial=None, slots=SLOTS):
    """The text of a random operator of order at most 3 in one field over x and t."""
    kind = draw(st.booleans()) if polynomial is None else polynomial
    count = draw(st.integers(1, max_terms))
    return " + ".join(draw(monomials(slots=slots, polynomial=kind)) for _ in range(count))
