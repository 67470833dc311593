"""Jets of finite networks at three points of the plane, as samples for comparison with the limit law."""

from __future__ import annotations

import numpy as np

from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import scaled_jets
from ntk_theory.symbolic.jets import Slot

INDICES = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1))
SLOTS = tuple(Slot("u", index) for index in INDICES)
POINTS = np.array([[0.3, -0.7], [-0.9, 0.4], [0.8, 0.6]])
SIZE = len(INDICES) * len(POINTS)
UPPER = np.triu_indices(SIZE)


def upper(array):
    """The entries on and above the diagonal of (A, n, A, n), or of (A n)²."""
    return np.asarray(array).reshape(SIZE, SIZE)[UPPER]


def jet_ntks(net, seeds):
    """T_N of ``seeds`` networks, their upper entries: (seeds, entries)."""
    return np.array([upper(jet_ntk(net, net.init(seed), POINTS, SLOTS)) for seed in range(seeds)])


def jet_products(net, seeds):
    """S_α(x) S_β(x') of ``seeds`` networks, whose mean is the covariance: (seeds, entries)."""
    fields = np.array([scaled_jets(net, net.init(seed), POINTS, SLOTS).reshape(-1) for seed in range(seeds)])
    return fields[:, UPPER[0]] * fields[:, UPPER[1]]
