"""The jet NTK T of a finite network: the kernel of every operator and every s at once.

With Δ^l_γ the Taylor coefficients of backprop ∂Sⁱ/∂z^l and H^l_β those of the input of layer l
(H¹ = x̃, Hˡ⁺¹ = hˡ/√N_l), ∂S_α/∂Wˡ = Σ_{β≤α} Δ_{α−β} ⊗ H_β, hence [D]

    T_αα' = α! α'! { Σ_l Σ_{β≤α, β'≤α'} (Δ_{α−β} Δ_{α'−β'}ᵀ) ∘ (H_β H_β'ᵀ + [β = β' = 0]) + readout },

one backward pass per output and two symmetric products per layer; no Jacobian is formed.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical.cost import Cost, cost_of
from ntk_theory.empirical.jet_request import JetRequest, jet_request
from ntk_theory.empirical.jets import finite, finite_kernel, jets_of, read_out
from ntk_theory.empirical.passes import Layers
from ntk_theory.empirical.sweep import fill, forward_tiles
from ntk_theory.errors import InputError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.progress import Hook, hook_or_bar
from ntk_theory.symbolic.jets import Slot


def jet_ntk(
    network: Network,
    parameters: Parameters,
    points: ArrayLike,
    slots: Iterable[Slot],
    *,
    memory_limit: float | None = None,
    point_tile: int | None = None,
    neuron_tile: int | None = None,
    progress: Hook | None = None,
) -> Floats:
    """T_{(i,α),(j,β)}(x,x') = Σ_{θ≠c} η_θ ∂_θSⁱ_α(x) ∂_θSʲ_β(x'), shape (slots, n, slots, n).

    True derivatives, without ε² and without the bias term (THEORY §3); η are the ``layer_rates``,
    ones by default. S is free of s, so T is too.

    Parameters
    ----------
    network, parameters, points, slots:
        Points (n, d) in raw variables; slots in any order, each once.
    memory_limit:
        Bytes for the result and all that it takes; default three quarters of the machine's memory.
    point_tile, neuron_tile:
        Sizes of tiles, chosen when absent; results agree to rounding for any of them.
    progress:
        Called with the fraction done; by default a bar is shown on a terminal for runs of a few seconds.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.
    NonFiniteError
        A value overflows or is undefined.
    """
    ask = jet_request(network, parameters, points, slots)
    way = cost_of(
        ask, contracted=False, memory_limit=memory_limit, point_tile=point_tile, neuron_tile=neuron_tile
    )
    with hook_or_bar(progress, way.seconds) as report:
        return true_derivatives(fill(ask, way, progress=report), ask)


def jets_and_ntk(
    network: Network,
    parameters: Parameters,
    points: ArrayLike,
    slots: Iterable[Slot],
    *,
    memory_limit: float | None = None,
    progress: Hook | None = None,
) -> tuple[Floats, Floats]:
    """(S, T) from one forward pass: all that the kernels of any operators and any s are made of.

    S as :func:`ntk_theory.empirical.jets.scaled_jets` (slots, n), T as :func:`jet_ntk`;
    ``network``, ``parameters``, ``points``, ``slots``, ``memory_limit`` and ``progress`` as there.
    """
    ask = jet_request(network, parameters, points, slots)
    way = cost_of(ask, contracted=False, memory_limit=memory_limit)
    scaled, passed = jets_once(ask, way)
    with hook_or_bar(progress, way.seconds) as report:
        out = fill(ask, way, progress=report, passed=passed)
    ask.arena.release()
    return finite(scaled, ask, "the scaled jet value"), true_derivatives(out, ask)


def jets_once(ask: JetRequest, way: Cost) -> tuple[Floats, list[Layers] | None]:
    """S at all points and, where memory allows keeping it (depth ≥ 2), the forward pass behind it.

    The layers live in the request's arena: release it when they are done with.
    """
    if len(ask.network.widths) == 1 or not way.keeps:
        return jets_of(ask), None
    passed = forward_tiles(ask, way)
    scaled = [read_out(ask, layers[-1].values, slice(None)) for layers in passed]
    return np.concatenate(scaled, axis=1), passed


def true_derivatives(out: Floats, ask: JetRequest) -> Floats:
    """T (slots, n, slots, n) from its Taylor normalisation (S·n, S·n), in place: times α! α'!."""
    n, S = len(ask.points), len(ask.slots)
    scale = np.repeat(ask.factorials, n)
    out *= scale[:, None]
    out *= scale
    return finite_kernel(out, ask, "the jet NTK").reshape(S, n, S, n)


def contracted_ntk(
    network: Network,
    parameters: Parameters,
    points: ArrayLike,
    slots: Iterable[Slot],
    weights: ArrayLike,
    *,
    memory_limit: float | None = None,
    point_tile: int | None = None,
    neuron_tile: int | None = None,
    progress: Hook | None = None,
) -> Floats:
    """K(x,x') = Σ_{ab} w_a(x) T_{ab}(x,x') w_b(x'), shape (n, n), by contracted seeds.

    Row x is the gradient of Σ_a w_a(x) S_a(x) with w held fixed, propagated back as one scalar: T is not
    formed, so that this checks :func:`jet_ntk`, and costs less for one operator with many points at depth 1.

    Parameters
    ----------
    network, parameters, points, slots:
        As for :func:`jet_ntk`.
    weights:
        (slots, n): for the kernel of an operator, w = F_α at the points' jets.
    memory_limit, point_tile, neuron_tile, progress:
        As for :func:`jet_ntk`.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.
    NonFiniteError
        A value overflows or is undefined.
    """
    ask = jet_request(network, parameters, points, slots)
    rows = np.ascontiguousarray(weights, dtype=np.float64)
    if rows.shape != (len(ask.slots), len(ask.points)):
        raise InputError(
            f"weights has shape {rows.shape}; it needs {(len(ask.slots), len(ask.points))}, (slots, points)"
        )
    finite(rows, ask, "the weight")
    way = cost_of(
        ask, contracted=True, memory_limit=memory_limit, point_tile=point_tile, neuron_tile=neuron_tile
    )
    with hook_or_bar(progress, way.seconds) as report:
        out = fill(ask, way, rows, report)
    return finite_kernel(out, ask, "the contracted kernel")
