"""The zoo: every file is well formed and cited, and every stated solution is proved by substitution.

Proof by substitution: the jets of the stated solution are its symbolic derivatives; F is evaluated
on them by mpmath with 60 digits at 30 random rational points of the domain and must vanish to 1e-40.
An analytic function with that many exact zeros at random points vanishes identically, up to a chance
far below any false-alarm rate one would state; a control shows that a solution off by 1e-6 fails.
The files are read here with tomllib and evaluated by the small evaluator below, so that neither the
loader nor the array programs of the package can agree with themselves.
"""

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import mpmath
import pytest
import sympy as sp

import ntk_theory
from ntk_theory.symbolic.grammar import parse_scalar, parse_text
from ntk_theory.symbolic.jets import JetSpace, Slot

FOLDER = Path(ntk_theory.__file__).parent / "symbolic" / "zoo"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
POINTS = 30
TOLERANCE = mpmath.mpf(10) ** -40

#: Every problem that the classification must know, by file name.
REQUIRED = """
heat wave poisson poisson-2d laplace helmholtz advection black-scholes burgers-inviscid burgers kdv mkdv
camassa-holm bbm boussinesq kuramoto-sivashinsky kadomtsev-petviashvili sawada-kotera sine-gordon
sinh-gordon klein-gordon klein-gordon-cubic allen-cahn cahn-hilliard fisher-kpp bratu porous-medium
fast-diffusion p-laplacian eikonal hamilton-jacobi monge-ampere minimal-surface kpz thin-film
fractional-reaction euler-bernoulli nonlinear-schroedinger navier-stokes-2d stokes shallow-water
gray-scott fitzhugh-nagumo
""".split()

KEYS = {"title", "source", "fields", "variables", "equations", "domain"}
OPTIONAL = {"notes", "solution_source", "parameters", "solution", "conditions"}
#: Fields that no time derivative moves have no initial value: the pressure follows from the velocity.
WITHOUT_INITIAL = {("navier-stokes-2d", "p")}

Point = Mapping[sp.Symbol, Any]


# --- a small evaluator -------------------------------------------------------------------------

FUNCTIONS = {
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "tanh": mpmath.tanh, "exp": mpmath.exp, "log": mpmath.log, "Abs": abs, "sign": mpmath.sign,
    "erf": mpmath.erf, "atan": mpmath.atan,
}  # fmt: skip


def evaluate(expression: sp.Expr, point: Point, memo: dict[sp.Expr, Any] | None = None) -> Any:
    """The value of ``expression`` at ``point`` in mpmath's current precision, bottom-up."""
    memo = {} if memo is None else memo
    if expression not in memo:
        memo[expression] = _value(expression, point, memo)
    return memo[expression]


def _value(expression: sp.Expr, point: Point, memo: dict[sp.Expr, Any]) -> Any:
    if expression.is_Symbol:
        return point[expression]
    if expression.is_Rational:
        return mpmath.mpf(expression.p) / expression.q
    if expression.is_NumberSymbol:
        return mpmath.mpf({"Pi": mpmath.pi, "Exp1": mpmath.e}[type(expression).__name__])
    args = [evaluate(arg, point, memo) for arg in expression.args]
    if expression.is_Add:
        return mpmath.fsum(args)
    if expression.is_Mul:
        return mpmath.fprod(args)
    if expression.is_Pow:
        return mpmath.power(*args)
    return FUNCTIONS[type(expression).__name__](*args)


def test_evaluator_agrees_with_sympy() -> None:
    x = sp.Symbol("x", real=True)
    expression = sp.erf(x) * sp.atan(sp.exp(-x)) + sp.Abs(x) ** sp.Rational(3, 2) / sp.pi - sp.log(1 + x**2)
    with mpmath.workdps(60):
        got = evaluate(expression, {x: mpmath.mpf(-7) / 5})
        expected = expression.subs(x, sp.Rational(-7, 5)).evalf(60)
        assert abs(got - mpmath.mpf(str(expected))) < mpmath.mpf(10) ** -57


# --- one problem, as its file states it --------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One file of the zoo."""

    name: str

    @cached_property
    def data(self) -> dict[str, Any]:
        return tomllib.loads((FOLDER / f"{self.name}.toml").read_text(encoding="utf-8"))

    @cached_property
    def space(self) -> JetSpace:
        return JetSpace(tuple(self.data["fields"]), tuple(self.data["variables"]))

    @cached_property
    def parameters(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.data.get("parameters", {}).items()}

    @cached_property
    def conditions(self) -> list[dict[str, Any]]:
        return self.data.get("conditions", [])

    def operator(self, text: str) -> sp.Expr:
        """Left side minus right side of one equation."""
        space = self.space
        parsed = parse_text(text, fields=space.fields, variables=space.variables, parameters=self.parameters)
        (equation,) = parsed.equations
        assert parsed.parameters == (), f"{self.name}: {parsed.parameters} have no value"
        return equation

    def scalar(self, text: object) -> sp.Expr:
        return parse_scalar(str(text), variables=self.space.variables, parameters=self.parameters)

    @cached_property
    def equations(self) -> list[sp.Expr]:
        return [self.operator(text) for text in self.data["equations"]]

    @cached_property
    def domain(self) -> dict[str, tuple[sp.Expr, sp.Expr]]:
        return {name: tuple(map(self.scalar, ends)) for name, ends in self.data["domain"].items()}

    @cached_property
    def solution(self) -> dict[str, sp.Expr]:
        return {name: self.scalar(text) for name, text in self.data["solution"].items()}

    def faces(self, condition: Mapping[str, Any]) -> list[dict[str, sp.Expr]]:
        faces = condition["periodic" if "periodic" in condition else "on"]
        return [{name: self.scalar(value) for name, value in face.items()} for face in faces]

    def points(self, rng: random.Random, face: Mapping[str, sp.Expr], count: int = POINTS) -> Iterator[dict[sp.Symbol, Any]]:
        """Points lo + (hi - lo) q with random rational q in (0, 1), on a face of the domain."""
        for _ in range(count):
            place = {}
            for name, (low, high) in self.domain.items():
                inside = low + (high - low) * sp.Rational(rng.randint(1, 9999), 10000)
                place[self.space.variable(name)] = evaluate(face.get(name, inside), {})
            yield place

    def residual(self, operator: sp.Expr, solution: Mapping[str, sp.Expr], point: Point) -> Any:
        """F at one point, on the jets of ``solution``."""
        jets = {
            self.space.symbol(slot): evaluate(derivative(solution[slot.field], slot, self.space), point)
            for slot in self.space.slots_of(operator)
        }
        return evaluate(operator, {**point, **jets})


def derivative(expression: sp.Expr, slot: Slot, space: JetSpace) -> sp.Expr:
    for symbol, order in zip(space.variable_symbols, slot.index, strict=True):
        for _ in range(order):
            expression = expression.diff(symbol)
    return expression


ENTRIES = {name: Entry(name) for name in NAMES}
SOLVED = [name for name in NAMES if "solution" in ENTRIES[name].data]


@pytest.fixture(params=NAMES)
def entry(request: pytest.FixtureRequest) -> Entry:
    return ENTRIES[request.param]


@pytest.fixture(params=SOLVED)
def solved(request: pytest.FixtureRequest) -> Entry:
    return ENTRIES[request.param]


# --- the collection ----------------------------------------------------------------------------


def test_size_of_the_collection() -> None:
    assert len(NAMES) >= 45
    assert len(SOLVED) >= 25
    assert set(REQUIRED) <= set(NAMES)


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
        assert set(data["solution"]) == set(data["fields"])
        # Where the solution is from: a reference, or the notes say how it was made.
        assert "solution_source" in data or "notes" in data


def test_manufactured_solutions_say_so(entry: Entry) -> None:
    data = entry.data
    sources = [equation.subs({symbol: 0 for symbol in jets(entry, equation)}) for equation in entry.equations]
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
    texts = " ".join([*entry.data["equations"], *entry.data.get("solution", {}).values()])
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
        assert set(condition) <= {"name", "equation", "target", "on", "periodic"}
        assert ("on" in condition) != ("periodic" in condition)
        if "target" in condition:
            assert condition["target"] == "solution"
            assert "solution" in entry.data
            assert "=" not in condition["equation"]
        elif "on" in condition:
            assert "=" in condition["equation"]
        assert jets(entry, entry.operator(condition["equation"]))


def test_conditions_lie_on_the_boundary(entry: Entry) -> None:
    for condition in entry.conditions:
        faces = entry.faces(condition)
        for face in faces:
            assert face
            for name, value in face.items():
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
        for slot in entry.space.slots_of(entry.operator(condition["equation"]))
    }
    for name in entry.space.fields:
        order = max((slot.index[at] for slot in slots if slot.field == name), default=0)
        assert (order == 0) == ((entry.name, name) in WITHOUT_INITIAL)
        for n in range(order):
            assert entry.space.slot(name, t=n) in initial


# --- the solutions -----------------------------------------------------------------------------


def test_solution_satisfies_every_equation(solved: Entry) -> None:
    rng = random.Random(f"zoo {solved.name}")
    with mpmath.workdps(60):
        for point in solved.points(rng, {}):
            for equation in solved.equations:
                assert abs(solved.residual(equation, solved.solution, point)) < TOLERANCE


def test_solution_satisfies_every_condition(solved: Entry) -> None:
    rng = random.Random(f"zoo conditions {solved.name}")
    with mpmath.workdps(60):
        for condition in solved.conditions:
            operator = solved.operator(condition["equation"])
            faces = solved.faces(condition)
            for face in faces:
                for point in solved.points(rng, face):
                    value = solved.residual(operator, solved.solution, point)
                    assert mpmath.isfinite(value)
                    if "periodic" in condition:
                        there = {**point, **{solved.space.variable(k): evaluate(v, {}) for k, v in faces[1].items()}}
                        value -= solved.residual(operator, solved.solution, there)
                    elif condition.get("target") == "solution":
                        continue  # the target is the solution's own value: only finiteness can fail
                    assert abs(value) < TOLERANCE


def test_solution_is_real_and_finite_up_to_the_corners(solved: Entry) -> None:
    """All jets that the problem uses exist on the closed domain (checked at its corners)."""
    used = [*solved.equations, *(solved.operator(c["equation"]) for c in solved.conditions)]
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


def test_a_solution_off_by_a_millionth_is_refused(solved: Entry) -> None:
    """Control: a small polynomial perturbation of any one field breaks some equation."""
    slopes = (sp.Rational(1), sp.Rational(7, 5), sp.Rational(11, 3), sp.Rational(13, 6))
    form = sum(a * x for a, x in zip(slopes, solved.space.variable_symbols, strict=False))
    with mpmath.workdps(60):
        for name in solved.space.fields:
            wrong = {**solved.solution, name: solved.solution[name] + form**7 / 10**6}
            (point,) = solved.points(random.Random(f"zoo control {name}"), {}, count=1)
            assert max(abs(solved.residual(f, wrong, point)) for f in solved.equations) > 1e-12
