"""Windows of time and continuation: problems that one loss over all of the interval does not solve."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import ntk_theory as nt
from ntk_theory.cli.app import run as cli
from ntk_theory.errors import InputError, Interrupted
from ntk_theory.symbolic.loading import from_table
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training import Adam, GaussNewton, train
from ntk_theory.training.continuation import StageEnd, stages
from ntk_theory.training.stopping import Until
from ntk_theory.training.verdict import Ending, judge
from ntk_theory.training.window_count import own_windows, usual_windows
from ntk_theory.training.windows import GROUP, march


def initial(end: float, *equations: str, **values: str) -> Problem:
    """Ordinary equations on 0 < t < end; conditions by name, as u__0="u = 1"."""
    fields = sorted({name[0] for name in values})
    return from_table(
        {
            "fields": fields,
            "variables": ["t"],
            "equations": list(equations),
            "domain": {"t": [0, end]},
            "conditions": [{"name": n, "equation": e, "on": [{"t": 0}]} for n, e in values.items()],
        },
        name="own",
    )


LOGISTIC = initial(20, "u_t = u*(1 - u)", u0="u = 1/1000")


def test_a_slow_start_is_solved_by_default() -> None:
    """u = 0 meets the equation and 1/1000 is small beside what comes: one loss alone ends there."""
    exact = 1 / (1 + 999 * np.exp(-np.linspace(0, 20, 501)))
    at = np.linspace(0, 20, 501)[:, None]

    def error(run: nt.Trajectory) -> float:
        found = run.evaluate(at, [LOGISTIC.space.value("u")])[0]
        return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))

    alone, run = train(LOGISTIC, windows=1), train(LOGISTIC)
    assert judge(alone).ending is not Ending.SOLVED
    assert error(alone) > 0.5
    assert judge(run).ending is Ending.SOLVED
    assert error(run) < 1e-4
    assert run.stages[0].told == "t from 0 to 4"
    assert run.stages[-1].told == "the whole with the windows' values"
    assert run.summary()["stages"][0]["loss"] == run.stages[0].loss


def test_the_error_estimate_sees_what_an_epidemic_amplifies() -> None:
    """Residuals of 1e-7 are a tenth of the first 1e-6, and e^13 times that at the peak."""
    epidemic = initial(50, "s_t = -s*i/2", "i_t = s*i/2 - i/10", s0="s = 1 - 1/1000000", i0="i = 1/1000000")
    run = train(epidemic, until={"loss": 1e-13})
    found = solve_ivp(
        lambda _, y: [-y[0] * y[1] / 2, y[0] * y[1] / 2 - y[1] / 10],
        (0, 40),
        [1 - 1e-6, 1e-6],
        method="DOP853",
        rtol=1e-12,
        atol=1e-15,
        t_eval=np.linspace(0, 40, 401),
    )
    got = run.evaluate(found.t[:, None], [epidemic.space.value(name) for name in ("s", "i")])
    error = float(np.linalg.norm(got - found.y) / np.linalg.norm(found.y))
    assert run.estimate is not None
    assert 0.1 < run.estimate.error / error < 10


@pytest.mark.parametrize(
    ("problem", "windows"),
    [
        (LOGISTIC, 5),
        (initial(20, "u_t = u"), 1),  # linear
        (initial(20, "u_tt + sin(u)", u0="u = 2", u1="u_t = 0"), 5),  # it turns
        (initial(1000, "u_t = -u^3", u0="u = 1"), 1),  # it decays
        (initial(40, "u_t = u - u^3 - w", "w_t = u", u0="u = 0", w0="w = 0"), 9),  # from nothing
        (nt.zoo("burgers"), 1),
        (nt.zoo("heat"), 1),
    ],
)
def test_windows_follow_the_rates(problem: Problem, windows: int) -> None:
    assert own_windows(problem) == windows


def test_a_limit_cycle_is_solved_by_a_second_try() -> None:
    """Brusselator: it decays where it starts and at 0, so nothing asks for windows before a run fails."""
    own = initial(16, "u_t = 1 + u^2*v - 4*u", "v_t = 3*u - u^2*v", u0="u = 1", v0="v = 1")
    assert own_windows(own) == 1
    run = train(own, drift=False)
    assert run.stages[0].told == "the whole at once"
    assert judge(run).ending is Ending.SOLVED
    found = solve_ivp(
        lambda _, y: [1 + y[0] ** 2 * y[1] - 4 * y[0], 3 * y[0] - y[0] ** 2 * y[1]],
        (0, 16),
        [1, 1],
        method="DOP853",
        rtol=1e-11,
        atol=1e-12,
        t_eval=np.linspace(0, 16, 201),
    )
    got = run.evaluate(found.t[:, None], [own.space.value(name) for name in ("u", "v")])
    assert np.linalg.norm(got - found.y) < 1e-3 * np.linalg.norm(found.y)


def test_who_gives_a_number_of_steps_wants_no_others() -> None:
    usual = GaussNewton().facts.until
    assert usual_windows(LOGISTIC, GaussNewton(), usual) == 5
    assert usual_windows(LOGISTIC, GaussNewton(), Until(steps=10)) == 1
    assert usual_windows(LOGISTIC, Adam(), Adam().facts.until) == 1


def test_a_window_goes_on_from_the_one_before() -> None:
    """Second order, and in two variables: u and u_t are handed on where t = t_k, faces in x stay."""
    wave = nt.zoo("wave")
    network = nt.Network(wave.variables, wave.fields, width=8, depth=2)
    seen: list[Problem] = []

    def solve(problem: Problem, its: nt.Network, until: Until) -> nt.Trajectory:
        seen.append(problem)
        return train(problem, its, points=16, until=until, evidence=False, resample=False, error=False)

    marched = march(wave, network, 2, solve, Until())
    assert [float(one.domain["t"][1]) for one in seen[:2]] == [0.5, 1.0] or len(seen) > 2
    second = seen[-1]
    handed = [group for group in second.conditions if group.data is not None]
    fixed = [g.name for g in wave.conditions if any("t" in face for face in g.faces)]
    assert [group.name for group in handed] == fixed
    assert all(point[wave.variables.index("t")] > 0 for g in handed for point in g.data.points)  # type: ignore[union-attr]
    added = [g for g in marched.problem.conditions if g.name.startswith(GROUP)]
    assert len(added) == len(wave.fields)
    assert all(isinstance(end, StageEnd) for end in marched.ends)


def test_a_coefficient_comes_to_its_own() -> None:
    """Geometrically between two numbers of one sign, linearly through zero; the last stage is the problem."""
    burgers = nt.zoo("burgers")
    found = [float(one.problem.parameters["nu"]) for one in stages(burgers, {"nu": 1})]
    assert np.allclose(found, [1, 10**-0.25, 10**-0.5, 10**-0.75])
    found = [float(one.problem.parameters["a"]) for one in stages(burgers, {"a": "-1/2"})]
    assert np.allclose(found, [-0.5, -0.25, 0, 0.25])
    run = train(burgers, points=16, continuation={"nu": 1}, until=Until(steps=8), drift=False)
    assert [stage.told for stage in run.stages] == ["nu = 1", "nu = 0.562", "nu = 0.316", "nu = 0.178"]
    assert [stage.steps for stage in run.stages] == [1, 1, 1, 1]
    assert len(run.times) == 9


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"windows": 0}, "number from 1 to 100"),
        ({"windows": True}, "number from 1 to 100"),
        ({"windows": 101}, "number from 1 to 100"),
        ({"continuation": {"mu": 1}}, "coefficients of the problem: a, c, nu"),
        ({"continuation": {"nu": "a"}}, "exact number"),
        ({"continuation": {"nu": float("nan")}}, "exact number"),
        ({"windows": 2, "method": "flow"}, "a method with steps"),
        ({"windows": 2, "checkpoint": "x.npz"}, "leave out windows"),
    ],
)
def test_what_does_not_fit_is_one_message(options: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        train(nt.zoo("burgers"), points=8, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["poisson", "helmholtz"])
def test_a_problem_without_time_has_no_windows(name: str) -> None:
    with pytest.raises(InputError, match="one variable like time"):
        train(nt.zoo(name), points=8, windows=2)


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'fields = ["u"]\nvariables = ["t"]\nequations = ["u_t = r*u*(1 - u)"]\n[parameters]\nr = 4\n'
        '[domain]\nt = [0, 2]\n[[conditions]]\nname = "start"\nequation = "u = 1/10"\non = [{ t = 0 }]\n'
    )
    assert cli(["train", str(file), "--json", "--no-drift"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert next(one["told"] for one in found["stages"]) == "t from 0 to 1"
    assert cli(["train", str(file), "--continue", "r=1", "--windows", "1", "--json", "--no-drift"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["told"] for one in found["stages"]] == ["r = 1", "r = 1.41", "r = 2", "r = 2.83"]
    assert cli(["train", str(file), "--continue", "r"]) == 2
    assert "--continue has 'r'; it needs NAME=VALUE" in capsys.readouterr().err


def test_windows_have_weights_of_their_own() -> None:
    """Numbers per group name no group of the values, and another method meets no window by its loss."""
    options = {"points": 24, "windows": 2, "drift": False}
    quick = initial(1, "u_t = 8*u*(1 - u)", u0="u = 1/10")
    run = train(quick, weights={"u0": 1.0, "f": 0.1}, until=Until(steps=3), **options)  # type: ignore[arg-type]
    assert run.group_weights == {"u0": 1.0, "f": 0.1}
    run = train(quick, method="adam", until=Until(steps=3), **options)  # type: ignore[arg-type]
    assert run.stages[0].loss < 1e-7
    assert run.method == "adam"


def test_a_stop_on_the_way_leaves_no_network_of_a_window() -> None:
    def stop(state: object, losses: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="on the way to the problem itself") as caught:
        train(LOGISTIC, windows=2, progress=stop)
    assert caught.value.trajectory is None


def test_windows_that_cannot_be_met_end() -> None:
    """u = 1/(1 − 20t) is infinite at t = 1/20."""
    seen: list[float] = []

    def solve(problem: Problem, its: nt.Network, until: Until) -> nt.Trajectory:
        seen.append(float(problem.domain["t"][1]))
        return train(problem, its, points=8, until=Until(steps=1), evidence=False, resample=False)

    found = march(
        initial(1, "u_t = 20*u^2", u0="u = 1"), nt.Network(["t"], ["u"], width=3, depth=1), 4, solve, Until()
    )
    assert 4 <= len(seen) <= 16
    assert len(found.ends) == len(seen)
