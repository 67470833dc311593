import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntk_theory.errors import InputError
from ntk_theory.kernels.multiindex import below, closure, total_order

SETS = st.integers(1, 3).flatmap(
    lambda d: st.lists(st.tuples(*[st.integers(0, 3)] * d), min_size=1, max_size=4).map(
        lambda a: closure(a, d)
    )
)


@given(SETS)
def test_closure_is_downward_closed_graded_and_starts_at_zero(index_set):
    assert not any(index_set.indices[0])
    for index in index_set:
        assert all(beta in index_set.position for beta in below(index))
    assert list(index_set.orders) == sorted(index_set.orders)


@given(SETS)
def test_product_table_is_every_splitting(index_set):
    want = {
        (a, index_set.position[beta], index_set.position[gamma])
        for beta, gamma in itertools.product(index_set, repeat=2)
        if (a := index_set.position.get(tuple(x + y for x, y in zip(beta, gamma, strict=True)))) is not None
    }
    assert {tuple(row) for row in index_set.products.tolist()} == want
    assert len(index_set.products) == len(want) == index_set.product_offsets[-1]


@given(SETS)
def test_powers_program_gives_the_powers_of_a_polynomial(index_set):
    rng = np.random.default_rng(0)
    h = rng.standard_normal(index_set.size)
    h[0] = 0.0
    product, p = h.copy(), h.copy()
    for k in range(2, index_set.order + 1):
        full = np.zeros_like(h)
        for a, b, c in index_set.products:
            full[a] += h[b] * product[c]
        q = np.zeros_like(h)
        for _, a, b, c in index_set.powers[index_set.powers[:, 0] == k]:
            q[a] += h[b] * p[c]
        np.testing.assert_allclose(q, full, rtol=1e-13, atol=1e-13)
        product, p = full, q


def test_euler_program_solves_the_exponential():
    index_set = total_order(5, 2)
    rng = np.random.default_rng(1)
    z = rng.standard_normal(index_set.size)
    y = np.zeros_like(z)
    y[0] = math.exp(z[0])
    for a, b, c, _, top, bottom in index_set.euler:
        y[a] += top * z[b] * y[c] / bottom
    rest, term, want = z.copy(), np.eye(1, index_set.size)[0], np.zeros_like(z)
    rest[0] = 0.0
    for k in range(index_set.order + 1):
        want += math.exp(z[0]) * term / math.factorial(k)
        nxt = np.zeros_like(z)
        for a, b, c in index_set.products:
            nxt[a] += rest[b] * term[c]
        term = nxt
    np.testing.assert_allclose(y, want, rtol=1e-12)


def test_factorials_and_units():
    index_set = closure([(2, 1), (0, 3)], 2)
    assert index_set.factorials[index_set.position[2, 1]] == 2
    assert index_set.factorials[index_set.position[0, 3]] == 6
    assert closure([(2, 0)], 2).units.tolist() == [1, -1]
    assert total_order(2, 3).size == math.comb(5, 2)


@pytest.mark.parametrize("bad", [(1,), (1, 2, 3), (-1, 0)])
def test_bad_indices_are_refused(bad):
    with pytest.raises(InputError, match="2 non-negative integers"):
        closure([bad], 2)
