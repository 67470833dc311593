from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import study_cases
import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.studies.question.case import make_cases, point_counts
from ntk_theory.studies.question.study import Study
from ntk_theory.symbolic import problem, zoo, zoo_names


def test_defaults_are_those_of_the_study_of_the_paper() -> None:
    study = Study.from_problems(["kdv", "sine-gordon"])
    assert study.s == tuple(map(Fraction, ("2/5", "1/2", "5/8", "3/4", "1")))
    assert study.widths == tuple(2**k for k in range(6, 15))
    assert (study.seeds, study.depth, study.activations, study.output_bias) == (64, 1, ("tanh",), "zero")
    assert len(study.cells()) == 2 * 9 * 64 == len(set(study.cells()))
    assert {g: len(x) for g, x in study.points("kdv").items()} == {
        "initial": 8,
        "ends": 8,
        "slope": 16,
        "f": 16,
    }


def test_cells_are_in_a_fixed_order() -> None:
    cells = study_cases.small().cells()
    assert [c[2:] for c in cells[:6]] == [(16, 0), (16, 1), (16, 2), (32, 0), (32, 1), (32, 2)]
    assert [c.case for c in cells] == [study_cases.small().cases[0].label] * 6 + [
        study_cases.small().cases[1].label
    ] * 6


@pytest.mark.parametrize("name", zoo_names())
def test_every_zoo_case_reads_back_to_the_same_description(name: str) -> None:
    study = Study.from_problems(name, points=2, widths=8, seeds=1)
    text = study.json
    again = Study.from_dict(json.loads(text))
    assert again.json == text
    assert again == study
    mine, theirs = study.cases[0].problem, again.cases[0].problem
    for group, other in zip(mine.groups, theirs.groups, strict=True):
        assert [leg.expression for leg in group.legs] == [leg.expression for leg in other.legs]
        at = mine.space.variable_symbols, (0.3, 0.2, 0.1, 0.4)
        values = dict(zip(*at, strict=False))
        assert abs(complex(sp.N((group.target - other.target).subs(values)))) < 1e-9


def test_the_digest_does_not_depend_on_the_process() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(study_cases.__file__).parent)!r}); import study_cases; "
        "print(study_cases.small(criterion={'b': 1, 'a': 'x'}).digest)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {study_cases.small(criterion={"a": "x", "b": 1}).digest}


@pytest.mark.parametrize(
    "change",
    [
        {"problems": ("u_t + u*u_x", "u_t - u_xx + cos(u)")},
        {"s": ("1/2", "3/4")},
        {"widths": (16, 64)},
        {"seeds": 4},
        {"depth": 2},
        {"activations": "tanh"},
        {"output_bias": "none"},
        {"points": 5},
        {"seed": 1},
        {"neuron_tile": 1024},
        {"criterion": {"level": 0.05}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_argument_is_part_of_the_digest(change: dict[str, object]) -> None:
    assert study_cases.small(**change).digest != study_cases.small().digest
    assert study_cases.small(**change) != study_cases.small()


def test_the_criterion_is_frozen_and_left_out_of_the_digest_of_the_samples_only() -> None:
    strict, loose = study_cases.small(criterion={"level": 0.01}), study_cases.small(criterion={"level": 0.1})
    assert strict.samples_digest == loose.samples_digest
    assert strict.digest != loose.digest
    with pytest.raises(TypeError):
        strict.criterion["level"] = 1  # type: ignore[index]


@pytest.mark.parametrize("values", [["0", "0.1", "1"], [0, 0.1, Fraction(1)]])
def test_a_sweep_has_exact_values_and_one_set_of_points(values: list[object]) -> None:
    study = study_cases.small(problems="u_t + u_x^2 + kappa*u*u_x", sweep=("kappa", values))
    assert [c.parameters["kappa"] for c in study.cases] == ["0", "1/10", "1"]
    none, tenth, one = (c.problem.equations[0].legs[0] for c in study.cases)
    space = none.space
    assert none.expression == problem("u_t + u_x^2").equations[0].legs[0].expression
    assert tenth.gradient[space.slot("u", x=1)].coeff(space.symbol(space.value("u"))) == Fraction(1, 10)
    assert one.expression == problem("u_t + u_x^2 + u*u_x").equations[0].legs[0].expression
    for group, points in study.cases[0].points.items():
        np.testing.assert_array_equal(points, study.cases[2].points[group])


def test_a_sweep_of_a_zoo_parameter() -> None:
    (slow, fast) = make_cases("kdv", sweep=("c", [1, 4]), points=2)
    assert slow.label == "kdv [c=1]"
    assert slow.problem.groups[0].target != fast.problem.groups[0].target


def test_a_sweep_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="kappa"):
        study_cases.small(problems="u_t + u_x^2", sweep=("kappa", [0, 1]))
    with pytest.raises(InputError, match="different"):
        study_cases.small(problems="u_t + k*u_x^2", sweep=("k", [1, "1"]))


def test_a_parameter_without_a_value_is_refused() -> None:
    free = problem("u_t + k*u_x^2", parameters=["k"])  # type: ignore[arg-type]  # names leave them free
    with pytest.raises(InputError, match="'k' without a value"):
        free.bind()


@pytest.mark.parametrize("name", ["kdv", "navier-stokes-2d", "lane-emden", "wave"])
def test_value_groups_share_the_points(name: str) -> None:
    counts = point_counts(zoo(name), 16)
    for group in zoo(name).groups:
        if group.kind == "value":
            assert counts[group.name] >= max(2, len(group.faces))
        else:
            assert counts[group.name] == 16
    shared = sum(counts[g.name] for g in zoo(name).groups if g.kind == "value")
    assert shared == 16 or (name == "navier-stokes-2d" and shared > 16)  # more faces than points there


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"problems": ()}, "problems is empty"),
        ({"problems": ("u_t - u_xx", "u_t - u_xx")}, "cases has .* twice"),
        ({"seeds": 0}, "seeds is 0"),
        ({"widths": (16, 16)}, "widths has '16' twice"),
        ({"widths": ()}, "widths is empty"),
        ({"s": "half"}, "s is 'half'"),
        ({"activations": ("tanh", "step")}, "step"),
        ({"output_bias": "one"}, "output_bias is 'one'"),
        ({"points": 0}, "points is 0"),
        ({"criterion": {"level": float("nan")}}, "criterion has 'level'"),
        ({"criterion": {"level": [1]}}, "criterion has 'level'"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, object], match: str) -> None:
    with pytest.raises(InputError, match=match):
        study_cases.small(**change)


def test_the_estimate_grows_with_the_study() -> None:
    one, two = study_cases.small().estimate(), study_cases.small(seeds=6).estimate()
    assert two.cells == 2 * one.cells == 24
    assert two.seconds == pytest.approx(2 * one.seconds)
    deep = study_cases.small(depth=2, widths=2**14).estimate()
    assert deep.cell_bytes > 2 * 8 * 2.0**28  # two copies of the hidden weight matrix
