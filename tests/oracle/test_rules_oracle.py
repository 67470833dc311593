"""``classify`` against an oracle that evaluates the exact identity and shares nothing with the rules.

benchmarks/oracle.py runs the same comparison on any number of operators.
"""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp, mpf
from rules_oracle.answers import answers
from rules_oracle.compare import EXPONENTS, WRONG, Comparison, compare
from rules_oracle.growth import read
from rules_oracle.kinds import KINDS, SLOTS, U, V, X, at, box, exp, members, square
from rules_oracle.neuron import jet_ntk
from rules_oracle.plants import PLANTS
from rules_oracle.problems import OracleProblem, Row
from rules_oracle.random_problems import Maker, random_problem
from rules_oracle.refusals import FLUXES, KINKS, is_too_rough, jumps, refuses
from rules_oracle.respell import respell
from rules_oracle.tree import Node, Program, UndefinedError, add, call, minus, mul, negate, power, text

import ntk_theory as nt

pytestmark = pytest.mark.oracle

HALF = Fraction(1, 2)
UX, UT, UXX = SLOTS[0], SLOTS[1], SLOTS[2]


# The oracle itself ------------------------------------------------------------------------------------


def jets_of(program: Program, rng: random.Random) -> dict:
    return {slot: mpf(rng.gauss(0, 1)) for slot in program.slots}


def value(node: Node, point: dict, jets: dict) -> mpf:
    """The value of a tree, by a product with a slot of slope one: F = ∂(F·w)/∂w."""
    marked = ("w", (0, 0))
    gradient = Program.of(mul(("jet", *marked), node)).gradient(point, {**jets, marked: mpf(1)._mpf_})
    return mp.make_mpf(gradient[marked])


@pytest.mark.parametrize("seed", range(12))
def test_gradients_are_difference_quotients(seed: int) -> None:
    maker = Maker(seed)
    node = maker.operator(2)
    program = Program.of(node)
    with mp.workdps(60):
        point = {"x": mpf("0.37")._mpf_, "t": mpf("0.61")._mpf_}
        jets = jets_of(program, maker.rng)
        raw = {slot: v._mpf_ for slot, v in jets.items()}
        try:
            gradient = program.gradient(point, raw)
        except UndefinedError:
            pytest.fail("a positive x leaves these operators defined")
        for slot, found in gradient.items():
            step = mpf(10) ** -20
            ends = [value(node, point, {**raw, slot: (jets[slot] + d)._mpf_}) for d in (step, -step)]
            assert abs((ends[0] - ends[1]) / (2 * step) - mp.make_mpf(found)) < mpf(10) ** -25 * (
                1 + abs(mp.make_mpf(found))
            )


def test_the_neuron_agrees_with_the_limit_law() -> None:
    """Quadrature over one neuron against the package's recursion, at a face, a corner and between them."""
    points = np.array([[0.0, 0.4], [0.0, -0.7], [1.0, 1.0]])
    network = nt.Network(("x", "t"), ("u",), width=8, depth=1)
    law = nt.limit_law("u + u_x + u_t + u_xx + u_xt", network, {"b": points[:1], "f": points})
    indices = [slot.index for slot in law.slots]
    for i, y in enumerate(points):
        for j, other in enumerate(points):
            theirs = law.jet_ntk[:, 1 + i, :, 1 + j]
            np.testing.assert_allclose(jet_ntk(y, other, indices), theirs, atol=1e-7 * np.abs(theirs).max())


@pytest.mark.parametrize("seed", range(30))
def test_respelling_keeps_the_function(seed: int) -> None:
    maker = Maker(1000 + seed)
    node = maker.operator(2)
    other = respell(node, maker.rng)
    with mp.workdps(60):
        point = {"x": mpf("0.37")._mpf_, "t": mpf("0.61")._mpf_}
        jets = {k: (v / 4)._mpf_ for k, v in jets_of(Program.of(node), maker.rng).items()}
        one, two = (value(n, point, jets) for n in (node, other))
        assert abs(one - two) < mpf(10) ** -40 * (1 + abs(one))


@pytest.mark.parametrize(
    ("function", "exponent", "logarithms"),
    [
        (lambda e: 3 * e**2, 2, 0),
        (lambda e: e**-1 * mp.log(e) ** 2, -1, 2),
        (lambda e: e ** mpf("1.5") + e**2, Fraction(3, 2), 0),
        (lambda e: mpf(7) + e, 0, 0),
    ],
)
def test_growth_is_read_off(function, exponent, logarithms) -> None:
    with mp.workdps(300):
        row = [function(mpf(2) ** -r) for r in (40, 160, 640)]
    (growth,) = read([[row]], (40, 160, 640), -1)[0]
    assert growth.exponent == exponent
    assert growth.logarithms == pytest.approx(logarithms, abs=0.05)


@pytest.mark.parametrize("power", [0, 1])
@pytest.mark.parametrize("share", [0.2, 1.0])
def test_an_oscillation_and_a_logarithm_are_told_apart(power, share) -> None:
    """ε²·|log ε|^power·(1 + a·cos θ), θ of every rung by chance, a > 1 in a share of 160 draws, else 0."""
    rng = random.Random(7)
    rows = []
    for draw in range(160):
        a = 1.5 if draw < share * 160 else 0
        rows.append(
            [
                mpf(2) ** (-2 * r) * mpf(r) ** power * (1 + a * mp.cos(rng.uniform(0, 2 * mp.pi)))
                for r in (40, 160, 640)
            ]
        )
    found = read([rows], (40, 160, 640), -1)[0]
    assert {growth.exponent for growth in found} == {2}
    shown = sum(abs(growth.logarithms - power) < 0.35 for growth in found)
    assert shown >= (0.75 if power and share < 1 else 1) * len(found)


def f(*nodes: Node, **given) -> OracleProblem:
    names = ("f",) if len(nodes) == 1 else ("f1", "f2")
    return OracleProblem(tuple(Row(n, node) for n, node in zip(names, nodes, strict=True)), **given)


ENDS = (at(x=-1), at(x=1))
PERIODIC = OracleProblem((Row("p", U, ENDS, True), Row("q", UX, ENDS, True), Row("f", UT)), box=box((-1, 1)))
#: problem, block, bias, s → class and exponent of N, each derived by hand.
KNOWN = (
    # F_0 = u_x, F_x = u, F_t = F_xxx = 1: K_ff ~ ε² above, ε⁴ below.
    (f(add(UT, mul(U, UX), SLOTS[5])), "ff", "zero", "3/4", "zero", "-1/2"),
    (f(add(UT, mul(U, UX), SLOTS[5])), "ff", "zero", "2/5", "diverges", "2/5"),
    # F_0 = F_x = e^{u + u_x} → e^c: constant where c = 0, without c the factor ε² is left.
    (f(exp(add(U, UX))), "ff", "zero", "1", "deterministic", "0"),
    (f(exp(add(U, UX))), "ff", "normal", "1", "random", "0"),
    (f(exp(add(UX, UT))), "ff", "none", "1", "zero", "-1"),
    # One sign decides: S + S' > 0.
    (f(exp(U)), "ff", "zero", "1/4", "mixture", None),
    # A square that does not vanish on generic jets.
    (f(exp(negate(square(add(UX, U))))), "ff", "zero", "1/4", "zero", None),
    (f(call("erf", add(UX, UT))), "ff", "zero", "1/4", "zero", None),
    # sign(c − x) sign(c − x').
    (f(call("abs", minus(U, X))), "ff", "normal", "1", "random", "0"),
    # Σ c_i²/|c|² = 1, and c_1c_2 − c_2c_1 = 0 with ε left.
    (
        f(power(add(square(U), square(V)), "1/2"), fields=("u", "v")),
        "ff",
        "normal",
        "1",
        "deterministic",
        "0",
    ),
    (f(minus(square(U), square(V)), mul(U, V), fields=("u", "v")), "f1,f2", "normal", "1", "zero", "-1/2"),
    # The reflection x → −x swaps the legs: only T_N − T^∞ is left.
    (PERIODIC, "p,q", "zero", "1/2", "zero", "-1/2"),
    (PERIODIC, "p,q", "zero", "1/5", "diverges", "1/10"),
    # Identically 0 on its face.
    (
        OracleProblem((Row("c", mul(X, add(UX, square(U))), (at(x=0),)), Row("f", UT))),
        "c,c",
        "normal",
        "1/4",
        "zero",
        None,
    ),
    (f(call("log", add(X, square(U))), box=box((-1, 1))), "ff", "none", "1/2", "undefined", None),
    (f(call("log", add(X, square(U))), box=box((-1, 1))), "ff", "none", "1/4", "random", "0"),
    (f(exp(negate(mul(X, square(UX)))), box=box((-1, 1))), "ff", "zero", "1/4", "diverges", None),
    # F_0 = log|u| + 1 diverges like a logarithm where c = 0.
    (f(mul(U, call("log", call("abs", U)))), "ff", "zero", "1", "diverges", None),
)


@pytest.mark.parametrize(("problem", "block", "bias", "s", "limit", "exponent"), KNOWN, ids=lambda v: None)
def test_known_answers(problem, block, bias, s, limit, exponent) -> None:
    found = answers(problem, (Fraction(s),), seed=1)[block, bias, Fraction(s)]
    assert found.limit == limit
    assert found.exponent == (None if exponent is None else Fraction(exponent))


def test_kinds_have_ten_members_each() -> None:
    for kind in KINDS:
        found = members(kind, 12)
        assert len({str(p) + str(p.respelled) for p in found}) >= 10, kind
        assert {p.kind for p in found} == {kind}
    assert sum(map(is_too_rough, KINKS)) >= 10
    assert sum(map(jumps, FLUXES)) >= 10
    assert {*KINDS, 9, 10} == set(range(1, 12))


def test_random_problems_have_every_feature() -> None:
    """Two fields, order 4, faces, corners, pairs, and every function, within a hundred problems."""
    problems = [random_problem(seed) for seed in range(100)]
    faces = [(row, face) for p in problems for row in p.rows for face in row.faces]
    assert {len(p.fields) for p in problems} == {1, 2}
    assert {len(face) for _, face in faces} == {1, 2}
    assert any(row.periodic for row, _ in faces)
    texts = " ".join(text(row.node, p.variables) for p in problems for row in p.rows)
    for part in ("u_xxxx", "v_", "abs(", "exp(", "log(", "tanh(", "erf(", "sin(", "^(-1)", "(1/3)", "x*"):
        assert part in texts
    assert sum(p.respelled is not None for p in problems) > 20


# classify ---------------------------------------------------------------------------------------------


#: Output biases that share the oracle's work; problems take turns.
SHARES = (("zero", "none"), ("normal",))


def wrong(found: list[Comparison]) -> list[str]:
    return [str(c) for c in found if c.verdict == WRONG]


@pytest.mark.parametrize("seed", range(40))
def test_random_problems(seed: int) -> None:
    assert not wrong(list(compare(random_problem(seed), seed, biases=SHARES[seed % 2])))


CASES = [(kind, k) for kind in KINDS for k in range(10)]


@pytest.mark.parametrize(("kind", "k"), CASES)
def test_members_of_kinds(kind: int, k: int) -> None:
    assert not wrong(list(compare(members(kind, 10)[k], k, biases=SHARES[k % 2])))


@pytest.mark.parametrize("kink", KINKS, ids=str)
def test_rough_activations_are_refused(kink) -> None:
    assert refuses(kink.operator, activation=f"relu^{kink.power}") == is_too_rough(kink)


@pytest.mark.parametrize("flux", FLUXES, ids=lambda x: x.text)
def test_jumps_inside_derivatives_are_refused(flux) -> None:
    assert refuses(f"diff({flux.text}, y)") == jumps(flux)


# Wrong rules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PLANTS)
def test_planted_wrong_rules_are_found(kind: int) -> None:
    classify, problem = PLANTS[kind]
    found = list(compare(problem, 0, classify))
    assert wrong(found)
    assert not wrong(list(compare(problem, 0)))


def test_a_rule_blind_to_activations_is_found() -> None:
    """Kind 9: whatever the activation, the answer for tanh."""
    assert any(is_too_rough(kink) and not refuses(kink.operator) for kink in KINKS)


def test_a_rule_for_the_regular_part_is_found() -> None:
    """Kind 10: sign(y)·u_yy is answered where (sign(y)·u_y)_y was asked."""
    assert any(jumps(flux) and not refuses(regular) for flux, regular in ((FLUXES[0], "sign(y)*u_yy"),))


def test_every_s_is_on_a_side() -> None:
    assert min(EXPONENTS) < HALF < max(EXPONENTS)
    assert HALF in EXPONENTS
