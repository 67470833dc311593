"""T^∞ is even or odd in 1 + y·y' (THEORY §3 "Reflection"): the rule against the law's own numbers."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.errors import InputError
from ntk_theory.limit import infinite_jets
from ntk_theory.model.network import Network
from ntk_theory.setting.activations import ACTIVATIONS, Activation
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.symbolic.loading import from_toml
from ntk_theory.theory.exponents import S
from ntk_theory.theory.reflection import reflection
from ntk_theory.theory.symmetry import Contraction, vanishes

SMOOTH = [name for name, phi in ACTIVATIONS.items() if phi.is_smooth]
STARTS = [
    None,
    {"sigma_w": 1.5, "sigma_b": 1.5},
    {"sigma_w": 1.5, "sigma_b": 1},
    {"sigma_w": 1, "sigma_b": 0},
]
INDICES = [(i, j) for i in range(3) for j in range(3) if i + j <= 2]
#: y·y' = −1 at the first two pairs, 0 at the third, −1/4 at the fourth, and nothing else is special.
PAIRS = [
    (("4/5", "2"), ("1/3", "-19/30")),
    (("7/9", "1/5"), ("-48/35", "1/3")),
    (("4/5", "2"), ("2/3", "-4/15")),
    (("2/9", "1"), ("1/2", "-13/36")),
]
#: What is 0 by reflection is 0 to rounding in the law; nothing else is smaller than this.
ROUNDING = 1e-12


def told(y, z, alpha, beta, found):
    """Does the test say that this entry of T^∞ is 0?"""
    places = [tuple(map(Fraction, place)) for place in (y, z)]
    one = (Fraction(1), Fraction(1))
    contraction = Contraction((places[0],), (places[1],), one, found)
    return vanishes(contraction.of([((0, alpha, 0, beta), Fraction(1))]))


@pytest.mark.parametrize(
    ("name", "start"),
    [(name, None) for name in SMOOTH] + [(name, s) for name in ("erf", "gaussian") for s in STARTS[1:]],
    ids=str,
)
@pytest.mark.parametrize("depth", [1, 2])
def test_an_entry_is_told_to_vanish_iff_it_does(name, depth, start):
    """Every entry to order two at four pairs of places: 0 in the law's numbers iff 0 by the rule."""
    given = Initialisation.of(start)
    found = reflection(Activation.of(name), depth, given)
    net = Network(("x", "t"), ("u",), 8, depth, activation=name, initialisation=start)
    points = [[float(Fraction(x)) for x in place] for pair in PAIRS for place in pair]
    jets = infinite_jets(name, depth, points, INDICES, start=net.start)
    rows = jets.jet_ntk
    for k, (y, z) in enumerate(PAIRS):
        for (i, alpha), (j, beta) in product(enumerate(INDICES), repeat=2):
            value = rows[i, 2 * k, j, 2 * k + 1]
            size = np.sqrt(rows[i, 2 * k, i, 2 * k] * rows[j, 2 * k + 1, j, 2 * k + 1])
            assert (abs(value) < ROUNDING * size) == told(y, z, alpha, beta, found), (
                y,
                z,
                alpha,
                beta,
                value,
            )


def test_relu_at_opposite_ends_of_an_interval():
    """Only the value may be asked of ReLU: ⟨T⟩ = 2ℓ²q̃ + even, which is not 0 at q̃ = 0."""
    value = infinite_jets("relu", 1, [[-1.0], [1.0]], [(0,)]).jet_ntk[0, 0, 0, 1]
    found = reflection(Activation.of("relu"), 1, None)
    assert value > 0.1
    assert not found.cancels(Fraction(-1), (0, 0, 0))


ENDS = """
equations = ["u_xx - u^3"]
[domain]
x = [0, 3]
"""
RESIDUALS = ("u", "u_x", "u_xx", "u + u_x", "u^2", "u*u_x")


def ends():
    """Every residual at both ends of an interval."""
    parts = [
        f'[[conditions]]\nname = "{side}{k}"\nequation = "{text}"\non = {{ x = {place} }}\n'
        for k, text in enumerate(RESIDUALS)
        for side, place in (("left", 0), ("right", 3))
    ]
    return from_toml(ENDS + "".join(parts))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "gaussian", "softplus"])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_blocks_between_two_ends_by_the_law(name, depth):
    """With the domain on [−1, 1]: a linear block vanishes at s = 1/2 iff T^∞ contracts to 0."""
    c = nt.classify(ends(), activation=name, output_bias="none", input_map="domain", depth=depth)
    points, indices = [[-1.0], [1.0]], [(0,), (1,), (2,)]
    jets = infinite_jets(name, depth, points, indices).jet_ntk[:, 0, :, 1]
    rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]]  # in y, of which x is 3/2: signs are what counts
    for (i, a), (j, b) in product(enumerate(rows), repeat=2):
        scaled = [np.array(row) * np.array([1, 2 / 3, 4 / 9]) for row in (a, b)]
        limit = c.regime(f"left{i},right{j}", "1/2").limit
        assert (abs(scaled[0] @ jets @ scaled[1]) < 1e-7) == (str(limit) == "zero"), (i, j)


def test_the_order_that_is_left_counts():
    """tanh, one layer: u² against u² between two ends is 4uu'T of T^∞ = 0, so ε⁴ times a fluctuation."""
    c = nt.classify(ends(), output_bias="none", input_map="domain", depth=1)
    assert c.regime("left4,right4", "3/4").norm_exponent.equals(sp.sympify("3/2 - 4*s", {"s": S}))
    deep = nt.classify(ends(), output_bias="none", input_map="domain", depth=2)
    assert str(deep.regime("left4,right4", "1/2").limit) == "random"


def test_without_a_depth_the_answer_says_for_which_it_holds():
    def assumed(**given):
        return [a["what"] for a in nt.classify(ends(), input_map="domain", **given).to_dict()["assumptions"]]

    assert "at least two hidden layers" in assumed()
    assert "at least two hidden layers" not in assumed(depth=1)
    assert "at least two hidden layers" not in assumed(depth=3)
    assert "at least two hidden layers" not in assumed(activation="mish")
    elsewhere = nt.classify(ends())  # y·y' is 0 on [0, 3] as it is
    assert not any("layers" in a["what"] for a in elsewhere.to_dict()["assumptions"])


@pytest.mark.parametrize("depth", [0, -1, True, 1.5, "2"])
def test_a_depth_that_is_none_is_refused(depth):
    with pytest.raises(InputError, match="whole number of hidden layers"):
        nt.classify("u_t - u_xx", depth=depth)
