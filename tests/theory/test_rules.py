"""The rules read the function and the place: spelling, signs, sums, faces, domains, mixtures, symmetry."""

from __future__ import annotations

import random

import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.errors import SmoothnessError
from ntk_theory.symbolic.exponentials import normal_form
from ntk_theory.symbolic.signs import Sign, sign_of
from ntk_theory.theory.paper import RULES, paper_verdict
from ntk_theory.theory.steps import Answer

#: What the rules once got wrong, with the answer that follows by hand: F_0 = ∂F/∂u, F_α at (c, εv).
DERIVED = [
    # the same function, however it is written
    ("exp(u)*exp(u_x)", "zero", "ff", "3/4", "deterministic", 0),  # F_0 → 1
    ("exp(u + u_x)", "zero", "ff", "3/4", "deterministic", 0),
    ("exp(u_x)*exp(u_t)", "none", "ff", "3/4", "zero", "-1/2"),  # F_x, F_t → 1: ε²
    ("u_t - u_xx - 1/(1+exp(-u))", "zero", "ff", "1/4", "diverges", "1/2"),  # F_t = 1 leads, F_0 is flat
    ("u_t - u_xx - (1+tanh(u/2))/2", "zero", "ff", "1/4", "diverges", "1/2"),
    ("1/cosh(u)", "zero", "ff", "1/4", "zero", None),
    ("2/(exp(u)+exp(-u))", "zero", "ff", "1/4", "zero", None),
    ("log(1+exp(u_x)) - log(1+exp(-u_x))", "zero", "ff", "1/4", "diverges", "1/2"),  # = u_x
    ("(1-tanh(u_x)^2)*cosh(u_x)^2*u", "none", "ff", "1/4", "diverges", "1/2"),  # = u
    # an exponent that vanishes on a null set only
    ("exp(-(u_x+u)^2)", "zero", "ff", "1/4", "zero", None),
    ("exp(-u_x^2-2*u*u_x-u^2)", "zero", "ff", "1/4", "zero", None),
    ("exp(-u^2-u*u_x-u_x^2)", "none", "ff", "1/4", "zero", None),
    ("erf(u_x+u_t)", "zero", "ff", "1/4", "zero", None),
    ("tanh(u_x-u_t)", "none", "ff", "1/4", "zero", None),
    ("u_x^2*exp(-(u_t+u_x)^4)", "zero", "ff", "1/4", "zero", None),
    # two points have two coordinates: sign(c − x)·sign(c − x')
    ("abs(u-x)", "normal", "ff", "3/4", "random", 0),
    ("abs(u-x^2)", "normal", "ff", "3/4", "random", 0),
    ("abs(u)", "normal", "ff", "3/4", "deterministic", 0),
    # the sum decides, and where it vanishes the next order
    ("sqrt(u^2+v^2)", "normal", "ff", "3/4", "deterministic", 0),  # Σ c_i²/|c|² = 1
    ("sqrt(u^2+v^2)", "zero", "ff", "3/4", "random", 0),
    ("sqrt(u^2+4*v^2)", "normal", "ff", "3/4", "random", 0),
    ("(u^2-v^2)/2; u*v", "normal", "f1,f2", "3/4", "zero", "-1/4"),
    ("v + sin(u-v); u + v", "zero", "f1,f2", "1/2", "deterministic", 0),  # cos(u−v) + 1 − cos(u−v)
    ("v + sin(u-v); u - v", "zero", "f1,f2", "1/2", "random", 0),
    # a part that diverges decides its block
    ("u_t - diff(u*w_x, x); w_xx + u; v_t - log(w)", "zero", "f1,f1", "1/4", "diverges", None),
    # jumps in the field and in the coordinates
    ("heaviside(x-2)*exp(u) + u_x", "zero", "ff", "1/4", "diverges", "1/2"),  # the jump is outside of [0, 1]
]


@pytest.mark.parametrize(("text", "bias", "block", "s", "limit", "exponent"), DERIVED)
def test_answers_that_follow_by_hand(text, bias, block, s, limit, exponent):
    regime = nt.classify(text, output_bias=bias).regime(block, s)
    assert regime.limit == limit
    if exponent is not None:
        assert regime.norm_exponent_at(sp.Rational(s)) == sp.Rational(exponent)


U, V = sp.symbols("u v", real=True)
X = sp.Symbol("x", real=True)
ONE = sp.S.One


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        (-(U**2) - 2 * U * V - V**2, Sign.NEGATIVE),
        (U**2 + U * V + V**2, Sign.POSITIVE),
        (U**2 + 3 * U * V + V**2, Sign.MIXED),
        (U**2 - 2 * U + 1, Sign.POSITIVE),
        (U**2 - 2 * U + 2, Sign.POSITIVE),
        (U**3 - U**2 * V, Sign.MIXED),
        (-sp.Abs(U) - sp.Abs(V), Sign.NEGATIVE),
        (1 + sp.sign(U), Sign.UNDECIDED),
        (U**4 - U * V**3 / 10 + V**4, Sign.UNDECIDED),
    ],
)
def test_signs(expression, sign):
    assert sign_of(expression) is sign


def test_signs_on_a_domain():
    free = frozenset({U})
    assert sign_of(-X * U**2, free, ((X, sp.S.Zero, ONE),)) is Sign.NEGATIVE
    assert sign_of(-X * U**2, free, ((X, -ONE, ONE),)) is Sign.MIXED
    assert sign_of(X + U**2, free, ((X, -ONE, ONE),)) is Sign.MIXED


SPELLINGS = {
    sp.tanh(U): [
        lambda a: (sp.exp(a) - sp.exp(-a)) / (sp.exp(a) + sp.exp(-a)),
        lambda a: 1 - 2 / (sp.exp(2 * a) + 1),
        lambda a: sp.sinh(a) / sp.cosh(a),
    ],
    sp.exp(U): [lambda a: sp.exp(a / 2) ** 2, lambda a: 1 / sp.exp(-a), lambda a: sp.cosh(a) + sp.sinh(a)],
    1 / sp.cosh(U): [lambda a: 2 * sp.exp(a) / (1 + sp.exp(2 * a)), lambda a: 2 / (sp.exp(a) + sp.exp(-a))],
}


@pytest.mark.parametrize("seed", range(12))
def test_a_rewriting_changes_no_answer(seed):
    """F with one function in it, and the same F with that function spelled otherwise, at two biases."""
    rng = random.Random(seed)
    base = nt.parse("u + u_x + u_t + u_xx", variables=["x", "t"])
    slots = [base.space.symbol(s) for s in base.slots]
    inner, outer = rng.sample(slots, 2)
    argument = rng.choice([inner, 2 * inner, inner - outer])
    known = rng.choice(list(SPELLINGS))
    other = rng.choice(SPELLINGS[known])
    shape = rng.choice([lambda f: f * outer, lambda f: f + outer**2, lambda f: f**2 + outer])
    one, two = shape(known.xreplace({U: argument})), shape(other(argument))
    assert normal_form(one) == normal_form(two)
    for bias in ("none", "normal"):
        answers = [
            {
                name: [(str(r.limit), str(r.norm_exponent)) for r in block.regimes]
                for name, block in nt.classify(nt.Operator(base.space, f), output_bias=bias).sharp.items()
            }
            for f in (one, two)
        ]
        assert answers[0] == answers[1]


FACES = """
equations = ["u_t - u_xx = 0"]
[domain]
x = [{low}, {high}]
t = [0, 1]
[[conditions]]
name = "pair"
equation = "u"
periodic = [{{ x = {low} }}, {{ x = {high} }}]
[[conditions]]
name = "slopes"
equation = "u_x"
periodic = [{{ x = {low} }}, {{ x = {high} }}]
[[conditions]]
name = "axis"
equation = "u"
on = [{{ x = 0 }}]
[[conditions]]
name = "corner"
equation = "u"
on = [{{ x = 1, t = 1 }}]
[[conditions]]
name = "slope"
equation = "u_x - u_t"
on = [{{ x = 1, t = 1 }}]
[[conditions]]
name = "origin"
equation = "u"
on = [{{ x = 0, t = 0 }}]
[[conditions]]
name = "wave"
equation = "u_xx - u_tt"
on = [{{ x = 0, t = 0 }}]
[[conditions]]
name = "nothing"
equation = "x*u_x + x*u^2"
on = [{{ x = 0 }}]
"""
SYMMETRIC = FACES.format(low=-1, high=1)
SHIFTED = FACES.format(low=0, high=1)
PAIRS = [("pair", "slopes"), ("pair", "axis"), ("corner", "slope"), ("origin", "wave")]


def vanishing(text, **options):
    c = nt.classify(nt.from_toml(text), **options)
    return {pair for pair in PAIRS if str(c.regime(",".join(pair), "1/2").norm_exponent) == "-1/2"}


ON_A_FACE = """
equations = ["u_t - u_xx"]
[domain]
x = [-1, 1]
t = [0, 1]
[[conditions]]
name = "face"
equation = "{row}"
on = [{{ x = 0 }}]
"""


@pytest.mark.parametrize(
    "row", ["|x*u_x|^(1/2)", "|x*u|^(1/3) + x*u_t", "(x*u_x)^2/(1 + u^2)", "sin(x*u_xx)", "log(1 + (x*u)^2)"]
)
def test_a_row_is_put_on_its_face_before_it_is_differentiated(row):
    """Each F is 0 at x = 0 whatever u is, also where ∂F/∂u_α has the form 0/0 there."""
    c = nt.classify(nt.from_toml(ON_A_FACE.format(row=row)))
    for s in ("2/5", "1/2", "3/4"):
        regime = c.regime("face,face", s)
        assert (str(regime.limit), regime.norm_exponent) == ("zero", None)


def test_symmetry_depends_on_the_domain_and_on_the_input_map():
    assert vanishing(SYMMETRIC) == set(PAIRS)
    assert vanishing(SHIFTED) == {("corner", "slope"), ("origin", "wave")}
    # Mapping [0, 1] onto [−1, 1] creates the cancellation of the periodic pairs; the origin goes to the
    # corner (−1, −1), where exchanging x and t still takes u_xx − u_tt to its negative.
    everything = {("pair", "slopes"), ("corner", "slope"), ("origin", "wave")}
    assert vanishing(SHIFTED, input_map="domain") == everything
    # Unequal scales break the exchange.
    assert vanishing(SHIFTED.replace("t = [0, 1]", "t = [0, 2]"), input_map="domain") == {("pair", "slopes")}
    c = nt.classify(nt.from_toml(SYMMETRIC))
    assert str(c.regime("pair,slopes", "1/2").limit) == "zero"
    assert c.regime("pair,slopes", "3/4").norm_exponent_at(sp.Rational(3, 4)) == -1
    assert c.regime("nothing,nothing", "1/4").limit == "zero"


def contraction(law, rows, columns):
    """Σ k T^∞ over (coefficient, slot, point) of two rows."""
    index = {slot.index: i for i, slot in enumerate(law.slots)}
    return sum(k * m * law.jet_ntk[index[a], p, index[b], q] for k, a, p in rows for m, b, q in columns)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_symmetries_hold_in_the_limit_law(activation, depth):
    """The same pairs by the recursion at infinite width, for an odd and for a generic activation."""
    points = np.array([[-1, 0.3], [1, 0.3], [-1, 0.8], [1, 0.8], [0, 0.6], [1, 1], [0, 0], [0, 0.3]], float)
    network = nt.Network(("x", "t"), ("u",), width=8, depth=depth, activation=activation)
    law = nt.limit_law("u + u_x + u_t + u_xx + u_tt", network, {"b": points[:1], "f": points})
    first = law.jet_ntk.shape[1] - len(points)

    def row(*terms):
        return [(k, alpha, first + p) for k, alpha, p in terms]

    pair = row((1, (0, 0), 0), (-1, (0, 0), 1))
    slopes = row((1, (1, 0), 2), (-1, (1, 0), 3))
    axis, corner, origin = row((1, (0, 0), 4)), row((1, (0, 0), 5)), row((1, (0, 0), 6))
    slope = row((1, (1, 0), 5), (-1, (0, 1), 5))
    wave = row((1, (2, 0), 6), (-1, (0, 2), 6))
    half = row((1, (0, 0), 7), (-1, (0, 0), 1))  # a pair that is not symmetric
    for one, other in ((pair, slopes), (pair, axis), (corner, slope), (origin, wave)):
        assert abs(contraction(law, one, other)) < 1e-9
    assert abs(contraction(law, half, slopes)) > 1e-3


def on(low, high, text):
    return nt.from_toml(f'equations = ["{text}"]\nvariables = ["x"]\n[domain]\nx = [{low}, {high}]\n')


def test_domains():
    for bias in ("zero", "normal", "none"):
        both = nt.classify(on(-1, 1, "log(x+u^2)"), output_bias=bias)
        found = [str(both.regime("ff", s).limit) for s in ("1/4", "1/2", "3/4")]
        assert found == ["random", "undefined", "undefined"]
    assert nt.classify(on(0, 1, "log(x+u^2)"), output_bias="none").regime("ff", "3/4").limit == "zero"
    spreads = nt.classify(on(-1, 1, "exp(-x*u_x^2)")).regime("ff", "1/4")
    assert spreads.limit == "diverges"
    assert not spreads.probability  # on half of the domain, for every network
    assert nt.classify(on(0, 1, "exp(-x*u_x^2)")).regime("ff", "1/4").limit == "zero"


@pytest.mark.parametrize(
    ("text", "bias", "s", "chances"),
    [
        ("exp(u)", "none", "1/4", {"diverges": "1/2", "zero": "1/2"}),
        ("exp(u)*exp(u_x)", "zero", "1/4", {"diverges": "1/2", "zero": "1/2"}),
        ("(abs(u)+u)*u_x", "zero", "1/4", {"diverges": "1/2", "zero": "1/2"}),
        ("log(1+exp(u))", "zero", "1/4", {"diverges": "1/2", "zero": "1/2"}),
        ("exp(u_x^2-u^2)", "zero", "1/4", {"diverges": None, "zero": None}),
        ("u_t - exp(u)", "zero", "1/4", None),  # ε² diverges in any case
        ("cosh(u)", "none", "1/4", None),
        ("(abs(u)+u)/2", "zero", "3/4", None),  # 0 or 1: one random limit
    ],
)
def test_mixtures_carry_their_probabilities(text, bias, s, chances):
    answer = nt.classify(text, output_bias=bias).to_dict()["sharp"]["ff"]
    assert answer["below" if s == "1/4" else "above"].get("probability") == chances


@pytest.mark.parametrize(
    ("s", "chances"),
    [
        ("1/5", {}),  # T between distinct fields is of order N^(-1/2): ε²T diverges beside whatever exp does
        ("1/4", {"diverges": "1/2", "random": "1/2"}),  # there it is random, and no zero is left
        ("2/5", {"diverges": "1/2", "zero": "1/2"}),
    ],
)
def test_a_mixture_beside_what_is_sure(s, chances):
    """K_bf = [K_{u,v_xx}, K_{u,exp(u+v_xx)}]: it does no less than its first entry."""
    start = (
        '[[conditions]]\nname = "start"\nequation = "u"\non = { t = -1 }\n[domain]\nx = [-1, 1]\nt = [-1, 1]'
    )
    text = 'variables = ["x", "t"]\nequations = ["v_xx", "exp(u + v_xx)"]\n' + start
    regime = nt.classify(nt.from_toml(text), output_bias="none").regime("bf", s)
    assert str(regime.limit) == "diverges"
    assert {str(limit): str(chance) for limit, chance in regime.probability.items()} == chances


def test_a_mixture_is_one_in_networks():
    """exp(u) at one point, s = 1/4: u > 0, where K explodes, in half of 256 networks (within 5 sd)."""
    network = nt.Network(("x",), ("u",), width=256, depth=1, s="1/4", output_bias="none")
    slot = nt.JetSpace(("u",), ("x",)).value("u")
    values = [nt.jets(network, network.init(seed), [[0.4]], [slot])[0, 0] for seed in range(256)]
    assert abs(sum(value > 0 for value in values) - 128) < 5 * 8


def test_rough_activations_are_not_answered(tmp_path):
    for text, activation, ok in [
        ("u_xx", "relu", False), ("u_xx", "relu^2", False), ("u_xx", "relu^3", True), ("u", "relu", True),
        ("u_x^2", "relu", False), ("u_x^2", "relu^2", True),
    ]:  # fmt: skip
        block = nt.classify(text, activation=activation).sharp["ff"]
        assert all((r.limit == "undecided") is not ok for r in block.regimes), (text, activation)
    store = tmp_path / "none.sqlite"
    with pytest.raises(SmoothnessError, match="order 2 needs 3"):
        nt.verify("u_t - u_xx", activations="relu^2", store=store, progress=False, workers=1)
    assert not store.exists()


def test_answers_carry_their_assumptions():
    c = nt.classify("u_t + x*k*u_x").to_dict()
    said = [a["what"] for a in c["assumptions"]]
    assert "0 < x < 1" in said
    assert any(what.startswith("k > 0") for what in said)
    assert c["input_map"] == {"name": "identity", "scale": ["1", "1"], "shift": ["0", "0"]}
    mapped = nt.classify("sine-gordon", input_map="domain").to_dict()
    assert mapped["input_map"]["name"] == "domain"
    assert any("input map" in a["what"] for a in mapped["assumptions"])


#: Rule → questions that it accepts, that it rejects, to which it does not apply; ``None``: there is none.
A, B, C = Answer.YES, Answer.NO, Answer.NOT_APPLICABLE
HEAT, REACTION = ("u_t - u_xx", "tanh", "zero"), ("u_t - u_xx + u^3", "tanh", "zero")
SYSTEM = ("u_t - v; v_t - u_xx", "tanh", "zero")
EXAMPLES = {
    "smooth-activation": (HEAT, ("u", "relu", "zero"), None),
    "bounded-derivatives": (HEAT, ("u", "relu^2", "zero"), None),
    "continuous-operator": (HEAT, ("1/u", "tanh", "zero"), None),
    "scalar-equation": (HEAT, SYSTEM, None),
    "output-bias": (HEAT, ("u_t - u_xx", "tanh", "none"), None),
    "value-block": (HEAT, None, SYSTEM),
    "case-a-value": (REACTION, HEAT, SYSTEM),
    "case-a-monomial": (("u*u_xx", "tanh", "zero"), HEAT, SYSTEM),
    "case-a": (REACTION, HEAT, SYSTEM),
    "homogeneous": (HEAT, None, REACTION),
    "converse": (HEAT, None, SYSTEM),
    "training": (HEAT, None, SYSTEM),
}


def test_every_rule_has_its_examples():
    assert set(EXAMPLES) == {rule.code for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_rules_accept_reject_and_stand_aside(rule):
    assert rule.title
    assert rule.source.startswith(("[ZY]", "[R]", "[D]"))
    for answer, question in zip((A, B, C), EXAMPLES[rule.code], strict=True):
        if question is not None:
            text, activation, bias = question
            assert paper_verdict(nt.problem(text), activation, bias).steps[rule.code].answer is answer
