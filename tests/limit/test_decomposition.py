"""The decomposition of THEORY §6 on 500 networks of width 4096: the law holds, wrong laws are rejected.

Seeds and levels are fixed in advance; under the law each family of tests fails with probability at most
0.01 ((b) and (d) exactly, being permutation tests; (c) up to the normal approximation of a mean of 500).
"""

import numpy as np
import pytest
from limit_evidence import PROBLEMS, S_OFFSET, Evidence
from limit_statistics import holm

from ntk_theory.empirical.ntk import ntk

pytestmark = pytest.mark.statistics
LEVEL = 0.01
EXPONENTS = (0.5, 0.75)


@pytest.fixture(scope="module")
def evidence():
    return {name: Evidence(name) for name in PROBLEMS}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_identity_against_a_kernel_obtained_without_it(evidence, name):
    # Contracted seeds propagate the gradient of the original F backwards and never see T.
    case = evidence[name]
    upper = np.triu_indices(len(case.law.deterministic(1.0)) if case.is_linear else _size(case))
    for s in EXPONENTS:
        scaled, tangent = case.networks
        assembled = case.assembled(case.law, scaled, s, tangent)
        for k in range(3):
            network = type(case.network)(
                case.network.variables,
                case.network.fields,
                case.width,
                s=s,
                input_map=case.network.input_map,
            )
            direct = ntk(
                case.problem, network, network.init(case.start + k), case.points, path="contracted"
            ).matrix[upper]
            assert np.linalg.norm(direct - assembled[k]) <= 1e-12 * np.linalg.norm(direct)


def _size(case):
    return sum(group.size for group in case.law.rows.groups)


def test_b_fields_follow_the_gaussian_law(evidence):
    p = {name: case.field_p_value(case.law) for name, case in evidence.items()}
    assert holm(p, LEVEL) == set(), p


def test_c_tangents_have_the_deterministic_mean(evidence):
    p = {name: case.tangent_p_value(case.law) for name, case in evidence.items()}
    assert holm(p, LEVEL) == set(), p


def test_d_kernels_follow_the_law(evidence):
    p = {(name, s): case.kernel_p_value(case.law, s) for name, case in evidence.items() for s in EXPONENTS}
    assert holm(p, LEVEL) == set(), p


@pytest.mark.parametrize("control", ["operator", "exponent", "activation"])
def test_wrong_laws_are_rejected(evidence, control):
    p = {}
    for name, case in evidence.items():
        for s in EXPONENTS:
            if control == "exponent":
                p[name, s] = case.kernel_p_value(case.law, s, claimed=s + S_OFFSET)
            else:
                wrong = case.wrong_operator if control == "operator" else case.wrong_activation
                p[name, s] = case.kernel_p_value(wrong, s, data=case.law)
    assert holm(p, LEVEL) == set(p), p


def test_b_and_c_reject_a_wrong_activation(evidence):
    for part in ("field_p_value", "tangent_p_value"):
        p = {name: getattr(case, part)(case.wrong_activation) for name, case in evidence.items()}
        assert holm(p, LEVEL) == set(p), p
