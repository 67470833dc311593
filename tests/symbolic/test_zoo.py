"""The zoo: every file is well formed and cited, and every stated solution is proved by substitution.

Proof by substitution: the jets of the stated solution are its symbolic derivatives; F is evaluated
on them by mpmath with 60 digits at 30 random rational points of the domain and must vanish to 1e-40.
An analytic function with that many exact zeros at random points vanishes identically, up to a chance
far below any false-alarm rate one would state; a control shows that a solution off by 1e-6 fails.
The files are read and evaluated by tests/zoo_entries.py, so that neither the loader nor the array
programs of the package can agree with themselves.
"""

import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import mpmath
import pytest
import sympy as sp
from zoo_entries import FOLDER, Entry, derivative, evaluate

import ntk_theory as nt

NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
POINTS = 30
TOLERANCE = mpmath.mpf(10) ** -40

#: Every problem that the classification must know, by file name.
REQUIRED = {
    "heat", "wave", "poisson", "poisson-2d", "laplace", "helmholtz", "advection", "black-scholes",
    "burgers-inviscid", "burgers", "kdv", "mkdv", "camassa-holm", "bbm", "boussinesq",
    "kuramoto-sivashinsky", "kadomtsev-petviashvili", "sawada-kotera", "sine-gordon", "sinh-gordon",
    "klein-gordon", "klein-gordon-cubic", "allen-cahn", "cahn-hilliard", "fisher-kpp", "bratu",
    "porous-medium", "fast-diffusion", "p-laplacian", "eikonal", "hamilton-jacobi", "monge-ampere",
    "minimal-surface", "kpz", "thin-film", "fractional-reaction", "euler-bernoulli",
    "nonlinear-schroedinger", "navier-stokes-2d", "stokes", "shallow-water", "gray-scott",
    "fitzhugh-nagumo",
}  # fmt: skip

KEYS = {"title", "source", "fields", "variables", "equations", "domain"}
OPTIONAL = {"notes", "solution_source", "parameters", "solution", "conditions"}
#: Conditions that hyperbolic problems do not need, because nothing enters at that end of the domain.
OUTGOING = {"hamilton-jacobi": 1, "hunter-saxton": 1, "shallow-water": 1}
#: Fields that no time derivative moves have no initial value: the pressure follows from the velocity.
WITHOUT_INITIAL = {("navier-stokes-2d", "p")}


ENTRIES = {name: Entry(name) for name in NAMES}
SOLVED = [name for name in NAMES if "solution" in ENTRIES[name].data]


@pytest.fixture(params=NAMES)
def entry(request: pytest.FixtureRequest) -> Entry:
    return ENTRIES[request.param]


@pytest.fixture(params=SOLVED)
def solved(request: pytest.FixtureRequest) -> Entry:
    return ENTRIES[request.param]


def test_evaluator_agrees_with_sympy() -> None:
    x = sp.Symbol("x", real=True)
    expression = sp.erf(x) * sp.atan(sp.exp(-x)) + sp.Abs(x) ** sp.Rational(3, 2) / sp.pi - sp.log(1 + x**2)
    with mpmath.workdps(60):
        got = evaluate(expression, {x: mpmath.mpf(-7) / 5})
        expected = expression.subs(x, sp.Rational(-7, 5)).evalf(60)
        assert abs(got - mpmath.mpf(str(expected))) < mpmath.mpf(10) ** -57


# --- the collection ----------------------------------------------------------------------------


def test_size_of_the_collection() -> None:
    assert len(NAMES) >= 45
    assert len(SOLVED) >= 25
    assert set(NAMES) >= REQUIRED


def test_names_and_titles_are_unique() -> None:
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in NAMES)
    titles = [ENTRIES[name].data["title"].casefold() for name in NAMES]
    assert len(set(titles)) == len(titles)


# --- each file ---------------------------------------------------------------------------------


def test_file_has_the_known_keys_and_a_citation(entry: Entry) -> None:
    data = entry.data
    assert set(data) >= KEYS
    assert set(data) <= KEYS | OPTIONAL
    for key in ("source", "solution_source"):
        if key in data:
            # Author(s), a year, and where it appeared.
            assert re.match(r"\S.* (1[78]|19|20)\d\d, .*[A-Z]", data[key]), data[key]
    assert set(data["domain"]) == set(data["variables"])
    if "solution" in data:
        assert set(data["solution"]) == set(entry.space.fields)
        # Where the solution is from: a reference, or the notes say how it was made.
        assert "solution_source" in data or "notes" in data


def test_manufactured_solutions_say_so(entry: Entry) -> None:
    data = entry.data
    sources = [equation.subs(dict.fromkeys(jets(entry, equation), 0)) for equation in entry.equations]
    has_source = any(source.free_symbols for source in sources)
    assert has_source == ("manufactured" in data.get("notes", ""))


def jets(entry: Entry, expression: sp.Expr) -> list[sp.Symbol]:
    return [entry.space.symbol(slot) for slot in entry.space.slots_of(expression)]


def test_equations_use_every_field_and_variable(entry: Entry) -> None:
    slots = [slot for equation in entry.equations for slot in entry.space.slots_of(equation)]
    assert {slot.field for slot in slots} == set(entry.space.fields)
    for k in range(entry.space.dimension):
        assert any(slot.index[k] for slot in slots)
    assert 1 <= max(slot.order for slot in slots) <= 6
    assert len(entry.equations) == len(entry.space.fields)


def test_parameters_are_exact_and_used(entry: Entry) -> None:
    texts = " ".join([*map(str, entry.data["equations"]), *entry.data.get("solution", {}).values()])
    for name, value in entry.data.get("parameters", {}).items():
        assert isinstance(value, int) or re.fullmatch(r"-?\d+(/\d+)?", value)
        assert re.search(rf"(?<![A-Za-z0-9_]){name}(?![A-Za-z0-9_])", texts)


def test_domain_is_a_box(entry: Entry) -> None:
    for low, high in entry.domain.values():
        assert evaluate(high - low, {}) > 0


def test_conditions_are_well_formed(entry: Entry) -> None:
    names = [condition["name"] for condition in entry.conditions]
    assert names
    assert len(set(names)) == len(names)
    for condition in entry.conditions:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", condition["name"])
        assert not re.fullmatch(r"b|f\d*", condition["name"])
        assert set(condition) <= {"name", "equation", "target", "on", "periodic", "interface", "where"}
        assert sum(key in condition for key in ("on", "periodic", "interface")) == 1
        if "target" in condition:
            assert condition["target"] == "solution"
            assert "solution" in entry.data
            assert "=" not in condition["equation"]
        elif "on" in condition:
            assert "=" in condition["equation"]
        assert jets(entry, entry.condition_operator(condition))


def test_conditions_lie_on_the_boundary(entry: Entry) -> None:
    for condition in entry.conditions:
        faces = entry.faces(condition)
        for face in faces:
            assert face
            for name, value in face.items():
                if "interface" in condition:
                    assert sum(value in entry.place(table)[name] for table in entry.tables) == 2
                else:
                    assert value in entry.domain[name]
        if "periodic" in condition:
            one, other = faces
            assert set(one) == set(other)
            assert one != other


def test_time_problems_have_their_initial_data(entry: Entry) -> None:
    """A field whose equations hold ∂_t^n has value, …, ∂_t^(n-1) at one end of the time interval."""
    if "t" not in entry.space.variables:
        return
    at = entry.space.variables.index("t")
    slots = [slot for equation in entry.equations for slot in entry.space.slots_of(equation)]
    initial = {
        slot
        for condition in entry.conditions
        if any(set(face) == {"t"} for face in entry.faces(condition))
        for slot in entry.space.slots_of(entry.condition_operator(condition))
    }
    for name in entry.space.fields:
        order = max((slot.index[at] for slot in slots if slot.field == name), default=0)
        assert (order == 0) == ((entry.name, name) in WITHOUT_INITIAL)
        for n in range(order):
            assert entry.space.slot(name, t=n) in initial


def test_space_boundary_has_its_data(entry: Entry) -> None:
    """As many end conditions as x derivatives (one space dimension); no bare face (several).

    With n_i the highest x order of field i, an interval takes Σ_i n_i conditions: a face counts one, a
    periodic pair one. This is necessary for a determined solution; which end takes how many depends
    on the equation, and the notes of the odd orders say it.
    """
    spatial = [name for name in entry.space.variables if name != "t"]
    faces = [
        face
        for condition in entry.conditions
        for face in entry.faces(condition)[: 1 if "periodic" in condition else None]
        if "t" not in face
    ]
    if len(spatial) == 1:
        at = entry.space.variables.index(spatial[0])
        slots = [slot for equation in entry.equations for slot in entry.space.slots_of(equation)]
        orders = [max(slot.index[at] for slot in slots if slot.field == name) for name in entry.space.fields]
        assert len(faces) == sum(orders) - OUTGOING.get(entry.name, 0)
    else:
        for name in spatial:
            for end in entry.domain[name]:
                assert {name: end} in faces


def test_loader_reads_what_the_file_states(entry: Entry) -> None:
    problem, data = nt.zoo(entry.name), entry.data
    assert (problem.name, problem.title, problem.source) == (entry.name, data["title"], data["source"])
    assert problem.space == entry.space
    assert problem.domain == entry.domain
    assert [group.legs[0].expression for group in problem.equations] == entry.equations
    assert problem.solution == (entry.solution if "solution" in data else None)
    for group, condition in zip(problem.conditions, entry.conditions, strict=True):
        assert group.name == condition["name"]
        assert list(group.faces) == entry.faces(condition)
        if "target" not in condition:
            whole = group.legs[0].expression - group.target
            assert sp.expand(whole - entry.condition_operator(condition)) == 0


# --- the solutions -----------------------------------------------------------------------------


def test_solution_satisfies_every_equation(solved: Entry) -> None:
    rng = random.Random(f"zoo {solved.name}")
    with mpmath.workdps(60):
        for equation, place in zip(solved.equations, places(solved), strict=True):
            for point in solved.points(rng, {}, POINTS, place):
                assert abs(solved.residual(equation, solved.solution, point)) < TOLERANCE


def places(entry: Entry) -> list[Mapping[str, Any]]:
    """The table of each equation, which may narrow the domain."""
    return [*entry.tables] or [{}] * len(entry.equations)


def defects(
    entry: Entry, condition: Mapping[str, Any], solution: Mapping[str, sp.Expr], points: int
) -> Iterator[Any]:
    """What a condition leaves of ``solution``: F - target on each face, or F(p_1) - F(p_2) for a pair.

    Where the target is the stated solution's own value, F itself (only its being finite is a claim).
    """
    operator = entry.condition_operator(condition)
    rng = random.Random(f"zoo {entry.name} {condition['name']}")
    faces = entry.faces(condition)
    if "periodic" in condition:
        other = {entry.space.variable(name): evaluate(value, {}) for name, value in faces[1].items()}
        for point in entry.points(rng, faces[0], points):
            there = entry.residual(operator, solution, {**point, **other})
            yield entry.residual(operator, solution, point) - there
    else:
        for face in faces:
            for point in entry.points(rng, face, points, condition):
                yield entry.residual(operator, solution, point)


def test_solution_satisfies_every_condition(solved: Entry) -> None:
    with mpmath.workdps(60):
        for condition in solved.conditions:
            for defect in defects(solved, condition, solved.solution, POINTS):
                assert mpmath.isfinite(defect)
                assert "target" in condition or abs(defect) < TOLERANCE


def test_solution_is_real_and_finite_up_to_the_corners(solved: Entry) -> None:
    """All jets that the problem uses exist on the closed domain (checked at its corners)."""
    used = [*solved.equations, *(solved.condition_operator(c) for c in solved.conditions)]
    corners: list[dict[sp.Symbol, Any]] = [{}]
    with mpmath.workdps(30):
        for name, ends in solved.domain.items():
            symbol = solved.space.variable(name)
            corners = [{**corner, symbol: evaluate(end, {})} for corner in corners for end in ends]
        for slot in {slot for operator in used for slot in solved.space.slots_of(operator)}:
            jet = derivative(solved.solution[slot.field], slot, solved.space)
            for corner in corners:
                value = evaluate(jet, corner)
                assert isinstance(value, mpmath.mpf)
                assert mpmath.isfinite(value)


def perturbed(entry: Entry, name: str) -> dict[str, sp.Expr]:
    """The solution with 10^-6 (1/3 + x + 7/5 y + …)^7 added to one field."""
    slopes = (sp.Rational(1), sp.Rational(7, 5), sp.Rational(11, 3), sp.Rational(13, 6))
    form = sp.Rational(1, 3) + sum(a * x for a, x in zip(slopes, entry.space.variable_symbols, strict=False))
    return {**entry.solution, name: entry.solution[name] + form**7 / 10**6}


def test_a_solution_off_by_a_millionth_is_refused(solved: Entry) -> None:
    """Control: a small polynomial perturbation of any one field breaks some equation."""
    with mpmath.workdps(60):
        for name in solved.space.fields:
            wrong = perturbed(solved, name)
            (point,) = solved.points(random.Random(f"zoo control {name}"), {}, 1)
            assert max(abs(solved.residual(f, wrong, point)) for f in solved.equations) > 1e-12


def test_conditions_refuse_a_perturbed_solution(solved: Entry) -> None:
    """Control: every explicit or periodic condition notices the perturbation of a field it holds."""
    with mpmath.workdps(60):
        for condition in solved.conditions:
            if "target" in condition:
                continue
            for slot in solved.space.slots_of(solved.condition_operator(condition)):
                wrong = perturbed(solved, slot.field)
                assert max(abs(d) for d in defects(solved, condition, wrong, 2)) > 1e-12
