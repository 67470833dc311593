"""Problems check themselves: good ones can be made by every way in, and no damage to one goes unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from model_problems import kdv, system

import ntk_theory as nt
from ntk_theory.errors import ProblemError
from ntk_theory.studies.question.case import Case, make_cases
from ntk_theory.symbolic import Group, GroupKind, JetSpace, Operator, Problem, from_toml, to_toml

ZOO = ("kdv", "heat", "burgers", "elasticity-2d", "boussinesq", "maxwell-1d", "robin-heat", "schroedinger")
GOOD: dict[str, Callable[[], Problem]] = {
    "by hand": kdv,
    "system by hand": system,
    "text": lambda: nt.problem("u_t + u*u_x + u_xxx"),
    **{name: lambda name=name: nt.zoo(name) for name in ZOO},
}
OTHER = JetSpace(("h",), ("q", "r"))
FOREIGN = Operator(OTHER, OTHER.symbol(OTHER.value("h")))

#: A damage changes one group or one part of a problem, or hands back ``None`` where it does not apply.
Damage = Callable[[Problem, int], object]


def some(problem: Problem, k: int) -> Group:
    return problem.groups[k % len(problem.groups)]


def put(problem: Problem, old: Group, new: Group) -> Problem:
    def swapped(groups: tuple[Group, ...]) -> tuple[Group, ...]:
        return tuple(new if g is old else g for g in groups)

    return replace(problem, equations=swapped(problem.equations), conditions=swapped(problem.conditions))


def renamed(problem: Problem, k: int) -> object:
    group, other = some(problem, k), some(problem, k + 1)
    return put(problem, group, replace(group, name=other.name)) if group is not other else None


def with_another_kind(problem: Problem, k: int) -> object:
    group = some(problem, k)
    is_equation = group.kind is GroupKind.EQUATION
    kind = GroupKind.CONDITION if is_equation else GroupKind.EQUATION
    return put(problem, group, replace(group, kind=kind))


def on_a_foreign_face(problem: Problem, k: int) -> object:
    return replace(some(problem, k), faces=({"no": sp.S.Zero},))


def off_the_domain(problem: Problem, k: int) -> object:
    group = some(problem, k)
    for name, (_, high) in problem.domain.items():
        if group.kind is not GroupKind.EQUATION:
            faces = ({name: high + 1},) * len(group.legs)
            return put(problem, group, replace(group, faces=faces))
    return None


def with_a_face_less(problem: Problem, k: int) -> object:
    pairs = [group for group in problem.groups if len(group.legs) > 1]
    return replace(pairs[0], faces=pairs[0].faces[1:]) if pairs else None


def with_an_interval(problem: Problem, k: int, ends: object) -> object:
    name = problem.variables[k % len(problem.variables)]
    return replace(problem, domain={**problem.domain, name: ends})


def solved_by(problem: Problem, change: Callable[[dict[str, sp.Expr]], dict[str, object]]) -> object:
    return replace(problem, solution=change(dict.fromkeys(problem.fields, sp.S.One)))


def impostor(problem: Problem, k: int) -> object:
    group = some(problem, k)
    return replace(group, legs=(Operator(problem.space, sp.Symbol(problem.fields[0])), *group.legs[1:]))


JET: Callable[[Problem], sp.Symbol] = lambda p: p.space.symbol(p.space.value(p.fields[-1]))  # noqa: E731
DAMAGES: dict[str, Damage] = {
    "no equation": lambda p, k: replace(p, equations=()),
    "equations that are none": lambda p, k: replace(p, equations=("u_t",)),
    "a text for equations": lambda p, k: replace(p, equations="u_t"),
    "conditions that are a number": lambda p, k: replace(p, conditions=3),
    "a group twice": lambda p, k: replace(p, equations=(*p.equations, p.equations[0])),
    "two groups of one name": renamed,
    "a kind in the wrong place": with_another_kind,
    "an unknown kind": lambda p, k: replace(some(p, k), kind="boundary"),
    "no kind": lambda p, k: replace(some(p, k), kind=None),
    "an empty name": lambda p, k: replace(some(p, k), name=""),
    "a name with a space": lambda p, k: replace(some(p, k), name="left end"),
    "a number for a name": lambda p, k: replace(some(p, k), name=3),
    "an equation's name": lambda p, k: replace(
        p, conditions=(replace(p.conditions[0], name="f7"), *p.conditions[1:])
    ),
    "no leg": lambda p, k: replace(some(p, k), legs=()),
    "a leg that is an expression": lambda p, k: replace(some(p, k), legs=(JET(p),)),
    "legs of two spaces": lambda p, k: replace(some(p, k), legs=(*some(p, k).legs, FOREIGN)),
    "a group of another space": lambda p, k: replace(
        p, equations=(Group("f", GroupKind.EQUATION, (FOREIGN,)),)
    ),
    "a value that is none": lambda p, k: replace(
        some(p, k), kind=GroupKind.VALUE, faces=(), legs=(Operator(p.space, 2 * JET(p)),)
    ),
    "an equation with two legs": lambda p, k: replace(p.equations[0], legs=p.equations[0].legs * 2),
    "an equation on a face": lambda p, k: replace(p.equations[0], faces=({p.variables[0]: sp.S.Zero},)),
    "a face of no variable": on_a_foreign_face,
    "a face off the domain": off_the_domain,
    "a face less than legs": with_a_face_less,
    "a face at a variable": lambda p, k: replace(
        some(p, k), kind=GroupKind.CONDITION, faces=({p.variables[0]: p.space.variable_symbols[-1]},)
    ),
    "a face at infinity": lambda p, k: replace(some(p, k), faces=({p.variables[0]: sp.oo},)),
    "a face that is a number": lambda p, k: replace(some(p, k), faces=(0,)),
    "a target with a field": lambda p, k: replace(some(p, k), target=JET(p)),
    "a target that is text": lambda p, k: replace(some(p, k), target="sin(x)"),
    "a target that is complex": lambda p, k: replace(some(p, k), target=sp.I),
    "a symbol that looks like a field": impostor,
    "ends in the wrong order": lambda p, k: with_an_interval(p, k, (1, 0)),
    "an empty interval": lambda p, k: with_an_interval(p, k, (sp.pi, sp.pi)),
    "an infinite interval": lambda p, k: with_an_interval(p, k, (0, sp.oo)),
    "an interval of nan": lambda p, k: with_an_interval(p, k, (0.0, float("nan"))),
    "one end": lambda p, k: with_an_interval(p, k, (0,)),
    "an end that moves": lambda p, k: with_an_interval(p, k, (0, p.space.variable_symbols[0])),
    "an interval of no variable": lambda p, k: replace(p, domain={**p.domain, "no": (0, 1)}),
    "a domain that is a list": lambda p, k: replace(p, domain=[(0, 1)]),
    "a solution too few": lambda p, k: solved_by(p, lambda s: dict(list(s.items())[1:]) or {"no": sp.S.One}),
    "a solution too many": lambda p, k: solved_by(p, lambda s: {**s, "no": sp.S.One}),
    "a solution with a field": lambda p, k: solved_by(p, lambda s: dict.fromkeys(s, JET(p))),
    "a parameter that is a variable": lambda p, k: replace(p, parameters={p.variables[0]: sp.S.One}),
    "a parameter that is a derivative": lambda p, k: replace(
        p, parameters={p.space.name(p.space.raised(p.space.value(p.fields[0]), "x")): sp.S.One}
    ),
    "a parameter without a value": lambda p, k: replace(p, parameters={"nu": sp.Symbol("k")}),
    "a parameter that is infinite": lambda p, k: replace(p, parameters={"nu": float("inf")}),
    "a space that is none": lambda p, k: replace(p, space=("u",)),
    "a name that is none": lambda p, k: replace(p, name=None),
    "a field twice": lambda p, k: replace(p.space, fields=(*p.fields, p.fields[0])),
    "a variable that is a field": lambda p, k: replace(p.space, variables=(*p.variables, p.fields[0])),
    "no variable": lambda p, k: replace(p.space, variables=()),
    "a text for fields": lambda p, k: replace(p.space, fields="uv"),
    "a field with an underscore": lambda p, k: replace(p.space, fields=("u_1",)),
}


def complaint(damage: str, problem: Problem, k: int) -> str | None:
    """What is said about a damaged problem; ``None`` where the damage does not apply to it."""
    try:
        outcome = DAMAGES[damage](problem, k)
    except ProblemError as refusal:
        return str(refusal)
    assert outcome is None, f"{damage}: {outcome} was accepted"
    return None


@settings(max_examples=8)
@given(st.sampled_from(sorted(GOOD)), st.integers(0, 5))
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.properties
def test_no_damage_to_a_good_problem_goes_unseen(damage: str, good: str, k: int) -> None:
    said = complaint(damage, GOOD[good](), k)
    assert said is None or len(said) > 20  # it says something


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_applies_to_some_problem(damage: str) -> None:
    assert any(complaint(damage, good(), 0) for good in GOOD.values())


@pytest.mark.parametrize("name", nt.zoo_names())
def test_good_problems_stay_good_by_every_way(name: str) -> None:
    problem = nt.zoo(name)
    for again in (replace(problem), from_toml(to_toml(problem)), problem.bind()):
        assert [g.name for g in again.groups] == [g.name for g in problem.groups]
    (case,) = make_cases(problem, points=4)
    assert [g.name for g in Case.from_dict(case.to_dict()).problem.groups] == list(case.points)


def test_two_groups_of_one_name_were_classified_by_the_last() -> None:
    problem = nt.problem("u_t - u_xx; v_t - v_xx + u*v_x")
    assert str(nt.classify(problem).sharp["f2,f2"].regime(sp.Rational(1, 2)).limit) == "random"
    first, second = problem.equations
    with pytest.raises(ProblemError, match="'f2' is used twice"):
        replace(problem, equations=(second, replace(first, name="f2")))


def test_plain_python_values_are_taken_exactly() -> None:
    space = JetSpace(["u"], ["x"])  # type: ignore[arg-type]
    u, u_x = (space.symbol(space.slot("u", x=n)) for n in (0, 1))
    value = Group("b", "value", [Operator(space, u)], 0.1, [{"x": 0}])  # type: ignore[arg-type]
    equation = Group("f", "equation", [Operator(space, u_x)])  # type: ignore[arg-type]
    problem = Problem(space, [equation], [value], {"x": [0, 0.5]})  # type: ignore[arg-type]
    assert problem.conditions[0].kind is GroupKind.VALUE
    assert problem.conditions[0].target == sp.Rational(1, 10)
    assert problem.domain == {"x": (0, sp.Rational(1, 2))}
    assert nt.classify(problem).problem is problem


def test_values_put_in_are_checked_too() -> None:
    text = (
        'equations = ["u_x = 0"]\n[parameters]\nL = 1\n[domain]\nx = [0, "L"]\n'
        '[[conditions]]\nname = "right"\nequation = "u"\non = [{ x = "1/2" }]\n'
    )
    problem = from_toml(text)
    assert problem.bind().domain["x"][1] == 1
    with pytest.raises(ProblemError, match="first end must be below"):
        from_toml(text, parameters={"L": -1})
    with pytest.raises(ProblemError, match="outside of domain"):
        from_toml(text, parameters={"L": "1/4"})


def test_a_condition_whose_legs_cancel_says_nothing() -> None:
    text = (
        'equations = ["u_x = 0"]\n[[conditions]]\nname = "p"\nequation = "u"\n'
        "periodic = [{ x = 0 }, { x = 0 }]\n"
    )
    with pytest.raises(ProblemError, match="legs cancel"):
        from_toml(text)
