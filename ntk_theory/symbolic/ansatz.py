"""An ansatz: the fields of a problem as functions of the network's outputs (THEORY §8) [D].

With outputs v^1 … v^m of the network and

    u^i = Φ^i(x, {v^j_α}),

every slot u^i_α is the total derivative D^α Φ^i, so that an operator F of the fields becomes one of the
outputs: F(x, {D^α Φ^i}). Nothing else changes: rules, kernels and laws read the new operator as any other.
A condition whose residual is then identically 0 on a face holds by construction there; the proof is exact
substitution of the face's coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp

from ntk_theory.errors import BudgetError, ProblemError
from ntk_theory.symbolic import soundness
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.grammar.calculus import Jump, predicted_operations, total_derivative
from ntk_theory.symbolic.jets import JetSpace, Slot
from ntk_theory.symbolic.limits import MAX_OPERATIONS, MAX_WORK
from ntk_theory.symbolic.measure import operations, shape_of
from ntk_theory.symbolic.numbers import bind
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.parts import Face
from ntk_theory.symbolic.pieces import Piece
from ntk_theory.symbolic.zero import is_zero

_INFINITE = (sp.zoo, sp.nan, sp.oo, -sp.oo)


@dataclass(frozen=True)
class Ansatz:
    """u^i = Φ^i: ``expressions`` has one Φ for each field of ``stated``, in the symbols of ``outputs``.

    ``reasons`` say of a condition, by its name, why it could not be built in (of hard constraints only).

    >>> stated, outputs = JetSpace(("u",), ("x",)), JetSpace(("v",), ("x",))
    >>> x, v = outputs.variable("x"), outputs.symbol(outputs.value("v"))
    >>> ansatz = Ansatz(stated, outputs, {"u": x * v})
    >>> ansatz.derivative(stated.slot("u", x=1))
    v + v_x*x

    Raises
    ------
    ProblemError
        A field without an expression, an expression without a field, or no output at all.
    """

    stated: JetSpace
    outputs: JetSpace
    expressions: Mapping[str, sp.Expr]
    reasons: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.stated.variables != self.outputs.variables:
            raise ProblemError(
                f"the ansatz has outputs of {', '.join(self.outputs.variables)} for fields of "
                f"{', '.join(self.stated.variables)}; both need the same variables"
            )
        if set(self.expressions) != set(self.stated.fields):
            raise ProblemError(
                f"ansatz has {sorted(map(str, self.expressions))}; it needs one entry for each field, "
                f"{list(self.stated.fields)}"
            )
        found = {name: self._checked(name) for name in self.stated.fields}
        soundness.put(self, "expressions", found)
        used = {slot.field for e in found.values() for slot in self.outputs.slots_of(e)}
        for name in self.outputs.fields:
            if name not in used:
                raise ProblemError(f"the ansatz does not use the output {name!r}; leave it out")

    def _checked(self, name: str) -> sp.Expr:
        found = soundness.expression(f"ansatz.{name}", self.expressions[name])
        for node in found.atoms(Piece):
            if self.outputs.slots_of(node):
                raise ProblemError(
                    f"ansatz.{name} has {node}, which contains an output; "
                    "of an output, max(v, 0) is (v + |v|)/2 and heaviside(v) is (1 + sign(v))/2"
                )
        return soundness.own_symbols(f"ansatz.{name}", found, self.outputs)

    @cached_property
    def is_renaming(self) -> bool:
        """Is every field an output itself, each another one, in the same order?"""
        symbols = [self.outputs.symbol(self.outputs.value(name)) for name in self.outputs.fields]
        return [self.expressions[name] for name in self.stated.fields] == symbols

    def texts(self) -> dict[str, str]:
        """Φ^i as text of the grammar, by field."""
        return {name: render(e, self.outputs) for name, e in self.expressions.items()}

    def beside(self, stated: JetSpace) -> Ansatz:
        """The same for a space with further fields, each of which is an output of its own."""
        more = tuple(name for name in stated.fields if name not in self.stated.fields)
        outputs = JetSpace((*self.outputs.fields, *more), self.outputs.variables)
        own = {name: outputs.symbol(outputs.value(name)) for name in more}
        return Ansatz(stated, outputs, {**self.expressions, **own}, self.reasons)

    def bind(self, values: Mapping[str, object]) -> Ansatz:
        """The same with numbers for named parameters."""
        bound = {name: bind(e, values) for name, e in self.expressions.items()}
        return Ansatz(self.stated, self.outputs, bound, self.reasons)

    @cached_property
    def _known(self) -> dict[Slot, sp.Expr]:
        return {self.stated.value(name): e for name, e in self.expressions.items()}

    def derivative(self, slot: Slot) -> sp.Expr:
        """D^α Φ^i, the slot u^i_α in terms of the outputs.

        Raises
        ------
        BudgetError
            It would be too large.
        ProblemError
            Φ jumps in a variable along which it is differentiated.
        """
        if slot not in self._known:
            at = next(k for k, n in enumerate(slot.index) if n)
            below = Slot(slot.field, tuple(n - (k == at) for k, n in enumerate(slot.index)))
            self._known[slot] = self._derived(self.derivative(below), slot, self.stated.variables[at])
        return self._known[slot]

    def _derived(self, expression: sp.Expr, slot: Slot, variable: str) -> sp.Expr:
        name = self.stated.name(slot)
        _check_size(f"{name}, by the ansatz,", predicted_operations(expression), 4 * MAX_OPERATIONS)
        try:
            found = total_derivative(self.outputs, variable)(expression)
        except Jump as jump:
            raise ProblemError(f"{name}, by the ansatz: {jump}") from None
        _check_size(f"{name}, by the ansatz,", operations(found), MAX_OPERATIONS)
        return found

    def substituted(self, expression: sp.Expr, what: str) -> sp.Expr:
        """An expression of the fields as one of the outputs; ``what`` is its name in messages.

        Where the result is affine in the outputs' jets it is written by them, Σ_α c_α(x) v_α + c(x).
        """
        slots = self.stated.slots_of(expression)
        swap = {self.stated.symbol(slot): self.derivative(slot) for slot in slots}
        counts = {symbol: _occurrences(expression, symbol) for symbol in swap}
        made = sum(counts[symbol] * operations(e) for symbol, e in swap.items())
        _check_size(f"{what}, by the ansatz,", made, MAX_WORK)
        found = expression.xreplace(swap)
        if (excess := shape_of(found, self.outputs).excess()) is not None:
            raise BudgetError(f"{what}, by the ansatz, {excess}; take a smaller ansatz")
        return found if self.is_renaming else _by_jets(found, self.outputs)

    def operator(self, operator: Operator, what: str = "the operator") -> Operator:
        """F as an operator of the outputs."""
        return Operator(self.outputs, self.substituted(operator.expression, what))


def _check_size(what: str, made: int, most: int) -> None:
    if made > most:
        raise BudgetError(f"{what} has about {made} operations; at most {most} are allowed")


def _occurrences(expression: sp.Expr, symbol: sp.Symbol) -> int:
    return sum(node == symbol for node in sp.preorder_traversal(expression))


def _by_jets(expression: sp.Expr, space: JetSpace) -> sp.Expr:
    """Σ_α c_α u_α + c where the expression is affine in the jets, else as it is."""
    operator = Operator(space, expression)
    if operator.is_linear is not True:
        return expression
    jets = {space.symbol(slot): slot for slot in operator.slots}
    terms = [sp.expand(operator.gradient[slot]) * symbol for symbol, slot in jets.items()]
    rest = sp.expand(expression.xreplace(dict.fromkeys(jets, sp.S.Zero)))
    affine = all(not (term / symbol).has(*jets) for term, symbol in zip(terms, jets, strict=True))
    return sp.Add(*terms, rest) if affine and not rest.has(*_INFINITE) else expression


@dataclass(frozen=True)
class Residual:
    """What is left of a condition on one face, or of a pair of legs on a pair of faces.

    ``expression`` is Σ_j F^{g,j} − target there, with the outputs' jets (those of leg j > 0 primed).
    """

    group: str
    faces: tuple[Face, ...]
    expression: sp.Expr
    space: JetSpace
    is_met: bool

    @property
    def has_value(self) -> bool:
        """Is it finite there (1/x at x = 0 is not)?"""
        return not self.expression.has(*_INFINITE)

    @property
    def is_fixed(self) -> bool:
        """Is nothing of the network in it? Then no training changes it."""
        plain = self.expression.xreplace({s: sp.Symbol(s.name.rstrip("'"), real=True) for s in self._jets})
        return not self.space.slots_of(plain)

    @property
    def _jets(self) -> set[sp.Symbol]:
        return {s for s in self.expression.free_symbols if s.name.endswith("'")}

    @property
    def place(self) -> str:
        """The face in words."""
        pins = (", ".join(f"{v} = {e}" for v, e in face.items()) for face in self.faces)
        return " and ".join(pin or "the whole domain" for pin in pins)

    @property
    def text(self) -> str:
        """The residual in the grammar (in SymPy's words where two legs meet)."""
        if not self.has_value:
            return "no value, the ansatz is singular there"
        return str(self.expression) if self._jets else render(self.expression, self.space)


def residual_on(group: str, legs: Sequence[Operator], faces: Sequence[Face], target: sp.Expr) -> Residual:
    """The residual of a condition on its faces, one for each leg, with the proof that it is 0 or none.

    Coordinates are put in after the derivatives were taken. Where that puts a jump's argument to 0, |x|' at
    x = 0, nothing is proved.
    """
    space = legs[0].space
    total, is_regular = -target.xreplace(_pins(space, faces[0])), True
    for number, (leg, face) in enumerate(zip(legs, faces, strict=True)):
        mark = "'" * next(k for k, other in enumerate(faces) if other == face)
        is_regular = is_regular and not _at_jump(leg.expression, space, face)
        names = {space.symbol(s): sp.Symbol(space.name(s) + mark, real=True) for s in leg.slots}
        total += leg.expression.xreplace({**_pins(space, faces[number]), **(names if mark else {})})
    regular = is_regular and not total.has(*_INFINITE)
    is_met = regular and is_zero(total) is True
    shown = sp.S.Zero if is_met else sp.expand(total) if regular else total
    return Residual(group, tuple(faces), shown, space, is_met)


def _pins(space: JetSpace, face: Face) -> dict[sp.Expr, sp.Expr]:
    return {space.variable(name): sp.sympify(value) for name, value in face.items()}


def _at_jump(expression: sp.Expr, space: JetSpace, face: Face) -> bool:
    pins = _pins(space, face)
    return any(
        is_zero(argument.xreplace(pins)) is not False
        for node in expression.atoms(sp.sign, Piece)
        for argument in node.args[:1]
        if not space.slots_of(argument)
    )
