"""Unknown coefficients in the rules: classes and exponents, by hand and by growing networks (THEORY §9)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError

HEAT, SOURCE, REACTION = "u_t - k*u_xx", "u_t - u_xx - q*sin(x)", "u_t - u_xx + p*u"

#: operator, unknowns, output bias, block → the limits below, at and above s = 1/2.
CLASSES = [
    (HEAT, {"k": 1}, "zero", "ff", "diverges random zero"),
    (HEAT, {"k": 0}, "zero", "ff", "diverges random zero"),
    (HEAT, {"k": 1}, "none", "bf", "diverges deterministic zero"),
    (HEAT, {"k": 1}, "normal", "bb", "diverges deterministic deterministic"),
    (SOURCE, {"q": 0}, "none", "ff", "diverges deterministic deterministic"),
    (SOURCE, {"q": {"start": 2, "positive": True}}, "zero", "ff", "diverges deterministic deterministic"),
    (REACTION, {"p": 1}, "normal", "ff", "diverges random random"),
    (REACTION, {"p": 0}, "normal", "ff", "diverges random random"),
    (REACTION, {"p": 1}, "zero", "ff", "diverges random deterministic"),
    (REACTION, {"p": 0}, "zero", "ff", "diverges random zero"),
    # cos² c + sin² c: each of the two is random, their sum is not.
    ("u_t - u_xx + p*cos(u)", {"p": 1}, "normal", "ff", "diverges random deterministic"),
    ("u_t - u_xx + p*cos(u)", {"p": 2}, "normal", "ff", "diverges random random"),
    ("u_t - u_xx + sin(p*u)", {"p": 2}, "zero", "ff", "diverges random deterministic"),
    # exp(p) moves nothing that p would not.
    ("u_t + exp(p)*u_x", {"p": 1}, "none", "ff", "diverges random zero"),
]


@pytest.mark.parametrize(("text", "unknowns", "bias", "block", "limits"), CLASSES)
def test_limit_classes(text: str, unknowns: dict, bias: str, block: str, limits: str) -> None:
    found = nt.classify(nt.problem(text, unknowns=unknowns), output_bias=bias)
    assert " ".join(str(found.regime(block, s).limit) for s in ("1/4", "1/2", "3/4")) == limits


def test_known_at_its_start_or_without_it_the_answer_is_another() -> None:
    problem = nt.problem(HEAT, unknowns={"k": 1})
    assert str(nt.classify(problem.bind()).regime("ff", "1/2").limit) == "deterministic"
    assert problem.bind(trained=True).unknowns == problem.unknowns
    with pytest.raises(InputError, match="'k' is unknown"):
        problem.bind({"k": 2}, trained=True)


SHARED = """
fields = ["u"]
variables = ["x", "t"]
equations = ["u_t = u_xx"]
unknowns = { A = 1 }
domain = { x = [0, 1], t = [0, 1] }
[[conditions]]
name = "initial"
equation = "u = A*sin(pi*x)"
on = [{ t = 0 }]
"""


@pytest.mark.parametrize(("equation", "bf"), [("u_t = u_xx", "zero"), ("u_t = u_xx + A*x", "deterministic")])
def test_an_unknown_of_two_groups_joins_them(equation: str, bf: str) -> None:
    """sin(πx) x' in K_bf, which without an output bias is 0 above 1/2 otherwise."""
    found = nt.classify(nt.from_toml(SHARED.replace("u_t = u_xx", equation)), output_bias="none")
    assert str(found.regime("bb", 1).limit) == "deterministic"
    assert str(found.regime("bf", 1).limit) == bf


def test_activations_that_are_too_rough_for_an_unknown_derivative() -> None:
    """K holds G_xx, which ReLU lacks, though k starts at 0."""
    problem = nt.problem("u_x + k*u_xx", unknowns={"k": 0})
    assert str(nt.classify(problem, activation="relu^2").regime("ff", "1/2").limit) == "random"
    assert str(nt.classify(problem, activation="relu").regime("ff", "1/2").limit) == "undecided"


def test_the_answer_says_what_it_rests_on() -> None:
    found = nt.classify(nt.problem(HEAT, unknowns={"k": {"start": "1/3", "positive": True}}))
    record = found.to_dict()
    assert record["unknowns"] == {"k": {"start": "1/3", "positive": True}}
    assert record["paper"]["case"] == "not applicable"
    assert any("k starts at 1/3, trained as its logarithm" in a["what"] for a in record["assumptions"])
    assert any(
        "∂R by the unknown k of degree 1, coefficient random" in s["conclusion"] for s in record["steps"]
    )
    assert "unknown coefficients are trained: k" in str(found)
    assert nt.classify(HEAT).to_dict()["unknowns"] == {}


#: operator, unknowns, output bias, s: below 1/2 nonlinear ones are far from their slope at such widths.
SLOPES = [
    (HEAT, {"k": 1}, "zero", ("2/5", "1")),
    (SOURCE, {"q": 1}, "none", ("2/5", "5/4")),
    (REACTION, {"p": 0}, "normal", ("2/5", "1")),
    ("u_t + a*u*u_x", {"a": {"start": 1, "positive": True}}, "zero", ("1", "5/4")),
    ("u_t - u_xx + p*u^2 + q*u^3", {"p": 1, "q": 0}, "normal", ("1", "5/4")),
    ("u_tt - u_xx + sin(p*u)", {"p": 2}, "none", ("2/5", "1")),
]


@pytest.mark.statistics
@pytest.mark.parametrize(("text", "unknowns", "bias", "exponents"), SLOPES)
def test_sizes_of_networks_go_with_the_exponents(
    text: str, unknowns: dict, bias: str, exponents: tuple[str, str]
) -> None:
    """Medians of ‖K_ff‖ at widths 2¹¹ and 2¹⁴: their slope scatters by 0.03 about the finite-width one."""
    problem = nt.problem(text, unknowns=unknowns)
    points, answer = nt.draw_points(problem, 3, 0), nt.classify(problem, output_bias=bias)
    widths = (2**11, 2**14)
    sizes = np.empty((2, len(exponents), 16))
    for w, width in enumerate(widths):
        network = nt.Network(problem.variables, problem.fields, width, output_bias=bias)
        for seed in range(16):
            # With `normal` the same c at both widths: it scatters by its own size, and is no slope.
            theta = network.init(seed)
            if bias == "normal":
                theta = replace(theta, output_bias=np.array([0.5 + seed / 16]))
            kernels = nt.ntk_for_exponents(problem, network, theta, points, exponents)
            sizes[w, :, seed] = [np.linalg.norm(kernel["f,f"]) for kernel in kernels]
    slopes = np.diff(np.log(np.median(sizes, axis=-1)), axis=0)[0] / np.log(8)
    for s, seen in zip(exponents, slopes, strict=True):
        assert abs(seen - float(answer.regime("ff", s).norm_exponent_at(Fraction(s)))) < 0.1, s
