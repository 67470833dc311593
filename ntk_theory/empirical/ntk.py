"""The neural tangent kernel of a problem for a finite network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.empirical.cost import Cost, Route, Sizes, choose
from ntk_theory.empirical.jet_ntk import jets_and_ntk, jets_once, true_derivatives
from ntk_theory.empirical.jet_request import JetRequest, jet_request
from ntk_theory.empirical.jets import network_jets
from ntk_theory.empirical.passes import Layers
from ntk_theory.empirical.residuals import on_own_side
from ntk_theory.empirical.sweep import fill
from ntk_theory.model.assembly import (
    Rows,
    assemble,
    assemble_contracted,
    linearise,
    stack_rows,
    with_unknowns,
)
from ntk_theory.model.assembly import network_jets as assembly_jets
from ntk_theory.model.blocks import Kernel
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network, check_match
from ntk_theory.model.parameters import Parameters
from ntk_theory.model.points import draw_points
from ntk_theory.progress import Hook, hook_or_bar
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem


def ntk(
    problem: Problem | Operator | str,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike] | None = None,
    *,
    groups: str | Iterable[str] | None = None,
    path: Route = "auto",
    memory_limit: float | None = None,
    progress: Hook | None = None,
) -> Kernel:
    """K^{gh}(x,x') = Σ_θ η_θ ∂_θR_g(x) ∂_θR_h(x') over all trained parameters, in named blocks.

    Parameters
    ----------
    network, parameters:
        See :class:`Network`; parameters may come from anywhere.
    problem:
        A problem, operator, zoo name or expression; its variables and fields must be the network's, in the
        same order.
    points:
        Group → (n, d), or (n, 2, d) for a group with two legs; omitted: 16 per group, drawn with seed 0.
    groups:
        Only the blocks of these groups: names, or one name; "b" stands for all value groups, "f" for all
        equations. Default: all.
    path:
        ``jet`` assembles K from the jet NTK, ``contracted`` propagates the gradient of F back; ``auto``
        takes the one with fewer operations.
    memory_limit, progress:
        As for :func:`ntk_theory.empirical.jet_ntk.jet_ntk`.

    Raises
    ------
    InputError
        Arguments that do not fit together; the message names the argument and what it needs.
    SmoothnessError
        The activation lacks a derivative that is asked for.
    ResourceError
        It does not fit into this machine's memory, or into the limit that was given.
    NonFiniteError
        naming group and point where a residual or a derivative of F overflows.
    """
    rows = _rows(problem, network, points, groups)
    ask = jet_request(network, parameters, rows.points, rows.slots, folds=True)
    way = choose(Sizes.of(ask), path, memory_limit)
    metadata = _metadata(network, "contracted" if way.contracted else "jet")
    scaled, passed = jets_once(ask, way)
    rows = rows.at(parameters.unknowns)
    here = on_own_side(linearise(rows, network_jets(ask, scaled)), ask)
    return with_unknowns(_kernel(rows, ask, way, here.weights, passed, progress, metadata), rows, here)


def _kernel(
    rows: Rows,
    ask: JetRequest,
    way: Cost,
    weights: Floats,
    passed: list[Layers] | None,
    progress: Hook | None,
    metadata: Mapping[str, object],
) -> Kernel:
    epsilon, rate = ask.network.epsilon, ask.parameters.output_bias_rate
    with hook_or_bar(progress, way.seconds) as report:
        if way.contracted:
            block = fill(ask, way, weights, report, passed)
            ask.arena.release()
            return assemble_contracted(rows, weights, block, epsilon, rate, metadata=metadata)
        out = fill(ask, way, None, report, passed)
        ask.arena.release()
    return assemble(rows, weights, true_derivatives(out, ask), epsilon, rate, metadata=metadata)


def ntk_for_exponents(
    problem: Problem | Operator | str,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, ArrayLike] | None,
    exponents: Iterable[Fraction | str | int | float],
    *,
    memory_limit: float | None = None,
    progress: Hook | None = None,
) -> tuple[Kernel, ...]:
    """The kernels for several s from one jet NTK: neither S nor T depends on s (THEORY §3).

    Parameters
    ----------
    exponents:
        Values of s; that of ``network`` is not used, and the parameters may have been made for any.
    problem, network, parameters, points, memory_limit, progress:
        As for :func:`ntk`.
    """
    rows = _rows(problem, network, points).at(parameters.unknowns)
    networks = [replace(network, s=s) for s in exponents]
    scaled, T = jets_and_ntk(
        network, parameters.for_s(None), rows.points, rows.slots, memory_limit=memory_limit, progress=progress
    )
    kernels = []
    for here in networks:
        u = assembly_jets(rows, scaled, here.epsilon, parameters.output_bias)
        found = linearise(rows, u)
        rate = parameters.output_bias_rate
        kernel = assemble(rows, found.weights, T, here.epsilon, rate, metadata=_metadata(here, "jet"))
        kernels.append(with_unknowns(kernel, rows, found))
    return tuple(kernels)


def _rows(
    problem: Problem | Operator | str,
    network: Network,
    points: Mapping[str, ArrayLike] | None,
    groups: str | Iterable[str] | None = None,
) -> Rows:
    """The stacked points of whatever names a problem."""
    asked = as_problem(problem)
    check_match(asked, network)
    given = draw_points(asked, groups=groups) if points is None else points
    return stack_rows(lower_problem(asked, trained=True).only(groups), given)


def _metadata(network: Network, route: str) -> dict[str, object]:
    return {
        "path": route,
        "widths": list(network.widths),
        "s": str(network.exponent),
        "activation": network.activation,
        "output_bias": network.output_bias,
    }
