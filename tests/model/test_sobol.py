from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from ntk_theory.errors import InputError
from ntk_theory.model.sobol import LARGEST, sobol


def test_the_sequence_is_scipy_s_up_to_order() -> None:
    """SciPy walks the same points in Gray-code order: blocks of 2^m points are equal as sets."""
    for dimension in range(1, LARGEST + 1):
        theirs = qmc.Sobol(dimension, scramble=False).random_base2(10)
        for m in (0, 3, 10):
            ours = sobol(1 << m, dimension)
            np.testing.assert_array_equal(
                ours[np.lexsort(ours.T)], theirs[: 1 << m][np.lexsort(theirs[: 1 << m].T)]
            )


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_scrambling_keeps_the_net(dimension: int) -> None:
    """Every one-dimensional projection of 2^m points has one point per interval of length 2^-m."""
    points = sobol(256, dimension, np.random.default_rng(3))
    for column in points.T:
        assert sorted(np.floor(column * 256)) == list(range(256))
    assert ((points > 0) & (points < 1)).all()


def test_in_two_dimensions_every_elementary_box_has_one_point() -> None:
    points = sobol(64, 2, np.random.default_rng(0))
    for k in range(7):
        boxes = np.floor(points * [1 << k, 1 << (6 - k)])
        assert len(np.unique(boxes, axis=0)) == 64


def test_a_scrambled_point_is_uniform() -> None:
    """The mean over 400 scramblings of each of 4 points: 16 z-scores below 4.5, false alarms 1e-4."""
    rng = np.random.default_rng(1)
    means = np.mean([sobol(4, 4, rng) for _ in range(400)], axis=0)
    z = (means - 0.5) / np.sqrt(1 / 12 / 400)
    assert np.abs(z).max() < 4.5


def test_more_points_extend_fewer() -> None:
    points = sobol(3, 2, np.random.default_rng(5))
    again = sobol(300, 2, np.random.default_rng(5))
    np.testing.assert_array_equal(points, again[:3])


def test_what_there_is_not() -> None:
    with pytest.raises(InputError, match=f"1 to {LARGEST}"):
        sobol(3, LARGEST + 1)
    with pytest.raises(InputError, match=r"2\^32"):
        sobol((1 << 32) + 1, 1)
