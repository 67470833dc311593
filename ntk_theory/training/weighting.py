"""Weights λ_g of the groups in the loss, from a word or from numbers.

``sum``: λ_g = 1; ``mean``: λ_g = 1/n_g; ``scaled``: λ_g = 1/(n_g s_g²), s_g the size of the group's operator
(:mod:`ntk_theory.training.scaling`), ``mean`` where there is none; ``trace``: NTK trace ratios,
λ_g = tr K / tr K^{gg}.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.model.blocks import UNIONS, Kernel, KernelGroup

#: A word, or a positive number by group name; "b" and "f" stand for all conditions and all equations.
Weights = str | Mapping[str, float]
#: The weights that ask the kernel, and hence change when they are taken again.
TRACE = "trace"
#: The weights that ask the sizes of the operators.
SCALED = "scaled"
#: Word → λ of a group with n residuals, for those that need to know no more.
_BY_SIZE: Mapping[str, Callable[[int], float]] = {"sum": lambda n: 1.0, "mean": lambda n: 1.0 / n}


def group_weights(
    groups: Sequence[KernelGroup],
    weights: Weights,
    kernel: Callable[[], Kernel] | None = None,
    sizes: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """λ by group name.

    Parameters
    ----------
    groups:
        The groups of the rows.
    weights:
        A word, or positive numbers by name; a group that is not named has λ = 1.
    kernel:
        Gives K where it is asked for; without it ``trace`` is no choice.
    sizes:
        s_g by name, for ``scaled``; 1 for all where it is left out.

    Raises
    ------
    InputError
        An unknown word or group, or a number that is not positive.

    >>> from ntk_theory.symbolic.problem import GroupKind
    >>> groups = [KernelGroup("ends", GroupKind.VALUE, 4), KernelGroup("f", GroupKind.EQUATION, 10)]
    >>> group_weights(groups, "mean"), group_weights(groups, {"b": 100})
    ({'ends': 0.25, 'f': 0.1}, {'ends': 100.0, 'f': 1.0})
    """
    if not isinstance(weights, str):
        return _numbers(groups, weights)
    if weights == TRACE and kernel is not None:
        return dict(kernel().trace_ratio_weights())
    if weights == SCALED:
        found = sizes or {}
        return {group.name: 1.0 / (group.size * found.get(group.name, 1.0) ** 2) for group in groups}
    if weights not in _BY_SIZE:
        known = [*_BY_SIZE, SCALED, *([] if kernel is None else [TRACE])]
        raise InputError(f"weights is {weights!r}; it needs one of {', '.join(known)}, or a mapping")
    return {group.name: _BY_SIZE[weights](group.size) for group in groups}


def _numbers(groups: Sequence[KernelGroup], weights: Mapping[str, float]) -> dict[str, float]:
    names = [group.name for group in groups]
    unknown = [name for name in weights if name not in names and name not in UNIONS]
    if unknown:
        raise InputError(f"weights has the group {unknown[0]!r}; the problem has {', '.join(names)}")
    found = {}
    for group in groups:
        union = next((name for name, kind in UNIONS.items() if group.kind is kind), "")
        value = float(weights.get(group.name, weights.get(union, 1.0)))
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"weights[{group.name!r}] is {value}; it needs a positive number")
        found[group.name] = value
    return found


def rms_of_losses(
    losses: Mapping[str, float], weights: Mapping[str, float], sizes: Mapping[str, int]
) -> dict[str, float]:
    """√(2 L_g/(λ_g n_g)) by group: √mean R_g² where all residuals of a group count alike.

    >>> rms_of_losses({"f": 9.0}, {"f": 0.5}, {"f": 4})
    {'f': 3.0}
    """
    return {name: math.sqrt(2 * loss / (weights[name] * sizes[name])) for name, loss in losses.items()}


def per_residual(groups: Sequence[KernelGroup], by_group: Mapping[str, float]) -> Floats:
    """λ for each of the n residuals, (n,), from λ by group."""
    return np.concatenate([np.full(group.size, float(by_group[group.name])) for group in groups])
