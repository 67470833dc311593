"""Unknown fields in the rules: classes by hand, sizes and randomness by growing networks (THEORY §9)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.symbolic import from_toml

FLUX, REACTION, SOURCE = "u_t - diff(a*u_x, x)", "u_t - u_xx + a*u", "u_t - u_xx - a"
OF_X, BOTH, POSITIVE = {"of": "x"}, {"of": ["x", "t"]}, {"of": "x", "positive": True}


def problem(text: str, spec: object, **more: object) -> nt.Problem:
    return nt.problem(text, fields=["u", "a"], variables=["x", "t"], unknowns={"a": spec, **more})


#: operator, field, output bias, block → the limits below, at and above s = 1/2.
CLASSES = [
    # A field that multiplies a derivative: Θ^a G_xx G_xx' makes a linear equation's kernel random.
    (FLUX, OF_X, "zero", "ff", "diverges random zero"),
    (FLUX, POSITIVE, "zero", "ff", "diverges random zero"),
    (FLUX, POSITIVE, "normal", "ff", "diverges random zero"),
    (FLUX, OF_X, "none", "b1f", "diverges deterministic zero"),
    # A source: Θ^a alone, whatever the network of u does.
    (SOURCE, BOTH, "none", "ff", "diverges deterministic deterministic"),
    (SOURCE, OF_X, "normal", "ff", "diverges deterministic deterministic"),
    # A reaction: c c' Θ^a.
    (REACTION, OF_X, "normal", "ff", "diverges random random"),
    (REACTION, OF_X, "zero", "ff", "diverges random deterministic"),
    (REACTION, OF_X, "none", "ff", "diverges random zero"),
    # Θ^a is no number, so that sin² c a a' + cos² c Θ^a stays random where p = 1 made it fixed.
    ("u_t - u_xx + a*cos(u)", OF_X, "normal", "ff", "diverges random random"),
    ("u_t - u_xx + a*u^3", OF_X, "normal", "ff", "diverges random random"),
    ("u_t - u_xx + a*u^3", OF_X, "zero", "ff", "diverges random zero"),
    # a starts above 0 everywhere, or of a sign that the domain decides.
    ("u_t + exp(-a*u_x^2)*u_x", POSITIVE, "zero", "ff", "diverges random zero"),
    ("u_t + exp(a*u_x^2)*u_x", POSITIVE, "zero", "ff", "diverges random zero"),
    ("u_t - u_xx + exp(a*u)", OF_X, "normal", "ff", "diverges random random"),
]


@pytest.mark.parametrize(("text", "spec", "bias", "block", "limits"), CLASSES)
def test_limit_classes(text: str, spec: dict, bias: str, block: str, limits: str) -> None:
    found = nt.classify(problem(text, spec), output_bias=bias)
    name = "bf" if block == "b1f" else block
    assert " ".join(str(found.regime(name, s).limit) for s in ("1/4", "1/2", "3/4")) == limits


#: operator, field, output bias, s.
SLOPES = [
    (FLUX, OF_X, "zero", ("2/5", "1")),
    (SOURCE, BOTH, "none", ("2/5", "5/4")),
    (REACTION, OF_X, "none", ("2/5", "1")),
    ("u_t + a*u*u_x", OF_X, "zero", ("1", "5/4")),
    ("u_tt - u_xx + sin(a*u)", POSITIVE, "none", ("1", "5/4")),
]


@pytest.mark.statistics
@pytest.mark.parametrize(("text", "spec", "bias", "exponents"), SLOPES)
def test_sizes_of_networks_go_with_the_exponents(
    text: str, spec: dict, bias: str, exponents: tuple[str, str]
) -> None:
    """Medians of ‖K_ff‖ at widths 2¹¹ and 2¹⁴: their slope scatters by 0.03 about the finite-width one."""
    ours = problem(text, spec)
    points, answer = nt.draw_points(ours, 3, 0), nt.classify(ours, output_bias=bias)
    sizes = np.empty((2, len(exponents), 16))
    for w, width in enumerate((2**11, 2**14)):
        network = nt.Network(ours.variables, ours.fields, width, output_bias=bias)
        for seed in range(16):
            kernels = nt.ntk_for_exponents(ours, network, network.init(seed), points, exponents)
            sizes[w, :, seed] = [np.linalg.norm(kernel["f,f"]) for kernel in kernels]
    slopes = np.diff(np.log(np.median(sizes, axis=-1)), axis=0)[0] / np.log(8)
    for s, seen in zip(exponents, slopes, strict=True):
        assert abs(seen - float(answer.regime("ff", s).norm_exponent_at(Fraction(s)))) < 0.1, s


@pytest.mark.statistics
@pytest.mark.parametrize(("text", "spec", "limit"), [(FLUX, OF_X, "random"), (SOURCE, OF_X, "deterministic")])
def test_at_one_half_networks_scatter_where_the_rules_say_random(text: str, spec: dict, limit: str) -> None:
    """The relative deviation of tr K_ff between 24 networks of width 2¹⁴: T alone scatters by about 0.02."""
    ours = problem(text, spec)
    points = nt.draw_points(ours, 3, 0)
    network = nt.Network(ours.variables, ours.fields, 2**14)
    traces = [
        np.trace(nt.ntk(ours, network, network.init(seed), points, path="contracted")["f,f"])
        for seed in range(24)
    ]
    scatter = np.std(traces) / np.mean(traces)
    assert str(nt.classify(ours).regime("ff", "1/2").limit) == limit
    assert scatter > 0.1 if limit == "random" else scatter < 0.05


def test_a_field_of_two_groups_joins_them() -> None:
    """Θ^a x' between a condition and an equation, which without an output bias is 0 above 1/2 otherwise."""
    text = """
    fields = ["u", "a"]
    variables = ["x", "t"]
    equations = ["u_t = u_xx + x*a"]
    unknowns = { a = { of = ["x"] } }
    domain = { x = [0, 1], t = [0, 1] }
    conditions = [{ name = "start", equation = "u - a*sin(pi*x)", on = [{ t = 0 }] }]
    """
    found = nt.classify(from_toml(text), output_bias="none")
    assert str(found.regime("start,f", 1).limit) == "deterministic"
    without = nt.classify(from_toml(text.replace("u_xx + x*a", "u_xx")), output_bias="none")
    assert str(without.regime("start,f", 1).limit) == "zero"


def test_the_answer_says_what_it_rests_on() -> None:
    found = nt.classify(problem(FLUX, POSITIVE))
    record = found.to_dict()
    assert record["unknowns"] == {}
    assert record["unknown_fields"]["a"] == {
        "of": ["x"],
        "start": "1",
        "width": 6,
        "positive": True,
        "seed": 0,
    }
    assert record["operator"] == "u_t - a_x*u_x - a*u_xx"
    assert any(a["what"].startswith("unknown field a(x)") for a in record["assumptions"])
    assert any("∂R by the unknown a of degree" in s["conclusion"] for s in record["steps"])
    assert "tanh(" not in str(found)
