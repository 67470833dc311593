"""Problems in parts: outputs of their own, conditions in the right part, interfaces, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.empirical.jets import jets
from ntk_theory.errors import ParseError, ProblemError
from ntk_theory.model.points import draw_points
from ntk_theory.studies.question.case import Case, bound, make_cases
from ntk_theory.symbolic import Group, GroupKind, JetSpace, Operator, Problem, Slot, from_toml, to_toml
from ntk_theory.symbolic.grammar import parse_text, render
from ntk_theory.training.solution import TestGrid

HALVES = """
variables = ["x", "y"]
[domain]
x = [0, 1]
y = [-1, 1]
[[equations]]
name = "upper"
equation = "2*laplacian(u) = 1"
where = { y = [0, 1] }
[[equations]]
name = "lower"
equation = "laplacian(u) + u^2 = 0"
where = { y = [-1, 0] }
"""


def condition(**entries: str) -> str:
    return "[[conditions]]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())


def halves(**entries: str) -> Group:
    return from_toml(HALVES + condition(name='"c"', **entries)).conditions[0]


#: A condition of the two halves, and its operator and target as they must come out.
READ: dict[str, tuple[dict[str, str], str, str]] = {
    "at the bottom": ({"equation": '"u = x"', "on": "[{ y = -1 }]"}, "u@lower", "x"),
    "at the top": ({"equation": '"2*u_y = 3"', "on": "[{ y = 1 }]"}, "2*u_y@upper", "3"),
    "in a corner": ({"equation": '"u"', "on": "[{ x = 0, y = 1 }]"}, "u@upper", "0"),
    "at a side, by where": (
        {"equation": '"u_x"', "on": "[{ x = 0 }, { x = 1 }]", "where": "{ y = [0, 1] }"}, "u_x@upper", "0",
    ),
    "at half a side": (
        {"equation": '"u_x"', "on": "[{ x = 0 }]", "where": '{ y = ["-1/2", 0] }'}, "u_x@lower", "0",
    ),
    "at a side, by name": ({"equation": '"u_x@lower"', "on": "[{ x = 0 }]"}, "u_x@lower", "0"),
    "inside, by where": ({"equation": '"u = 0"', "where": '{ y = ["1/4", "1/2"] }'}, "u@upper", "0"),
    "inside, by name": ({"equation": '"u@lower = 1"'}, "u@lower", "1"),
    "periodic in a part": (
        {"equation": '"u_x"', "periodic": "[{ x = 0 }, { x = 1 }]", "where": "{ y = [0, 1] }"},
        "u_x@upper", "0",
    ),
    "value at the interface": (
        {"equation": '"u@upper - u@lower"', "interface": "{ y = 0 }"}, "u@upper - u@lower", "0",
    ),
    "flux at the interface": (
        {"equation": '"2*u_y@upper = u_y@lower + x"', "interface": "{ y = 0 }"},
        "2*u_y@upper - u_y@lower", "x",
    ),
    "radiation at the interface": (
        {"equation": '"u_y@upper - u@lower^4 + u@upper^4"', "interface": "[{ y = 0 }]"},
        "u_y@upper - u@lower^4 + u@upper^4", "0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_conditions_find_their_part_and_survive_the_file(name: str) -> None:
    entries, operator, target = READ[name]
    group = halves(**entries)
    space = JetSpace(("u@upper", "u@lower"), ("x", "y"))
    assert group.space == space
    (wanted,) = parse_text(operator, fields=space.fields, variables=space.variables).equations
    assert group.legs[0].expression == wanted
    assert render(group.target) == target
    problem = from_toml(HALVES + condition(name='"c"', **entries))
    assert from_toml(to_toml(problem)).groups == problem.groups
    (case,) = make_cases(problem, points=3)
    assert Case.from_dict(case.to_dict()).problem.groups == problem.groups
    assert bound(problem).groups == problem.groups


@pytest.mark.parametrize("name", READ)
def test_points_lie_where_their_group_holds(name: str) -> None:
    problem = from_toml(HALVES + condition(name='"c"', **READ[name][0]))
    points = draw_points(problem, 40, seed=3)
    assert (points["upper"][:, 1] > 0).all()
    assert (points["lower"][:, 1] < 0).all()
    (group,) = problem.conditions
    place = problem.place(group)
    low, high = (np.array([float(place[v][end]) for v in "xy"]) for end in (0, 1))
    found = points["c"].reshape(-1, 2)
    assert ((found >= low) & (found <= high)).all()
    for leg, face in enumerate(group.faces if len(group.legs) > 1 else ()):
        assert (points["c"][:, leg, 0] == float(face["x"])).all()
    if len(group.faces) == 1:
        for variable, at in group.faces[0].items():
            assert (found[:, "xy".index(variable)] == float(at)).all()


#: What is refused, and a part of the message.
REFUSED: dict[str, tuple[str, str]] = {
    "a side of both parts": (condition(name='"c"', equation='"u_x"', on="[{ x = 0 }]"), "lies in the parts"),
    "the interface itself": (condition(name='"c"', equation='"u"', on="[{ y = 0 }]"), "u@upper or u@lower"),
    "a face off the part": (
        condition(name='"c"', equation='"u@upper"', on="[{ y = -1 }]"), "no place left on its face at y",
    ),
    "a place off the part": (
        condition(name='"c"', equation='"u@upper"', where='{ y = [-1, "-1/2"] }'), "no place left along y",
    ),
    "an interface in one part": (
        condition(name='"c"', equation='"u_y@upper"', interface="{ y = 0 }"), "the fields of two parts",
    ),
    "two parts without a face": (condition(name='"c"', equation='"u@upper - u@lower"'), "no place left"),
    "an interface elsewhere": (
        condition(name='"c"', equation='"u@upper - u@lower"', interface='{ y = "1/2" }'), "no place left",
    ),
    "on and interface": (
        condition(name='"c"', equation='"u@upper - u@lower"', interface="{ y = 0 }", on="[{ x = 0 }]"),
        "has both on and interface",
    ),
    "where that is no table": (condition(name='"c"', equation='"u"', where="3"), "must be a table"),
    "where the wrong way round": (
        condition(name='"c"', equation='"u"', where="{ y = [1, 0] }"), "first end must be below",
    ),
    "a solution too few": ('[solution]\n"u@upper" = "x"\n', "one entry per field"),
    "a solution of no part": ('[solution]\nu = "x"\nq = "y"\n', "one entry per field"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_conditions_that_do_not_fit_are_refused(name: str) -> None:
    text, message = REFUSED[name]
    with pytest.raises(ProblemError) as caught:
        from_toml(HALVES + text)
    assert message in str(caught.value)


#: A change of the file's text that damages the parts.
DAMAGES: dict[str, tuple[Callable[[str], str], str]] = {
    "one equation without where": (lambda t: t.replace("where = { y = [-1, 0] }\n", ""), "all need one"),
    "parts that overlap": (lambda t: t.replace("[-1, 0]", '[-1, "1/4"]'), "overlap"),
    "a part off the domain": (lambda t: t.replace("[-1, 0]", "[-2, 0]"), "leaves domain.y"),
    "no name": (lambda t: t.replace('name = "upper"\n', ""), "the name None will not do"),
    "the name of the union": (lambda t: t.replace('"upper"', '"b"'), "will not do"),
    "a name with a space": (lambda t: t.replace('"upper"', '"up per"'), "will not do"),
    "two of one name": (lambda t: t.replace('"upper"', '"lower"'), "lower"),
    "an unknown key": (lambda t: t.replace("where = { y = [0, 1] }", "were = { y = [0, 1] }"), "unknown key"),
    "no equation": (lambda t: t.replace('equation = "2*laplacian(u) = 1"\n', ""), "must be a text"),
    "a place of no variable": (lambda t: t.replace("{ y = [0, 1] }", "{ q = [0, 1] }"), "not a variable"),
    "a place without length": (lambda t: t.replace("{ y = [0, 1] }", "{ y = [1, 1] }"), "below its second"),
    "a part with two places": (
        lambda t: (
            t + '[[equations]]\nname = "more"\npart = "upper"\nequation = "u_x"\nwhere = { y = ["1/2", 1] }\n'
        ),
        "a part has one place",
    ),
    "part without where": (lambda t: t.replace("where = { y = [0, 1] }", 'part = "up"'), "will not do"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_parts_that_do_not_fit_are_refused(name: str) -> None:
    damage, message = DAMAGES[name]
    with pytest.raises(ProblemError) as caught:
        from_toml(damage(HALVES))
    assert message in str(caught.value)


def test_parts_made_by_hand_are_checked_too() -> None:
    problem = from_toml(HALVES)
    upper, lower = problem.equations
    for broken in (
        lambda: replace(problem, equations=(upper,)),
        lambda: replace(problem, equations=(replace(upper, where={}), lower)),
        lambda: replace(problem, equations=(upper, replace(lower, where=upper.where))),
        lambda: replace(problem, domain={**problem.domain, "y": (sp.S.Zero, sp.S.One)}),
        lambda: replace(problem, equations=(replace(upper, legs=(mixed(problem.space),)), lower)),
        plain_with_a_place,
        lambda: JetSpace(("u@",), ("x",)),
        lambda: JetSpace(("x@upper",), ("x",)),
        lambda: JetSpace(("u",), ("x@upper",)),
    ):
        with pytest.raises(ProblemError):
            broken()


def mixed(space: JetSpace) -> Operator:
    return Operator(space, space.symbol(space.value("u@upper")) + space.symbol(space.value("u@lower")))


def plain_with_a_place() -> Problem:
    space = JetSpace(("u",), ("x",))
    operator = Operator(space, space.symbol(space.slot("u", x=1)))
    return Problem(space, (Group("f", GroupKind.EQUATION, (operator,), where={"x": (0, 1)}),))


def test_names_of_derivatives_in_parts() -> None:
    space = JetSpace(("u@upper", "u@lower_left", "v"), ("x", "y"))
    for slot in (
        Slot("u@upper", (0, 0)),
        Slot("u@upper", (2, 1)),
        Slot("u@lower_left", (1, 0)),
        Slot("v", (0, 3)),
    ):
        assert space.decode(space.symbol(slot)) == slot
        assert parse_text(space.name(slot), fields=space.fields, variables=space.variables).equations == (
            space.symbol(slot),
        )
    assert space.name(Slot("u@upper", (2, 1))) == "u_xxy@upper"
    long = JetSpace(("u@upper",), ("x1", "x2"))
    slot = Slot("u@upper", (2, 1))
    assert long.decode(long.symbol(slot)) == slot
    assert parse_text(long.name(slot), fields=long.fields, variables=long.variables).equations == (
        long.symbol(slot),
    )


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("u_y@uper", "u_y@upper"),
        ("w@upper", None),
        ("u@", None),
        ("u_q@upper", None),
        ("u@upper@lower", None),
    ],
)
def test_unknown_parts_are_named(text: str, suggestion: str | None) -> None:
    with pytest.raises(ParseError) as caught:
        parse_text(text, fields=("u@upper", "u@lower"), variables=("x", "y"))
    assert caught.value.suggestion == suggestion
    assert caught.value.position is not None


def test_named_equations_without_parts_are_plain_equations() -> None:
    text = (
        '[[equations]]\nname = "mass"\nequation = "u_t + v_x"\n'
        '[[equations]]\nname = "force"\nequation = "v_t + u_x"\n'
    )
    problem = from_toml(text)
    assert [g.name for g in problem.equations] == ["mass", "force"]
    assert problem.fields == ("u", "v")
    assert not problem.parts
    assert from_toml(to_toml(problem)).groups == problem.groups


def test_a_part_may_hold_a_system_and_another_part_fewer_fields() -> None:
    text = """
    fields = ["u", "p", "d"]
    variables = ["x", "y"]
    equations = [
      { name = "flow", part = "fluid", equation = "laplacian(u) - p_x", where = { y = [0, 1] } },
      { name = "mass", part = "fluid", equation = "u_x + p_y", where = { y = [0, 1] } },
      { name = "solid", equation = "laplacian(d)", where = { y = [-1, 0] } },
    ]
    [[conditions]]
    name = "stress"
    equation = "u_y@fluid - d_y@solid"
    interface = { y = 0 }
    """
    problem = from_toml(text)
    assert problem.fields == ("u@fluid", "p@fluid", "d@solid")
    assert [g.parts for g in problem.groups] == [("fluid", "solid"), ("fluid",), ("fluid",), ("solid",)]
    assert from_toml(to_toml(problem)).groups == problem.groups


def test_where_narrows_a_condition_of_a_whole_domain() -> None:
    text = (
        'variables = ["x", "y"]\nequations = ["laplacian(u) + u_y"]\n[domain]\nx = [0, 1]\ny = [0, 1]\n'
        '[[conditions]]\nname = "hot"\nequation = "u = 1"\non = [{ x = 0 }]\nwhere = { y = [0, "1/4"] }\n'
    )
    problem = from_toml(text)
    points = draw_points(problem, 50)["hot"]
    assert points[:, 1].max() <= 0.25
    assert from_toml(to_toml(problem)).groups == problem.groups
    with pytest.raises(ProblemError, match=r"outside of domain|no place left"):
        from_toml(text.replace('[0, "1/4"]', '[0, "1/4"], x = ["1/2", 1]'))


def test_ends_may_be_parameters() -> None:
    text = (
        HALVES.replace("[0, 1] }", '["h", 1] }').replace("[-1, 0] }", '[-1, "h"] }') + "[parameters]\nh = 0\n"
    )
    text += condition(name='"c"', equation='"u@upper - u@lower"', interface='{ y = "h" }')
    assert draw_points(from_toml(text, parameters={"h": "1/2"}), 30)["c"][0, 1] == 0.5
    assert draw_points(from_toml(text, parameters={"h": "1/2"}), 30)["upper"][:, 1].min() > 0.5
    with pytest.raises(ProblemError, match=r"leaves domain|below its second"):
        from_toml(text, parameters={"h": 3})


def test_the_theory_takes_parts_as_distinct_fields() -> None:
    """Two parts are two outputs: the regimes are those of the same operators in u and v."""
    parts = nt.classify(from_toml(HALVES)).sharp
    plain = nt.classify(nt.problem("2*laplacian(u) - 1; laplacian(v) + v^2", variables=("x", "y"))).sharp
    for ours, theirs in (("upper,upper", "f1,f1"), ("upper,lower", "f1,f2"), ("lower,lower", "f2,f2")):
        assert [(r.limit, r.norm_exponent) for r in parts[ours].regimes] == [
            (r.limit, r.norm_exponent) for r in plain[theirs].regimes
        ]


# --- the two-material square ---------------------------------------------------------------------


def test_two_material_square_has_the_temperature_of_its_slabs() -> None:
    problem = nt.zoo("two-material")
    assert problem.solution is not None
    x, y = problem.space.variable_symbols
    top = problem.solution["u@upper"].xreplace({x: sp.S.Zero, y: sp.S.One})
    assert top == sp.Rational(20000, 138) + sp.Rational(200, 400)
    assert problem.parts == {"upper": {"y": (0, 1)}, "lower": {"y": (-1, 0)}}


def test_kernel_of_an_interface_is_that_of_its_operator() -> None:
    """K of the flux is w_α T_αβ w_β, summed over the slots of the two outputs."""
    problem = nt.zoo("two-material")
    network = nt.Network(problem.variables, problem.fields, (16,))
    parameters = network.init(5)
    points = draw_points(problem, 3, seed=1)
    kernel = nt.ntk(problem, network, parameters, points)
    slots = [problem.space.slot(f, y=1) for f in problem.fields]
    weights = np.array([400.0, -1.38])
    jet_ntk = nt.jet_ntk(network, parameters, points["flux"], slots)
    wanted = np.einsum("a,arbs,b->rs", weights, jet_ntk, weights)
    assert network.exponent == 0.5  # so that ε = 1
    assert kernel["flux", "flux"] == pytest.approx(wanted, rel=1e-10)


def test_errors_are_measured_in_each_part() -> None:
    problem = nt.zoo("two-material")
    grid = TestGrid.of(problem, 400)
    network = nt.Network(problem.variables, problem.fields, (4,))
    parameters = network.init(0)
    found = jets(network, parameters, grid.points, [problem.space.value(f) for f in problem.fields])
    for k, name in enumerate(problem.fields):
        y = grid.points[:, 1]
        mine = (y > -1e-9) if name == "u@upper" else (y < 1e-9)
        known = 200 / 1.38 + 0.5 * y if name == "u@upper" else 200 / 1.38 * (y + 1)
        error = np.linalg.norm((found[k] - known)[mine]) / np.linalg.norm(known[mine])
        assert grid.field_errors(problem, network, parameters)[name] == pytest.approx(error, rel=1e-12)
