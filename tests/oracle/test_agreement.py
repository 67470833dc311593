"""Both fast paths against JAX and the slow reference: every problem of the zoo at one depth each.

benchmarks/agreement.py runs the same comparison at all depths; its result is committed. Without JAX this
file cannot be imported, and that is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import agreement
import numpy as np
import pytest
from agreement import DEPTHS, PAIRS, TOLERANCE, Case
from peers_jax import VARIANTS, JaxPeer

import ntk_theory as nt
from ntk_theory.empirical.jet_ntk import jet_ntk
from ntk_theory.empirical.jets import jets
from ntk_theory.empirical.ntk import ntk
from ntk_theory.empirical.reference import reference_jets
from ntk_theory.model.assembly import assemble, linearise, stack_rows
from ntk_theory.model.lowering import lower_problem
from ntk_theory.model.network import Network
from ntk_theory.model.points import draw_points

pytestmark = pytest.mark.oracle

ALL = tuple(agreement.cases())


def covering() -> Iterator[Case]:
    """Problem number k at depth number k mod 3; where JAX compiles for long, at depth 1 or 2, by jets."""
    for k, name in enumerate(nt.zoo_names()):
        problem = nt.zoo(name)
        order = max(slot.order for group in problem.groups for leg in group.legs for slot in leg.slots)
        long = order >= LONG_ORDER or len(problem.fields) > 1
        own = ALL[len(DEPTHS) * k : len(DEPTHS) * (k + 1)]
        quick = [case for case in own[:2] if case.variant == "jet"] if long else []
        yield quick[0] if quick else own[k % 3 if k % 3 < 2 or not long else k // 3 % 2]


#: At depth 4 JAX takes up to half a minute for an operator of this order.
LONG_ORDER = 4
COVERING = tuple(covering())


def test_the_covering_subset_covers() -> None:
    assert {case.problem for case in COVERING} == set(nt.zoo_names())
    assert {(case.output_bias, case.activation) for case in COVERING} == set(PAIRS)
    assert {case.depth for case in COVERING} == set(DEPTHS)
    assert {case.variant for case in COVERING} == set(VARIANTS)
    assert {(case.mapped, case.s) for case in COVERING} >= {
        (m, s) for m in (True, False) for s in ("1/2", "3/4")
    }


def test_all_cases_see_every_pair_at_every_depth() -> None:
    for depth in DEPTHS:
        assert {(c.output_bias, c.activation) for c in ALL if c.depth == depth} == set(PAIRS)


@pytest.mark.parametrize("case", COVERING, ids=lambda case: case.label.replace(" ", "-"))
def test_fast_kernels_agree_with_both_oracles(case: Case) -> None:
    result = agreement.compare(case)
    for fast in ("jet", "contracted"):
        for oracle in ("reference", "jax"):
            assert result[f"{fast} - {oracle}"] <= TOLERANCE
        assert result[f"{fast} - reference, worst block"] <= TOLERANCE
    assert result["agrees"]


def test_a_wrong_kernel_would_be_seen() -> None:
    """Negative control: another s, output bias or parameter is far outside the tolerance."""
    given = agreement.setting(Case("kdv", 2, "zero", "tanh", "1/2", True))
    right = JaxPeer(given.problem, given.network).kernel(given.parameters, given.points)
    wrong_s = replace(given.network, s="0.5001")
    same = given.parameters.for_s("0.5001")
    assert agreement.difference(ntk(given.problem, wrong_s, same, given.points).matrix, right) > 1e-5
    moved = given.parameters.flatten()
    moved[3] += 1e-6
    other = ntk(given.problem, given.network, given.parameters.replaced(moved), given.points).matrix
    assert agreement.difference(other, right) > 1e3 * TOLERANCE
    without = replace(given.network, output_bias="none")
    bare = replace(given.parameters, output_bias=None)
    assert agreement.difference(ntk(given.problem, without, bare, given.points).matrix, right) > 1e-3


@pytest.mark.parametrize(("name", "width", "depth"), [("kdv", (40, 33), 2), ("brusselator", (24, 40, 17), 3)])
def test_wider_networks_agree_with_jax(name: str, width: tuple[int, ...], depth: int) -> None:
    problem = nt.zoo(name)
    bounds = {v: (float(a), float(b)) for v, (a, b) in problem.domain.items()}
    network = Network(problem.variables, problem.fields, width, depth, "3/4", input_map=bounds)
    parameters, points = network.init(seed=11), draw_points(problem, 9, seed=2)
    wanted = JaxPeer(problem, network, "jet").kernel(parameters, points)
    for path in ("jet", "contracted"):
        found = ntk(problem, network, parameters, points, path=path).matrix
        assert agreement.difference(found, wanted) <= TOLERANCE


def test_the_pieces_compose_by_hand_to_the_same_kernel() -> None:
    """jets, jet NTK and assembly as a user may call them, one after the other."""
    given = agreement.setting(Case("sine-gordon", 2, "normal", "tanh", "2/5", False))
    rows = stack_rows(lower_problem(given.problem), given.points)
    arguments = (given.network, given.parameters, rows.points, rows.slots)
    values = jets(*arguments)
    wanted = reference_jets(*arguments)
    np.testing.assert_allclose(values, wanted, rtol=1e-11, atol=1e-12 * np.abs(wanted).max())
    weights = linearise(rows, values).weights
    kernel = assemble(
        rows, weights, jet_ntk(*arguments), given.network.epsilon, given.parameters.output_bias_rate
    )
    peer = JaxPeer(given.problem, given.network).kernel(given.parameters, given.points)
    assert agreement.difference(kernel.matrix, peer) <= TOLERANCE


def test_layer_rates_weigh_the_blocks_of_the_kernel() -> None:
    given = agreement.setting(Case("nonlinear-schroedinger", 2, "normal", "tanh", "1/2", True))
    rates = (0.5, 0.0, 3.0, 1.5, 0.25, 2.0)
    parameters = replace(given.parameters, layer_rates=rates)
    wanted = JaxPeer(given.problem, given.network).kernel(parameters, given.points)
    for path in ("jet", "contracted"):
        found = ntk(given.problem, given.network, parameters, given.points, path=path).matrix
        assert agreement.difference(found, wanted) <= TOLERANCE
    plain = ntk(given.problem, given.network, given.parameters, given.points).matrix
    assert agreement.difference(plain, wanted) > 0.1
