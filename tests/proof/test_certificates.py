"""Certificates: what is proved, compared with numbers from elsewhere; changed files are rejected."""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.errors import InputError, RejectedError
from ntk_theory.limit.recursion import infinite_jets
from ntk_theory.proof.certificate import Certificate
from ntk_theory.training.limiting import constant_dynamics

CHECKER = Path(nt.__file__).parent / "proof" / "checker.py"
LINEAR = ("poisson", "heat", "wave", "poisson-2d", "telegraph")
PERIODIC = """
equations = ["u_t + u*u_x = 0"]
domain = { x = [-1, 1], t = [0, 1] }

[[conditions]]
name = "values"
equation = "u"
periodic = [{ x = -1 }, { x = 1 }]

[[conditions]]
name = "slopes"
equation = "u_x"
periodic = [{ x = -1 }, { x = 1 }]
"""


@pytest.fixture(scope="module")
def made():
    """One of every kind."""
    return {
        "positive-definite": nt.certify("poisson", points=10),
        "nonzero": nt.certify("heat", "nonzero", groups="ends,f"),
        "vanishing": nt.certify("wave", "vanishing", groups="initial,velocity"),
        "drift": nt.certify("sine-gordon", "drift", points=4),
        "classification": nt.certify("kdv", "classification"),
    }


def test_the_checker_stands_alone():
    """Under 400 lines; python-flint and the standard library only."""
    text = CHECKER.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 400
    tree = ast.parse(text)
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= {*sys.stdlib_module_names, "flint"}


def test_it_runs_by_itself(made, tmp_path):
    path, copied = tmp_path / "c.json", tmp_path / "checker.py"
    copied.write_bytes(CHECKER.read_bytes())
    path.write_text(made["vanishing"].to_json(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(copied), str(path)],
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == f"proved: {made['vanishing'].statement}"
    path.write_text(made["vanishing"].to_json().replace("velocity", "velocitz"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(copied), str(path)], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 1


@pytest.mark.parametrize("name", LINEAR)
def test_kernels_at_ten_points_and_more_are_positive_definite(name):
    problem = nt.zoo(name)
    found = nt.certify(problem, points=10 if len(problem.groups) < 3 else 4)
    assert len(found.data["rows"]) >= 10
    assert nt.check(found).startswith(f"λ_min(K∞) > 0 for {len(found.data['rows'])} rows")


def test_a_point_taken_twice_is_not_certified():
    at = nt.draw_points("poisson", 4, 0)
    at["f"][1] = at["f"][0]
    with pytest.raises(RejectedError, match="contains 0"):
        nt.certify("poisson", points=at)


def test_dependent_rows_are_not_certified():
    """u_x − u_x at one face written as two groups of the same operator: the kernel is singular."""
    text = PERIODIC.replace('equation = "u_x"', 'equation = "u"').replace("u_t + u*u_x", "u_t + u_x")
    problem = nt.from_toml(text)
    at = nt.draw_points(problem, 3, 0)
    at["slopes"] = at["values"]
    with pytest.raises(RejectedError, match="contains 0"):
        nt.certify(problem, points=at)


def test_an_entry_is_what_the_limit_of_this_package_has():
    """Two ways to T∞: its Taylor recursion with quadrature, and the checker's integrals over one Gaussian."""
    for name, groups in (
        ("heat", "ends,f"),
        ("heat", "f,f"),
        ("kdv", "slope,ends"),
        ("biharmonic", "slope_x,f"),
    ):
        for phi in ("tanh", "sin"):
            found = nt.certify(name, "nonzero", groups=groups, activation=phi)
            low, high = (float(Fraction(text)) for text in found.data["value"])
            assert abs(high - low) <= 3e-6 * abs(low)


def test_an_entry_of_hand():
    """T = E φ(Z)² + p E φ'(Z)² of u at x = t = 0, where Z ~ N(0, 1) and p = 1, for φ = sin."""
    at = {"initial": np.zeros((1, 2)), "ends": np.zeros((1, 2)), "f": np.full((1, 2), 0.5)}
    found = nt.certify("heat", "nonzero", groups="initial,initial", points=at, activation="sin")
    low, high = (float(Fraction(text)) for text in found.data["value"])
    assert low <= (1 - np.exp(-2)) / 2 + (1 + np.exp(-2)) / 2 <= high


def test_what_vanishes_is_0_in_the_limit_too(made):
    """T∞ of u and u_t at t = 0, at random points, from the recursion."""
    assert "initial and velocity is 0" in made["vanishing"].statement
    at = np.random.default_rng(0).uniform(0, 1, (5, 2)) * [1, 0]
    T = infinite_jets("tanh", 2, at, [(0, 0), (0, 1)]).jet_ntk
    assert np.abs(T[0, :, 1]).max() <= 1e-9 * np.abs(T).max()
    assert nt.check(nt.certify(nt.from_toml(PERIODIC), "vanishing", groups="values,slopes"))


@pytest.mark.parametrize(
    ("problem", "groups"),
    [("wave", "initial,ends"), ("heat", "f,f"), ("heat", "ends,ends")],
)
def test_what_does_not_vanish_is_rejected(problem, groups):
    with pytest.raises(RejectedError, match="do not cancel"):
        nt.certify(problem, "vanishing", groups=groups)


def test_symmetry_needs_the_middle_of_the_axes():
    """Periodic values and slopes on [0, 2]: the domain is not symmetric, and nothing cancels."""
    text = PERIODIC.replace("-1 }", "0 }").replace("[-1, 1]", "[0, 1]")
    with pytest.raises(RejectedError, match="do not cancel"):
        nt.certify(nt.from_toml(text), "vanishing", groups="values,slopes")
    assert nt.certify(nt.from_toml(text), "vanishing", groups="values,slopes", input_map="domain")


@pytest.mark.parametrize(
    ("name", "time"), [("sine-gordon", None), ("sine-gordon", "1/50"), ("allen-cahn", "1/4")]
)
def test_the_drift_is_that_of_the_limiting_equation(name, time):
    points = nt.draw_points(name, 5, 3)
    found = nt.certify(name, "drift", points=points, time=time)
    low, high = (float(Fraction(text)) for text in found.data["drift"])
    assert low > 10 * (high - low) > 0
    end = float(Fraction(found.data["time"]))
    solved = constant_dynamics(nt.zoo(name), points, end)
    assert low <= solved.drift.absolute["f,f"][-1] <= high
    assert float(found.data["low"]) <= solved.bias[-1, 0] <= float(found.data["high"])


#: Problems of one field whose groups are polynomials: the answers of the rules, derived again from operators.
POLYNOMIAL = ("burgers", "allen-cahn", "heat", "wave", "fisher-kpp", "kuramoto-sivashinsky", "poisson")


@pytest.mark.parametrize("bias", ["zero", "none"])
@pytest.mark.parametrize("name", POLYNOMIAL)
def test_a_classification_is_derived_again(name, bias):
    found = nt.certify(name, "classification", output_bias=bias)
    assert f"(output bias {bias}, generic φ)" in nt.check(found)
    answer = nt.classify(name, output_bias=bias)
    assert found.data["blocks"]
    for one, other, high, kind, low in found.data["blocks"]:
        at = answer.regime(f"{one},{other}", "1/2")
        assert str(at.limit) == kind
        above = answer.regime(f"{one},{other}", "1")
        assert str(above.limit) == ("zero" if low else "deterministic")
        assert above.norm_exponent_at(Fraction(1)) == Fraction(-low, 2)
        assert answer.regime(f"{one},{other}", "1/4").norm_exponent_at(Fraction(1, 4)) == Fraction(high, 4)


def test_a_classification_of_hand():
    """u u_x: F_0 = u_x and F_x = u of degree 1; K = ε⁴(…) + ε²u_x u_x', random at 1/2."""
    found = nt.certify("u_t + u*u_x", "classification", groups="f").data
    assert found["degrees"] == {"f": [[[1], [1], [0]]]}  # by u, u_x, u_t
    assert found["blocks"] == [["f", "f", 4, "random", 2]]
    without = nt.certify("u_t + u*u_x", "classification", groups="f", output_bias="none").data
    assert without["blocks"] == [["f", "f", 4, "random", 2]]
    linear = nt.certify("u_t - u_xx + 3*u", "classification", groups="f").data
    assert linear["blocks"] == [["f", "f", 2, "deterministic", 0]]


def test_blocks_that_vanish_are_left_out_and_rejected(made):
    """The kernel of an initial value and an initial velocity is a fluctuation: no power of ε alone."""
    found = nt.certify("wave", "classification")
    pairs = [entry[:2] for entry in found.data["blocks"]]
    assert ["initial", "velocity"] not in pairs
    data = json.loads(found.to_json())
    data["blocks"].append(["initial", "velocity", 2, "deterministic", 2])
    with pytest.raises(RejectedError, match="orders of initial,velocity cancel"):
        nt.check(with_its_sum(data))


def test_a_false_step_of_a_classification_is_rejected(made):
    """Every degree and every word about a block, changed one by one under a right sum."""
    data = json.loads(made["classification"].to_json())
    tried = 0
    for path, value in leaves({"degrees": data["degrees"], "blocks": data["blocks"]}):
        others = {"random": ["deterministic"], "deterministic": ["random"]}.get(value, [])
        others += [value + 1, value - 1] if isinstance(value, int) else []
        for other in others:
            with pytest.raises(RejectedError, match="not as claimed"):
                nt.check(with_its_sum(changed(data, path, other)))
            tried += 1
    assert tried >= 40


def test_another_operator_has_another_classification(made):
    """u u_x without u_x, one order less of the dispersion, or a face that is no face."""
    data = json.loads(made["classification"].to_json())
    terms = data["operators"]["f"][0]
    at = next(k for k, (_, powers) in enumerate(terms) if sum(powers) == 2)
    powers = terms[at][1]
    for k, n in enumerate(powers):
        if n:
            with pytest.raises(RejectedError):
                nt.check(with_its_sum(changed(data, ("operators", "f", 0, at, 1, k), 0)))
    with pytest.raises(RejectedError):
        nt.check(with_its_sum(changed(data, ("bias",), "normal")))
    with pytest.raises(RejectedError, match="nonlinear row at one point"):
        nt.check(with_its_sum(changed(data, ("operators", "f", 1), [{"x": "0", "t": "0"}])))


def test_sizes_are_bounded(made):
    """More variables, fields, jets or terms than any problem has are refused before any work."""
    data = json.loads(made["classification"].to_json())
    setting = data["setting"]
    many = {"variables": [f"x{k}" for k in range(9)], "scale": ["1"] * 9, "shift": ["0"] * 9}
    for other in (
        changed(data, ("setting",), setting | many),
        changed(data, ("setting", "fields"), [f"u{k}" for k in range(9)]),
        changed(data, ("operators", "f", 0), data["operators"]["f"][0] * 20),
        changed(data, ("operators", "f", 1), [{}] * 9),
        changed(data, ("jets",), [[k, 0] for k in range(60)]),
    ):
        with pytest.raises(RejectedError, match=r"many|above|faces|once"):
            nt.check(with_its_sum(other))


def test_a_kernel_that_stays_has_no_drift():
    with pytest.raises(InputError, match="does not move"):
        nt.certify("heat", "drift")
    with pytest.raises(RejectedError, match="above what is claimed"):
        nt.certify("sine-gordon", "drift", points=3, least=1000)


def leaves(part, path=()):
    """Every text and whole number of a file, with its place."""
    if isinstance(part, dict | list):
        for key in part if isinstance(part, dict) else range(len(part)):
            yield from leaves(part[key], (*path, key))
    else:
        yield path, part


def changed(data, path, value):
    out = copy.deepcopy(data)
    place = out
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return out


def with_its_sum(data):
    rest = {k: v for k, v in data.items() if k not in ("format", "kind", "statement", "sha256")}
    words = str(data["statement"]).rpartition(" (premises ")[0]
    return Certificate.of(data["kind"], words, rest)


def signed(data):
    """The sum of the file alone made anew: the statement is that of the file before."""
    rest = {k: v for k, v in data.items() if k != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return Certificate({**rest, "sha256": hashlib.sha256(text.encode()).hexdigest()})


def is_number(text):
    return isinstance(text, str) and text.lstrip("-")[:1].isdigit()


def nudged(text):
    return str(Fraction(text) + Fraction(1, 1000))


#: Places whose number must matter; a scale or shift of a variable that a symmetry does not use need not.
ESSENTIAL = {
    "positive-definite": ("rows", "parameters", "determinant", "groups"),
    "nonzero": ("rows", "value", "groups"),
    "vanishing": ("rows",),
    "drift": ("rows", "low", "high", "time", "drift", "least"),
    "classification": ("degrees", "blocks", "jets"),
}


def test_forty_changed_numbers_are_rejected_even_with_a_right_sum(made):
    """Seeded; the sum of the file is made anew, so that only the proof itself can reject."""
    rng = random.Random(11)
    tried = 0
    for kind, share in (("positive-definite", 16), ("nonzero", 8), ("vanishing", 2), ("drift", 16)):
        data = json.loads(made[kind].to_json())
        places = [
            path
            for path, value in leaves(data)
            if is_number(value)
            and set(path) & set(ESSENTIAL[kind])
            and not (path[0] == "rows" and data["rows"][path[1]][0] == "velocity" and kind == "drift")
        ]  # at constants u_t is 0, and moves no kernel
        for path in rng.sample(places, min(share, len(places))):
            other = with_its_sum(changed(data, path, nudged(dict(leaves(data))[path])))
            with pytest.raises(RejectedError) as refusal:
                nt.check(other)
            assert "other premises" not in str(refusal.value)  # it was the proof that failed
            tried += 1
    assert tried >= 40


def test_a_statement_is_of_its_premises_alone(made):
    """Changes that leave the words true, such as a weight of nothing, an operator, a start, a name: with the
    old statement and a right sum all are rejected.
    """
    for certificate in made.values():
        data = json.loads(certificate.to_json())
        assert nt.check(signed(data)) == certificate.statement  # the control
        for path, value in leaves(data):
            if path[0] in ("sha256", "format", "kind", "statement"):
                continue
            other = (
                nudged(value) if is_number(value) else f"{value}1" if isinstance(value, str) else value + 1
            )
            with pytest.raises(RejectedError):
                nt.check(signed(changed(data, path, other)))


def test_where_a_drift_starts_is_said(made):
    assert "c(0) = 0, at t = " in made["drift"].statement


def test_any_change_without_a_right_sum_is_rejected(made):
    for certificate in made.values():
        data = json.loads(certificate.to_json())
        for path, value in leaves(data):
            other = f"{value}1" if isinstance(value, str) else value + 1
            with pytest.raises(RejectedError):
                nt.check(Certificate(changed(data, path, other)))


@pytest.mark.parametrize(
    "value", [None, [], {}, "x", "1e99999", "1/0", True, -1, 10**30, "9" * 500, ["1"] * 500]
)
def test_a_malformed_file_is_rejected_in_one_sentence(made, value):
    told = []
    for certificate in made.values():
        data = json.loads(certificate.to_json())
        places = sorted({path[: k + 1] for path, _ in leaves(data) for k in range(len(path))}, key=str)
        for path in places[:: max(1, len(places) // 12)]:
            if path[0] in ("sha256", "format", "kind"):
                continue
            try:
                other = with_its_sum(changed(data, path, value))
                assert nt.check(other) == other.statement  # a change that says the same, such as a name
            except RejectedError as error:
                told.append(str(error))
    assert told
    assert not any("\n" in text for text in told)


def test_variables_of_one_name_are_no_way_around(made):
    """Two coordinates that share a name would let different points pass for one."""
    data = json.loads(nt.certify("wave", "vanishing", groups="initial,velocity").to_json())
    data["setting"]["variables"] = ["t", "t"]
    with pytest.raises(RejectedError, match="one name"):
        nt.check(with_its_sum(data))


def test_a_start_is_part_of_the_statement(made):
    data = json.loads(made["drift"].to_json())
    assert "c(0) = 0" in data["statement"]
    with pytest.raises(RejectedError):
        nt.check(with_its_sum(changed(data, ("start",), "1/100")))


def test_files(made, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(made["drift"].to_json(), encoding="utf-8")
    assert nt.check(path) == made["drift"].statement
    for bad in ("", "[]", "{}", "nonsense", '{"format": NaN}', "[" * 10**5):
        path.write_text(bad, encoding="utf-8")
        with pytest.raises(RejectedError):
            nt.check(path)
    with pytest.raises(InputError, match="cannot be read"):
        nt.check(tmp_path / "none.json")
    assert len(repr(made["positive-definite"])) < 2000


@pytest.mark.parametrize(
    ("problem", "options", "word"),
    [
        ("kdv", {}, "linear operator"),
        ("advection", {"what": "vanishing", "groups": "periodic,periodic"}, "rational faces"),
        ("poisson", {"what": "beautiful"}, "needs one of positive-definite"),
        ("poisson", {"groups": "g"}, "the groups are"),
        ("poisson", {"what": "nonzero"}, "two names"),
        ("poisson", {"activation": "gelu"}, "needs one of tanh, sin"),
        ("bratu", {"what": "drift"}, "polynomial of c"),
        ("sine-gordon", {"what": "classification"}, "polynomial of u"),
        ("stokes", {"what": "classification"}, "several fields"),
        ("advection", {"what": "classification"}, "several legs"),
        ("kdv", {"what": "classification", "output_bias": "normal"}, "one of zero, none"),
    ],
)
def test_what_cannot_be_certified_is_named(problem, options, word):
    with pytest.raises(InputError, match=word):
        nt.certify(problem, **options)


SHIPPED = sorted((Path(__file__).parents[2] / "benchmarks" / "results" / "certificates").glob("*.json"))


def test_five_problems_and_the_drift_are_among_the_committed():
    kinds = [json.loads(path.read_text(encoding="utf-8")) for path in SHIPPED]
    assert sum(c["kind"] == "positive-definite" and len(c["rows"]) >= 10 for c in kinds) >= 5
    assert {c["kind"] for c in kinds} == set(ESSENTIAL)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_committed_certificates_are_accepted(path):
    assert nt.check(path)
