"""Kernels of ansatz, features, starts and unknowns against JAX (all cases: benchmarks/ingredients.py)."""

from __future__ import annotations

import itertools

import pytest
from ingredients import INGREDIENTS, OPERATORS, STARTS, TOLERANCE, UNKNOWNS, WIDTHS, difference

pytestmark = pytest.mark.oracle

#: Any two of ingredient, start, depth and unknown meet in every way; every operator has its turn.
COVERING = [
    (OPERATORS[(3 * i + j) % 10], INGREDIENTS[i], STARTS[j], WIDTHS[(i + j) % 3], UNKNOWNS[(i + 2 * j) % 3])
    for i, j in itertools.product(range(4), range(3))
]


def test_the_covering_meets_in_every_pair() -> None:
    axes = (INGREDIENTS, STARTS, WIDTHS, UNKNOWNS)
    for a, b in itertools.combinations(range(4), 2):
        pairs = {(case[1 + a], case[1 + b]) for case in COVERING}
        assert pairs == set(itertools.product(axes[a], axes[b]))
    assert {case[0] for case in COVERING} == set(OPERATORS)


@pytest.mark.parametrize("case", COVERING, ids=lambda case: "-".join((*case[:3], case[4])))
def test_kernels_equal_jax(case: tuple) -> None:
    assert difference(*case) <= TOLERANCE
