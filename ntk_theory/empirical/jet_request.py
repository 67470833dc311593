"""What a computation is asked for: a network, its parameters, points and slots, checked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Bools, Floats, Ints
from ntk_theory.empirical.arena import Arena
from ntk_theory.errors import InputError
from ntk_theory.kernels.multiindex import IndexSet, closure
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.activations import require_smooth
from ntk_theory.symbolic.jets import Slot


@dataclass(frozen=True, eq=False)
class JetRequest:
    """Checked arguments and the tables that follow from the slots.

    Attributes
    ----------
    points:
        Raw points (n, d), float64; of a folded network those on its side of the mirror.
    inputs:
        x̃, the points after the network's input map, or γ(x).
    slots:
        S slots (field, multi-index), in the caller's order.
    arena:
        Where working arrays come from; whoever made the request releases it.
    far:
        (n,) which points come from the other side of a folded network; ``None``: none of them.
    """

    network: Network
    parameters: Parameters
    points: Floats
    inputs: Floats
    slots: tuple[Slot, ...]
    arena: Arena = field(default_factory=Arena)
    far: Bools | None = None

    @cached_property
    def set(self) -> IndexSet:
        """The downward closure I of the slots' multi-indices."""
        return closure((slot.index for slot in self.slots), len(self.network.variables))

    @cached_property
    def positions(self) -> Ints:
        """Position of every slot's multi-index in I, shape (S,)."""
        return np.array([self.set.position[slot.index] for slot in self.slots], dtype=np.int64)

    @cached_property
    def outputs(self) -> Ints:
        """Which field every slot belongs to, shape (S,)."""
        return np.array([self.network.fields.index(slot.field) for slot in self.slots], dtype=np.int64)

    @cached_property
    def factorials(self) -> Floats:
        """α! per slot, shape (S,)."""
        return np.asarray(self.set.factorials[self.positions])

    @cached_property
    def input_jets(self) -> Floats | None:
        """γ_α (A, n, m) of a network with features; ``None`` where x̃ is affine in x."""
        lift = self.network.lift
        return None if lift is None else lift.jets(self.points, self.set)

    def rows(self, start: int, stop: int) -> JetRequest:
        """The same request for the points ``start`` to ``stop``."""
        part = slice(start, stop)
        far = None if self.far is None else self.far[part]
        return replace(self, points=self.points[part], inputs=self.inputs[part], far=far)

    @cached_property
    def signs(self) -> Floats | None:
        """The signs between the jets of a folded network and those of its side, (S, n); ``None``: all 1."""
        fold = self.network.folding
        if fold is None or self.far is None:
            return None
        parities = fold.parities(self.slots, self.network.variables, self.network.fields)
        return np.where(self.far, parities[:, None], 1.0)


def jet_request(
    network: Network,
    parameters: Parameters,
    points: ArrayLike,
    slots: Iterable[Slot],
    *,
    kernel: bool = True,
    folds: bool = False,
) -> JetRequest:
    """Check the arguments; ``kernel`` asks for one derivative of φ more (∂/∂θ).

    ``folds`` says that the caller heeds :attr:`JetRequest.signs`; else a folded network takes points of its
    own side only.

    Raises
    ------
    InputError
        for points of the wrong shape, none at all or not finite, parameters of another shape than the
        network's, a slot of a field or a variable that the network lacks; a point beyond a fold.
    SmoothnessError
        for an activation with too few derivatives.
    """
    network.check(parameters)
    checked = tuple(slots)
    _check_slots(network, checked)
    require_smooth(network.phi, max(slot.order for slot in checked), extra=int(kernel))
    array = check_points(points, len(network.variables))
    far = None
    if network.folding is not None:
        array, beyond = network.folding.onto(array, network.variables)
        far = beyond if beyond.any() else None
        if far is not None and not folds:
            row = int(np.argmax(beyond))
            raise InputError(
                f"points row {row} lies beyond the mirror of a network that is {network.folding}, which is "
                "not supported here; give points on its side"
            )
    return JetRequest(network, parameters, array, network.inputs(array), checked, far=far)


def check_points(points: ArrayLike, dimension: int) -> Floats:
    """Points as a C-ordered float64 array (n, d)."""
    try:
        array = np.ascontiguousarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"points is not an array of real numbers ({error}); give shape (n, {dimension})"
        ) from None
    if array.ndim != 2 or array.shape[1] != dimension:
        raise InputError(
            f"points has shape {array.shape}; it needs (n, {dimension}), one column per variable"
        )
    if not len(array):
        raise InputError(f"points has no rows; it needs at least one point, shape (n, {dimension})")
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0, 0])
        raise InputError(f"points row {row} is {array[row].tolist()}; it needs finite numbers")
    return array


def _check_slots(network: Network, slots: tuple[Slot, ...]) -> None:
    if not slots:
        raise InputError("slots is empty; it needs at least one slot (field, multi-index)")
    for slot in slots:
        if slot.field not in network.fields:
            raise InputError(f"slots has the field {slot.field!r}; the network has {network.fields}")
        if len(slot.index) != len(network.variables) or min(slot.index) < 0:
            raise InputError(
                f"slots has the multi-index {slot.index}; it needs {len(network.variables)} non-negative "
                f"orders, one per variable of {network.variables}"
            )
    if len(set(slots)) != len(slots):
        raise InputError(f"slots repeats {next(s for s in slots if slots.count(s) > 1)}; name each slot once")
