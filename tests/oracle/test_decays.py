"""Eigenvalues of ReLU^k kernels decay by predicted powers of their index; benchmarks/decays.py has all."""

from __future__ import annotations

import pytest
from decays import exponent


@pytest.mark.parametrize(("text", "k", "expected"), [("u", 1, -2.0), ("u_x", 2, -2.0), ("u_x", 3, -4.0)])
def test_powers_of_the_index(text: str, k: int, expected: float) -> None:
    """At indices 20 to 60 of 400 points the exponents are still 1 to 5 % from their limits."""
    found = exponent(text, k, 400, 20, 60)
    assert abs(found - expected) < 0.06 * abs(expected)
