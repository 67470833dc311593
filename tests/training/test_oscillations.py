"""The number of oscillations, by roots that are known in closed form, and what waves of them are worth."""

from __future__ import annotations

import math
import re

import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.symbolic.loading import from_table
from ntk_theory.training import default_network, train, wave_features
from ntk_theory.training.oscillations import oscillations

TURN = 2 * math.pi
#: Equations, domain → oscillations by variable; each root is written out.
KNOWN = {
    "damped": (["u_tt + 4*u_t + 4000*u = 0"], {"t": [0, 1]}, {"t": [math.sqrt(3996) / TURN]}),
    "milliseconds": (
        ["10^6*u_tt + 4000*u_t + 4000*u = 0"],
        {"t": [0, 1000]},
        {"t": [math.sqrt(3996) / TURN]},
    ),
    "first-order": (["u_t = v", "v_t = -4*v - 4000*u"], {"t": [0, 1]}, {"t": [math.sqrt(3996) / TURN]}),
    "coupled": (
        ["u_tt = -1000*u + 300*(v - u)", "v_tt = -1000*v + 300*(u - v)"],
        {"t": [0, 1]},
        {"t": [math.sqrt(1000) / TURN, math.sqrt(1600) / TURN]},
    ),
    "bloch": (
        ["u_t = 2*v - u/20", "v_t = -2*u - v/20", "w_t = -(w - 1)/50"],
        {"t": [0, 45]},
        {"t": [2 * 45 / TURN]},
    ),
    "pendulum": (["u_tt + 900*sin(u) = 0"], {"t": [0, 1]}, {"t": [30 / TURN]}),
    "klein-gordon": (["u_tt - u_xx + 900*u = 0"], {"x": [0, 1], "t": [0, 2]}, {"t": [60 / TURN]}),
    "helmholtz": (
        ["u_xx + u_yy + 900*u = 1"],
        {"x": [0, 1], "y": [0, 2]},
        {"x": [30 / TURN], "y": [60 / TURN]},
    ),
    "string": (["u_xxxx = 40^4*u"], {"x": [0, 1]}, {"x": [40 / TURN]}),
    "few": (["u_tt + 100*u = 0"], {"t": [0, 1]}, {}),
    "overdamped": (["u_tt + 100*u_t + 100*u = 0"], {"t": [0, 1]}, {}),
    "dies-out": (["u_tt + 100*u_t + 4000*u = 0"], {"t": [0, 1]}, {}),
    "layer": (["u_xx = 10^4*u"], {"x": [0, 1]}, {}),
    "foundation": (["u_xxxx + 4*30^4*u = 1"], {"x": [0, 1]}, {}),
    "heat": (["u_t = u_xx"], {"x": [0, 1], "t": [0, 1]}, {}),
    "logarithm": (["u_tt + 4000*u + log(u) = 0"], {"t": [0, 1]}, {}),
    "algebraic": (["u_t = v", "v = -900*u"], {"t": [0, 1]}, {}),
    "more-equations": (["u_tt + 4000*u = 0", "u_t = 1"], {"t": [0, 1]}, {}),
}


def made(equations, domain):
    fields = [name for name in "uvw" if any(re.search(rf"\b{name}(_|\b)", text) for text in equations)]
    table = {"fields": fields, "variables": list(domain), "equations": equations, "domain": domain}
    return from_table(table, name="made")


@pytest.mark.parametrize("name", KNOWN)
def test_oscillations_are_those_of_the_closed_form(name):
    equations, domain, known = KNOWN[name]
    found = oscillations(made(equations, domain))
    assert found.keys() == known.keys()
    for variable, counts in known.items():
        assert found[variable] == pytest.approx(sorted(counts), rel=1e-6)


def test_a_varying_frequency_has_several_waves_and_the_zoo_none():
    airy = made(["u_tt + 4000*(1 + 3*t)*u = 0"], {"t": [0, 1]})
    counts = oscillations(airy)["t"]
    assert 2 <= len(counts) <= 4
    assert math.sqrt(4000) / TURN * 0.95 <= min(counts) < max(counts) <= 2 * math.sqrt(4000) / TURN * 1.05
    for name in ("poisson", "wave", "helmholtz", "schroedinger"):  # they have few: networks as they were
        assert wave_features(nt.zoo(name)) is None


def stiff():
    root = "sqrt(1599)"
    return from_table(
        {
            "fields": ["u"],
            "variables": ["t"],
            "equations": ["u_tt + 2*u_t + 1600*u = 0"],
            "domain": {"t": [0, 1]},
            "conditions": [
                {"name": "start", "equation": "u = 1", "on": [{"t": 0}]},
                {"name": "speed", "equation": "u_t = 0", "on": [{"t": 0}]},
            ],
            "solution": {"u": f"exp(-t)*(cos({root}*t) + sin({root}*t)/{root})"},
        },
        name="stiff",
    )


def test_waves_solve_what_a_plain_network_of_that_size_does_not():
    problem = stiff()
    errors = []
    for features in (None, wave_features(problem)):
        network = default_network(problem, width=12, depth=1, features=features)
        run = train(problem, network, points=100, until=120, evidence=False)
        errors.append(run.error)
    assert errors[0] > 0.1
    assert errors[1] < errors[0] / 100
    assert train(problem, points=20, until=1, evidence=False).network.features is not None


def test_the_command_says_what_it_took_and_leaves_it_out_when_asked(tmp_path, capsys):
    path = tmp_path / "stiff.toml"
    path.write_text(nt.to_toml(stiff()), encoding="utf-8")
    short = ["train", str(path), "--width", "4", "--points", "8", "--steps", "1", "--no-drift"]
    assert run(short) == 0
    assert "oscillates 6.36 times over t" in capsys.readouterr().out
    for more in (["--no-waves"], ["--features", "frequencies = [[1]]"]):
        assert run([*short, *more]) == 0
        assert "oscillates" not in capsys.readouterr().out
    assert run([*short, "--waves", "--features", "frequencies = [[1]]"]) == 2
    assert "--waves beside --features" in capsys.readouterr().err
    assert run(["train", "poisson", "--waves", "--steps", "1"]) == 2
    assert "too few oscillations" in capsys.readouterr().err
