"""Kernels with an unknown coefficient under every ingredient against JAX (benchmarks/ingredients.py: all)."""

from __future__ import annotations

import pytest
from ingredients import INGREDIENTS, OPERATORS, STARTS, TOLERANCE, UNKNOWNS, WIDTHS, difference

pytestmark = pytest.mark.oracle

#: Every ingredient, start and depth, each with another operator.
COVERING = [
    (OPERATORS[2 * k + 1], ingredient, STARTS[k % 3], WIDTHS[(k + 1) % 3], UNKNOWNS[1])
    for k, ingredient in enumerate(INGREDIENTS)
]


@pytest.mark.parametrize("case", COVERING, ids=lambda case: "-".join(case[:3]))
def test_kernels_with_an_unknown_equal_jax(case: tuple) -> None:
    assert difference(*case) <= TOLERANCE
