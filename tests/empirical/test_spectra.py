from __future__ import annotations

import numpy as np
import pytest

from ntk_theory.empirical.spectra import spectra, spectrum, weighted
from ntk_theory.errors import InputError
from ntk_theory.model.blocks import Kernel, KernelGroup
from ntk_theory.symbolic.problem import GroupKind

GROUPS = (KernelGroup("b", GroupKind.VALUE, 3), KernelGroup("f", GroupKind.EQUATION, 2))


def kernel() -> Kernel:
    factor = np.random.default_rng(0).normal(size=(5, 8))
    return Kernel(factor @ factor.T, GROUPS, {"seed": 0})


def test_spectra_of_the_kernel_and_of_its_groups() -> None:
    k = kernel()
    whole, b, f = spectra(k)
    assert (whole.group, b.group, f.group) == (None, "b", "f")
    np.testing.assert_allclose(np.sort(whole.eigenvalues), np.linalg.eigvalsh(k.matrix), rtol=1e-13)
    np.testing.assert_allclose(np.sort(f.eigenvalues), np.linalg.eigvalsh(k.matrix[3:, 3:]), rtol=1e-13)
    assert whole.trace == pytest.approx(b.trace + f.trace)
    assert whole.size == 5
    assert whole.condition_number == pytest.approx(np.linalg.cond(k.matrix))
    assert 1 <= whole.stable_rank <= whole.effective_rank <= 5
    assert whole.largest_learning_rate == pytest.approx(2 / np.linalg.norm(k.matrix, 2))


def test_gradient_descent_turns_unstable_at_the_largest_learning_rate() -> None:
    k = kernel()
    limit = spectrum(k).largest_learning_rate
    for factor, grows in ((0.99, False), (1.01, True)):
        residual = np.ones(5)
        for _ in range(2000):
            residual = residual - factor * limit * k.matrix @ residual
        assert bool(np.linalg.norm(residual) > 1e3) is grows


def test_trace_ratio_weights_balance_the_traces() -> None:
    k = kernel()
    balanced = weighted(k, k.trace_ratio_weights())
    assert balanced.trace("b") == pytest.approx(k.trace())
    assert balanced.trace("f") == pytest.approx(k.trace())
    np.testing.assert_allclose(
        spectrum(k, weights=k.trace_ratio_weights()).eigenvalues, balanced.eigenvalues(), rtol=1e-13
    )
    roots = np.sqrt([2.0, 2.0, 2.0, 5.0, 5.0])
    np.testing.assert_allclose(weighted(k, {"b": 2, "f": 5}).matrix, np.outer(roots, roots) * k.matrix)


def test_the_zero_kernel_has_rank_zero() -> None:
    zero = spectrum(Kernel(np.zeros((5, 5)), GROUPS))
    assert (zero.stable_rank, zero.effective_rank, zero.largest_learning_rate) == (0, 0, float("inf"))


def test_a_group_called_b_among_other_value_groups_is_listed_with_them_only() -> None:
    groups = (KernelGroup("b", GroupKind.VALUE, 3), KernelGroup("left", GroupKind.VALUE, 2))
    assert [s.group for s in spectra(Kernel(np.eye(5), groups))] == [None, "left"]


@pytest.mark.parametrize(
    "weights", [{"b": 1}, {"b": 1, "f": 0}, {"b": 1, "f": 1, "g": 1}, {"b": 1, "f": np.inf}]
)
def test_weights_must_be_positive_and_one_per_group(weights: dict[str, float]) -> None:
    with pytest.raises(InputError, match="weights"):
        weighted(kernel(), weights)
