"""What every registered method of training owes: the battery runs for each, and a failure has its name.

A new method is tested by being listed in ``METHODS``; nothing here knows one by name.
"""

from __future__ import annotations

import dataclasses
import doctest
import importlib
import json
import pkgutil
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import ntk_theory as nt
from ntk_theory.cli.app import run
from ntk_theory.cli.train import KERNEL_POINTS
from ntk_theory.empirical.jacobian import JacobianRows
from ntk_theory.errors import InputError, Interrupted, NonFiniteError, TrainingError
from ntk_theory.report.terminal.run import record
from ntk_theory.training import Resample, Until, methods
from ntk_theory.training.defaults import default_network
from ntk_theory.training.methods.method import Method
from ntk_theory.training.methods.options import options_of
from ntk_theory.training.methods.registry import METHODS, method, method_class, table
from ntk_theory.training.objective import Objective
from ntk_theory.training.train import resolved, train
from ntk_theory.training.verdict import judge

every_method = pytest.mark.parametrize("name", METHODS)
#: One problem that is affine in the jets, one that is not.
PROBLEMS = {"linear": "heat", "nonlinear": "sine-gordon"}
POINTS, WIDTH, DEPTH = 4, 6, 2
STEPS, TIME = 8, 0.02


def setup(which="linear"):
    problem = nt.zoo(PROBLEMS[which])
    network = default_network(problem, width=WIDTH, depth=DEPTH)
    return problem, network, network.init(3), nt.draw_points(problem, POINTS, 3)


def short(name):
    """A bare ``until`` of a short run: a number of steps, or an end time."""
    return STEPS if METHODS[name].facts.end_option is None else TIME


def theta(made):
    return made.parameters.flatten()


def trained(name, which="linear", **more):
    return train(
        *setup(which),
        method=name,
        **{"until": short(name), "error": False, "drift": False, "evidence": False} | more,
    )


# --- facts, options, place ----------------------------------------------------------------------


@every_method
def test_facts_are_whole(name):
    kind = METHODS[name]
    facts = kind.facts
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    for alias in facts.aliases:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", alias)
        assert method_class(alias) is method_class(alias.upper().replace("-", "_")) is kind
    assert facts.summary.endswith("."), f"{name} needs a summary, one sentence for the help"
    for advice in (facts.smaller, facts.stalled):
        assert advice, f"{name} says nothing for a run that diverges or stalls"
        assert not advice.endswith("."), "it ends a sentence of the caller's"
    made = kind()
    assert (made.horizon is None) == (facts.end_option is None), f"{name}: end_option goes with a horizon"
    assert made.horizon is not None or facts.until.steps is not None, f"{name} would not end by itself"
    for n, size in ((10**5, 10**4), (10**4, 10**5)):
        assert made.floats(n, size) >= min(n, size) * size * facts.needs_jacobian


@every_method
def test_options_are_frozen_described_and_read_from_text(name):
    kind = METHODS[name]
    assert dataclasses.is_dataclass(kind), f"{name} needs @dataclass(frozen=True)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(kind(), dataclasses.fields(kind)[0].name, 1)
    for one in options_of(kind):
        assert one.help.endswith((".", "?")), f"{name}: the help of {one.name} is a sentence"
        text = "none" if one.default is None else str(one.default)
        assert method(name, **{one.name: text}) == method(name) == kind()
        with pytest.raises(InputError, match=one.name):
            method(name, **{one.name: "certainly not"})
        if float in one.takes:
            for number in (float("nan"), float("inf"), -1.0):
                with pytest.raises(InputError, match=f"{one.name} is {number}"):
                    kind(**{one.name: number})
    with pytest.raises(InputError, match=rf"nothing is 1, but {name} has no such option"):
        method(name, nothing=1)


@every_method
def test_an_end_is_the_method_s_own_or_what_was_asked(name):
    kind = METHODS[name]
    facts = kind.facts
    assert resolved(name, None) == (kind(), facts.until)
    assert resolved(name, {"loss": 0.5}) == (kind(), dataclasses.replace(facts.until, loss=0.5))
    assert resolved(name, Until(steps=3)) == (kind(), Until(steps=3))
    chosen, rules = resolved(name, 7)
    if facts.end_option is None:
        assert rules == dataclasses.replace(facts.until, steps=7)
    else:
        assert rules == facts.until
        assert chosen.horizon.end == 7
    with pytest.raises(InputError, match="rule 'stop'"):
        resolved(name, {"stop": 1})


@every_method
def test_it_has_a_file_of_its_own_with_a_doctest_that_passes(name):
    kind = METHODS[name]
    module = sys.modules[kind.__module__]
    assert [other for other in METHODS.values() if other.__module__ == kind.__module__] == [kind]
    assert Path(module.__file__).parent == Path(methods.__file__).parent
    tests = [test for test in doctest.DocTestFinder().find(kind, kind.__name__) if test.examples]
    assert any(test.name == kind.__name__ for test in tests), f"{kind.__name__} has no doctest"
    for test in tests:
        assert doctest.DocTestRunner().run(test).failed == 0


def test_every_method_of_the_package_is_registered():
    for found in pkgutil.iter_modules(methods.__path__, methods.__name__ + "."):
        importlib.import_module(found.name)
    todo, concrete = [Method], set()
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        if kind.__module__.startswith(methods.__name__) and "facts" in vars(kind):
            concrete.add(kind)
    left = {kind.__name__ for kind in concrete - set(METHODS.values())}
    assert not left, f"add to METHODS in training/methods/registry.py: {', '.join(sorted(left))}"


def test_the_table_refuses_what_is_not_whole():
    class Bare(Method):
        pass

    adam = METHODS["adam"]
    with pytest.raises(TypeError, match="Bare has no facts"):
        table(Bare)
    half = type("Half", (Bare,), {"facts": adam.facts})
    with pytest.raises(TypeError, match="Half lacks advance, begin"):
        table(half)
    with pytest.raises(TypeError, match="'adam' of Adam is taken by Adam"):
        table(adam, adam)
    undecorated = type("Undecorated", (Method,), {"facts": adam.facts, "begin": None, "advance": None})
    with pytest.raises(TypeError, match="Undecorated is no dataclass; it needs @dataclass"):
        table(undecorated)
    endless = type("Endless", (adam,), {"facts": dataclasses.replace(adam.facts, end_option="end")})
    with pytest.raises(TypeError, match="no option 'end'"):
        table(endless)
    mute = dataclasses.make_dataclass(
        "Mute", [("rate", float, 1.0)], bases=(adam,), frozen=True, namespace={"facts": adam.facts}
    )
    with pytest.raises(TypeError, match=r"Mute\.rate has no help"):
        table(mute)


# --- numbers ------------------------------------------------------------------------------------


@every_method
@pytest.mark.parametrize("which", PROBLEMS)
def test_it_lowers_the_loss(name, which):
    made = trained(name, which, until=None if METHODS[name].facts.end_option else 30)
    assert made.loss < 0.9 * made.losses[0]
    assert made.method == name
    assert made.clock == METHODS[name].facts.clock


@every_method
def test_a_step_leaves_the_old_state_and_needs_nothing_that_was_kept(name):
    """The same state gives the same next one, with and without what only saves work: method and state are
    values."""
    problem, network, start, points = setup("nonlinear")
    objective = Objective.of(problem, network, start, points)
    made = method(name)
    state = bare = made.begin(objective, start.flatten())
    for _ in range(4):
        before = (state.vector.copy(), {key: np.array(value) for key, value in state.memory.items()})
        again, state_next = made.advance(objective, state), made.advance(objective, state)
        np.testing.assert_array_equal(state.vector, before[0])
        for key, value in before[1].items():
            np.testing.assert_array_equal(state.memory[key], value)
        bare = made.advance(objective, dataclasses.replace(bare, kept=None))
        for other in (again, bare):
            np.testing.assert_array_equal(other.vector, state_next.vector)
            np.testing.assert_array_equal(other.values, state_next.values)
        np.testing.assert_array_equal(state_next.values, objective.values(state_next.vector))
        state = state_next


@every_method
@pytest.mark.parametrize("which", PROBLEMS)
def test_it_moves_in_the_metric_of_the_layers_rates(name, which):
    """Where η is 0 nothing moves, elsewhere something does, and another η is another way."""
    problem, network, start, points = setup(which)
    ends = []
    for rates in ((0.5, 0.0, 1.0, 0.0, 2.0, 1.0), (1.0, 0.0, 1.0, 0.0, 0.5, 2.0)):
        theta = dataclasses.replace(start, layer_rates=rates)
        objective = Objective.of(problem, network, theta, points)
        made, state = method(name), None
        for _ in range(4):
            begun = made.begin(objective, theta.flatten()) if state is None else state
            state = made.advance(objective, begun)
        moved = objective.parameters(state.vector).blocks()
        for rate, before, after in zip(rates, theta.blocks(), moved, strict=True):
            assert np.array_equal(before, after) == (rate == 0), f"{name} moves as if η were not {rate}"
        ends.append(state.vector)
    assert not np.allclose(*ends, rtol=1e-12, atol=0), f"{name} takes no notice of η"


@every_method
def test_it_goes_on_from_a_checkpoint_bit_for_bit(name, tmp_path):
    path = tmp_path / "run.npz"
    how = {"until": {"steps": 6}, "drift": True, "every": 1}
    whole = trained(name, **how)
    trained(name, **how | {"until": {"steps": 2}}, checkpoint=path)
    resumed = trained(name, **how, checkpoint=path)
    np.testing.assert_array_equal(theta(resumed), theta(whole))
    np.testing.assert_array_equal(resumed.losses, whole.losses)
    assert resumed.drift.sup() == whole.drift.sup()


@every_method
def test_an_interrupt_keeps_the_last_whole_step(name, tmp_path):
    path = tmp_path / "run.npz"

    def press(state, _):
        if state.step == 3:
            raise KeyboardInterrupt

    how = {"until": {"steps": 5}, "checkpoint": path}
    with pytest.raises(Interrupted, match=rf"{name} was interrupted at step 2; the same call goes on from"):
        trained(name, **how, progress=press)
    np.testing.assert_array_equal(theta(trained(name, **how)), theta(trained(name, until={"steps": 5})))


#: Rule → (rules under which it is the first to apply, what the reason says).
RULES = {
    "steps": (Until(steps=2), "2 steps"),
    "seconds": (Until(seconds=1e-9), "1e-09 seconds"),
    "cpu": (Until(cpu=1e-9), "1e-09 seconds of the processor"),
    "loss": (Until(loss=1e9), "the loss is at most 1e+09"),
    "error": (Until(error=1e9), "the relative error is at most 1e+09"),
    "patience": (Until(patience=1), "the loss fell by less than a tenth in 1 steps"),
}


@every_method
@pytest.mark.parametrize("rule", [one.name for one in dataclasses.fields(Until)])
def test_it_respects_every_stopping_rule(name, rule):
    rules, reason = RULES[rule]
    made = train(*setup(), method=name, until=rules, error=rule == "error", drift=False)
    assert made.reason == reason
    assert rule != "steps" or len(made.times) == 3


@every_method
def test_points_and_weights_change_unless_it_needs_fixed_ones(name):
    how = {"resample": Resample(2), "reweigh": 2, "weights": "trace", "until": {"steps": 5}}
    if METHODS[name].facts.needs_fixed_points:
        with pytest.raises(InputError, match=f"{name} keeps its points and weights"):
            trained(name, **how)
        return
    made = trained(name, **how)
    assert not np.array_equal(made.points["f"], setup()[3]["f"])
    assert np.isfinite(made.losses).all()


@every_method
def test_it_forms_the_jacobian_only_where_it_says_so(name, monkeypatch):
    asked, fill = [], JacobianRows.fill
    monkeypatch.setattr(JacobianRows, "fill", lambda self, *more: asked.append(1) or fill(self, *more))
    trained(name, until={"steps": 2})
    assert bool(asked) == METHODS[name].facts.needs_jacobian


# --- the command line ---------------------------------------------------------------------------

SMALL = ("--width", str(WIDTH), "--depth", str(DEPTH), "--points", str(POINTS), "--seed", "3")


def command(name, *more, which="linear"):
    return run(["train", PROBLEMS[which], "--method", name, *SMALL, *more])


@every_method
@pytest.mark.parametrize("which", PROBLEMS)
def test_the_command_and_the_call_give_the_same_numbers(name, which, capsys):
    end = "--steps" if METHODS[name].facts.end_option is None else "--until"
    assert command(name, end, str(short(name)), "--json", which=which) == 0
    told = json.loads(capsys.readouterr().out)
    problem = nt.zoo(PROBLEMS[which])
    network = default_network(problem, width=WIDTH, depth=DEPTH)
    made = nt.train(
        problem, network, points=POINTS, seed=3, method=name, until=short(name), drift=KERNEL_POINTS
    )
    want = json.loads(json.dumps(record(problem, made, judge(made, asked=True))))
    assert told.pop("preflight") is not None  # said before the run, by the command alone
    assert told | {"seconds": 0} == want | {"seconds": 0}


@every_method
def test_they_end_alike_where_nothing_is_said(name, capsys):
    """The rules are the method's own: a target beside them ends both runs at the same step."""
    problem, network, *_ = setup()
    target = float(0.7 * trained(name, until={"steps": 1}).losses[0])
    assert command(name, "--loss", repr(target), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    made = nt.train(problem, network, points=POINTS, seed=3, method=name, until={"loss": target})
    assert (told["steps"], told["loss"], told["reason"]) == (len(made.times) - 1, made.loss, made.reason)


@every_method
def test_help_lists_it_with_its_options(name, capsys):
    assert run(["train", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    facts = METHODS[name].facts
    for text in (facts.summary, *facts.aliases):
        assert text in told
    for one in options_of(METHODS[name]):
        assert f"{one.name}={'none' if one.default is None else one.default} {one.help}" in told


@every_method
def test_short_options_are_those_it_has(name, capsys):
    rate = "rate" in {one.name for one in options_of(METHODS[name])}
    assert command(name, "--rate", "1e-9", "--option", "rate=1e-9", "--steps", "1", "--json") == (
        0 if rate else 2
    )
    timed = METHODS[name].facts.end_option is not None
    assert command(name, "--until", "1e-6", "--json") == (0 if timed else 2)
    told = capsys.readouterr().err
    assert ("leave it out" in told) == (not rate)
    assert (f"{name} has no time, use --steps" in told) == (not timed)


@every_method
def test_a_stalled_or_failed_run_names_its_remedies(name, monkeypatch, capsys):
    facts = METHODS[name].facts
    assert command(name, "--steps", "1", "--loss", "1e-300") == 3
    assert f"for {name}: {facts.stalled}" in capsys.readouterr().err

    def undefined(*_):
        raise NonFiniteError("R is not finite")

    monkeypatch.setattr(METHODS[name], "advance", undefined)
    with pytest.raises(TrainingError, match=f"{name} stopped at step 0: .*or take {facts.smaller}"):
        trained(name)
