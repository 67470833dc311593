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


@pytest.mark.parametrize(
    ("what", "known"),
    [
        ("u_t - nu*u_xx", "nu"),
        ("u_t - u_xx", "none"),
        ("heat", "k"),
        (sp.Symbol("nu") * sp.Symbol("u_x"), "nu"),
    ],
)
def test_a_parameter_that_a_problem_lacks_is_refused_with_those_that_it_has(what, known):
    for read in (nt.problem, nt.classify) + (() if what == "heat" else (nt.parse,)):
        with pytest.raises(InputError, match=f"parameters names 'nuu', which the .* lacks; it has: {known}$"):
            read(what, parameters={"nuu": 3})
    if what != "heat":
        with pytest.raises(InputError, match="nuu"):
            nt.parse(what, parameters=["nuu"])


def test_classify_takes_values_of_parameters_as_problem_does():
    free = nt.problem("u_t - nu*u_xx")
    for read in (
        nt.classify("u_t - nu*u_xx", parameters={"nu": "1/7"}),
        nt.classify(free, parameters={"nu": "1/7"}),
        nt.classify(nt.parse("u_t - nu*u_xx"), parameters={"nu": "1/7"}),
    ):
        assert read.to_dict()["gradient"]["u_xx"] == "-1/7"
    assert nt.classify(free).to_dict()["gradient"]["u_xx"] == "-nu"
    assert nt.classify("burgers", parameters={"nu": "1/7"}).to_dict()["gradient"]["u_xx"] == "-1/7"


def test_a_value_that_was_read_is_not_exchanged_behind_the_conditions():
    with pytest.raises(InputError, match=r"'k', which is .* already; .* nt.problem\(what, parameters="):
        nt.problem(nt.problem("heat"), parameters={"k": 2})
    with pytest.raises(InputError, match="'b' without a value"):
        nt.problem(nt.problem("a*u_t - b*u_xx"), parameters={"a": 2})


def test_a_parameter_without_a_value_is_asked_for_in_both_languages():
    with pytest.raises(InputError) as told:
        nt.problem("u_t - nu*u_xx").bind()
    assert "give a number: -p nu=1 on the command line" in str(told.value)
    assert "nt.problem(what, parameters={'nu': 1})" in str(told.value)


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


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("x = [0, pi]", '"pi" and "1/3"'),
        ("x = [0, 1/3]", '"pi" and "1/3"'),
        ("x = [0, 2*pi]  # the period", '"pi" and "1/3"'),
        ("x = [0, .5]", "both sides of the decimal point"),
        ("x = [0, 1.]", "both sides of the decimal point"),
    ],
)
def test_a_line_that_is_no_toml_is_quoted_with_what_it_needs(line, needed):
    with pytest.raises(ProblemError) as caught:
        from_toml(f"{MINIMAL}[domain]\n{line}\n")
    said = str(caught.value).split("\n")
    assert "not TOML" in said[0]
    assert said[1].strip() == line
    assert set(said[2].strip()) == {"^"}
    assert needed in said[3]


def test_a_line_without_a_usual_slip_is_quoted_alone():
    with pytest.raises(ProblemError) as caught:
        from_toml(f'{MINIMAL}title = "pi, 1/3 # .5\n')
    assert 'title = "pi' in str(caught.value)
    assert "decimal point" not in str(caught.value)


@pytest.mark.parametrize("key", ["equations", "conditions", "data"])
def test_tables_of_which_there_are_several_need_double_brackets(key):
    with pytest.raises(ProblemError, match=rf"expected \[\[{key}\]\], with double brackets at each"):
        from_toml(f'[{key}]\nname = "a"\n[{key}]\nname = "b"\n')


def test_another_table_that_stands_twice():
    with pytest.raises(ProblemError, match=r"expected \[domain\] once"):
        from_toml(f"{MINIMAL}[domain]\nx = [0, 1]\n[domain]\nt = [0, 1]\n")


def test_one_table_of_conditions_in_single_brackets():
    with pytest.raises(ProblemError, match=r"\[\[conditions\]\] with double.*\[conditions\] is one table"):
        from_toml(f'{MINIMAL}[conditions]\nname = "a"\nequation = "u = 0"\n')


@pytest.mark.parametrize(
    ("equation", "instead", "place"),
    [
        ("u(x,0) = sin(x)", "u = sin(x)", "t = 0"),
        ("u_x(0, t) = 0", "u_x = 0", "x = 0"),
        ("u(1/2, t) + u_x(1/2, t) = t", "u + u_x = t", 'x = "1/2"'),
        ("u(-0.5, 0) = 1", "u = 1", "x = -0.5, t = 0"),
        ("u(L, t) = exp(-t)", "u = exp(-t)", 'x = "L"'),
    ],
)
def test_a_place_in_the_equation_of_a_condition(equation, instead, place):
    start = f'{MINIMAL}[parameters]\nL = 1\n[[conditions]]\nname = "a"\n'
    with pytest.raises(ProblemError) as caught:
        from_toml(f'{start}equation = "{equation}"\n')
    assert f'condition a: equation = "{equation}" takes the field at a place' in str(caught.value)
    assert f'equation = "{instead}" and on = [{{ {place} }}]' in str(caught.value)
    (mended,) = from_toml(f'{start}equation = "{instead}"\non = [{{ {place} }}]\n').conditions
    assert len(mended.faces) == 1


@pytest.mark.parametrize("equation", ["u(0,t) = u(1,t)", "u(0) = 1", "u(t,0) = 1", "u(x,2*t) = 1"])
def test_a_place_that_the_text_does_not_tell_gets_the_two_ways_to_write_one(equation):
    with pytest.raises(ProblemError, match=r"like equation = \"u = sin\(x\)\" and on = .*periodic = "):
        from_toml(f'{MINIMAL}[[conditions]]\nname = "a"\nequation = "{equation}"\n')


def test_text_in_a_file_is_never_evaluated():
    with pytest.raises(NTKTheoryError):
        from_toml("equations = [\"__import__('os').system('true') + u_x\"]\n")
