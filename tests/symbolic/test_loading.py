"""Problem files: read, written, read again; one message that names the key at fault."""

import pytest
import sympy as sp

import ntk_theory as nt
from ntk_theory.errors import InputError, NTKTheoryError, ProblemError
from ntk_theory.symbolic import GroupKind, from_toml, to_toml

MINIMAL = 'equations = ["u_t - u_xx = 0"]\n'


def same_value(a, b):
    return sp.expand(a - b) == 0


@pytest.mark.parametrize("name", nt.zoo_names())
def test_writing_and_reading_gives_the_same_problem(name):
    first = nt.zoo(name)
    second = from_toml(to_toml(first))
    assert second.space == first.space
    assert [g.name for g in second.groups] == [g.name for g in first.groups]
    for a, b in zip(first.groups, second.groups, strict=True):
        assert (a.kind, a.faces) == (b.kind, b.faces)
        assert same_value(a.target, b.target)
        assert all(same_value(p.expression, q.expression) for p, q in zip(a.legs, b.legs, strict=True))
    assert second.domain == first.domain


def test_a_bare_expression_gets_one_value_group_per_field():
    assert [g.name for g in nt.problem("u_t - u_xx").groups] == ["b", "f"]
    assert [g.name for g in nt.problem("u_t - v; v_t - u").groups] == ["b1", "b2", "f1", "f2"]


def test_parameters_can_be_replaced():
    changed = nt.zoo("burgers", parameters={"nu": "1/7"})
    assert changed.parameters["nu"] == sp.Rational(1, 7)
    assert nt.classify(changed).to_dict()["gradient"]["u_xx"] == "-1/7"
    with pytest.raises(InputError, match="lacks"):
        nt.zoo("burgers", parameters={"no_such": 1})


def test_conditions_are_split_into_operator_and_target():
    text = MINIMAL + '[[conditions]]\nname = "robin"\nequation = "2*u + u_x = sin(t) - 1"\non = [{ x = 0 }]\n'
    (group,) = from_toml(text).conditions
    assert group.kind is GroupKind.CONDITION
    assert str(group.target) in ("sin(t) - 1",)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("equation = 1\n", "unknown key 'equation'"),
        ("equations = []\n", "equations"),
        ("equations = 3\n", "equations"),
        (MINIMAL + "[domain]\nx = [1, 0]\n", "first end must be below"),
        (MINIMAL + "[domain]\nw = [0, 1]\n", "not a variable"),
        (MINIMAL + "[domain]\nx = 3\n", "two ends"),
        (MINIMAL + '[solution]\nv = "x"\n', "one entry per field"),
        (MINIMAL + '[[conditions]]\nname = "F"\nequation = "u"\n', "lower-case letter"),
        (MINIMAL + '[[conditions]]\nname = "f1"\nequation = "u"\n', "which are the equations"),
        (MINIMAL + '[[conditions]]\nname = "a"\n', "equation must be a text"),
        (MINIMAL + '[[conditions]]\nname = "a"\nequation = "u"\ntarget = "solution"\n', "needs a [solution]"),
        (MINIMAL + '[[conditions]]\nname = "a"\nequation = "u"\non = [{ q = 0 }]\n', "not a variable"),
        (MINIMAL + '[[conditions]]\nname = "a"\nequation = "u"\nperiodic = [{ x = 0 }]\n', "two faces"),
        (MINIMAL + 2 * '[[conditions]]\nname = "a"\nequation = "u"\n', "used twice"),
        ("equations = [", "not TOML"),
        ("x = " + "[" * 5000, "not TOML"),
        ("#" * 300_000, "characters"),
    ],
)
def test_faults_are_named(text, needle):
    with pytest.raises(ProblemError) as caught:
        from_toml(text)
    assert needle in str(caught.value)


def test_text_in_a_file_is_never_evaluated():
    with pytest.raises(NTKTheoryError):
        from_toml("equations = [\"__import__('os').system('true') + u_x\"]\n")
