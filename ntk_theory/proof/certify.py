"""``certify``: chooses points, parameters and intervals in floating point; the checker proves.

What is claimed is computed without ball arithmetic and without the checker: determinants by mpmath, entries
of T∞ by this package's own limit, c(t) by SciPy. A claim that is wrong is one that is rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.errors import InputError
from ntk_theory.model.points import check_points, draw_points
from ntk_theory.proof.asked import Asked
from ntk_theory.proof.certificate import Certificate, check
from ntk_theory.proof.classified import classification
from ntk_theory.proof.definite import positive_definite
from ntk_theory.proof.entries import nonzero, vanishing
from ntk_theory.proof.moves import drift
from ntk_theory.proof.rows import setting_of
from ntk_theory.symbolic.reading import problem as as_problem

#: Points per group where none are given; drawn ones are multiples of one over the second.
POINTS, GRID = 12, 1024
#: What can be certified.
KINDS: dict[str, Callable[[Asked], Certificate]] = {
    "positive-definite": positive_definite,
    "nonzero": nonzero,
    "vanishing": vanishing,
    "drift": drift,
    "classification": classification,
}


def certify(
    problem: Any,
    what: str = "positive-definite",
    *,
    groups: str | None = None,
    points: Mapping[str, ArrayLike] | int = POINTS,
    seed: int = 0,
    activation: str = "tanh",
    input_map: Any = None,
    time: object = None,
    least: object = None,
    output_bias: str = "zero",
) -> Certificate:
    """A statement about infinitely wide networks, with all that a stranger's program needs to prove it.

    Parameters
    ----------
    problem:
        A Problem, or what :func:`ntk_theory.problem` takes. Operators are linear, with coefficients that are
        polynomials with rational numbers; for a drift, polynomials of u, sin u and cos u at constants.
    what:
        ``positive-definite``: λ_min(K∞) > 0 at the points, s = 1/2, one hidden layer.
        ``nonzero``: the entry of T∞ of two groups at one point is not 0, one hidden layer.
        ``vanishing``: T∞ of two groups is 0 everywhere, for every activation and depth.
        ``classification``: what the blocks of K do for every s, of one field and polynomial groups.
        ``drift``: for s > 1/2 the limiting kernel moves by more than a number, c(0) = 0 trained.
    groups:
        "g,h" for two groups, "g" for one; default all, of a drift the equations.
    points, seed:
        Points by group, or how many to draw, and the root of the draw. They enter exactly as they are, drawn
        ones rounded to multiples of 1/1024.
    activation:
        ``tanh`` or ``sin``.
    input_map:
        ``None`` or ``"domain"``, onto [-1, 1].
    time:
        Of a drift, in raw time of L = ½ΣR²; default: up to 1, where it is largest.
    least:
        The number that a drift is above; default half of what it is.
    output_bias:
        Of a classification: ``zero`` or ``none``.

    Returns
    -------
    Certificate
        It passed :func:`ntk_theory.check`.

    Raises
    ------
    InputError
        What is asked for is not provable in this way, or not true; the message says what is in the way.
    """
    if what not in KINDS:
        raise InputError(f"what is {what!r}; it needs one of {', '.join(KINDS)}")
    bound = as_problem(problem).bind()
    names = tuple(part.strip() for part in groups.split(",")) if groups else ()
    for name in names:
        if name not in (known := [g.name for g in bound.groups]):
            raise InputError(f"groups has {name!r}; the groups are {', '.join(known)}")
    given = (
        check_points(bound, points)
        if isinstance(points, Mapping)
        else {name: np.round(p * GRID) / GRID for name, p in draw_points(bound, points, seed).items()}
    )
    setting = {"activation": activation, **setting_of(bound, input_map)}
    made = KINDS[what](Asked(bound, setting, names, given, seed, time, least, output_bias, input_map))
    check(made)
    return made
