"""Array programs: SymPy expressions as postfix lists of array operations, evaluated by NumPy.

An expression becomes a list of operations in postfix order (arguments before their use). Every result has
a number, so a sub-expression that occurs twice, in one expression or in several that are compiled together,
is computed once. A new expression compiles nothing: it is data, and no source text is ever executed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, reduce
from typing import Any

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.symbolic.corner_flow import pressure, stream
from ntk_theory.symbolic.pieces import CornerFlow, choose, heaviside, maximum, minimum


def _erf(z: Any) -> Any:
    from scipy.special import erf  # noqa: PLC0415 - only the operators with erf pay for this import

    return erf(z)


#: The values of a corner flow are kept for so many points at most.
MOST_KEPT = 4096


def _corner(formula: Callable[..., Any]) -> Callable[..., Any]:
    """A corner flow at arrays; its first three arguments are numbers."""

    # Training asks for it at the same points in every step.
    @lru_cache(maxsize=512)
    def known(r: float, i: int, j: int, x: bytes, y: bytes) -> Floats:
        found = np.asarray(formula(r, i, j, np.frombuffer(x), np.frombuffer(y), np.log))
        found.flags.writeable = False
        return found

    def at(r: Any, i: Any, j: Any, x: Any, y: Any) -> Any:
        orders = float(r), int(i), int(j)
        if np.ndim(x) != 1 or np.shape(x) != np.shape(y) or len(x) > MOST_KEPT:
            return formula(*orders, np.asarray(x), np.asarray(y), np.log)
        return known(*orders, np.asarray(x, dtype=np.float64).tobytes(), np.asarray(y).tobytes())

    return at


#: Operations of a program: name -> what it does to arrays (or to NumPy scalars).
OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "square": np.square,
    "sqrt": np.sqrt,
    "negative": np.negative,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "absolute": np.absolute,
    "sign": np.sign,
    "erf": _erf,
    "atan": np.arctan,
    "heaviside": lambda a: np.heaviside(a, 0.5),
    "scraper": _corner(stream),
    "scraper_p": _corner(pressure),
    "max": np.maximum,
    "min": np.minimum,
    "piecewise": lambda test, above, below: np.where(np.isnan(test), test, np.where(test > 0, above, below)),
}

#: Functions of the grammar and the operation that computes each; sech is handled as 1/cosh.
FUNCTIONS: dict[type[sp.Function], str] = {
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.exp: "exp",
    sp.log: "log",
    sp.Abs: "absolute",
    sp.sign: "sign",
    sp.erf: "erf",
    sp.atan: "atan",
}


@dataclass(frozen=True)
class Operation:
    """One step: ``name`` in :data:`OPERATIONS` applied to the results numbered ``arguments``."""

    name: str
    arguments: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """Results 0 … inputs−1 are the inputs, then the constants, then one result per operation.

    ``outputs`` are the numbers of the results that are handed back.

    >>> x, y = sp.symbols("x y", real=True)
    >>> program = compile_expressions([x * y, x * y + 1], [x, y])
    >>> [operation.name for operation in program.operations]
    ['multiply', 'add']
    >>> [float(value) for value in program.run([np.float64(2.0), np.float64(3.0)])]
    [6.0, 7.0]
    """

    inputs: int
    constants: tuple[float, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[int, ...]

    def run(self, inputs: Sequence[Any]) -> list[Any]:
        """Evaluate at arrays that broadcast against each other; non-finite results pass through.

        Parameters
        ----------
        inputs:
            One array or scalar per input. A result that depends on no array input is a scalar.
        """
        if len(inputs) != self.inputs:
            raise InputError(f"inputs has {len(inputs)} arrays; this program needs {self.inputs}")
        results: list[Any] = [*inputs, *map(np.float64, self.constants)]
        last_use = self._last_uses
        with np.errstate(all="ignore"):
            for number, operation in enumerate(self.operations, start=len(results)):
                results.append(OPERATIONS[operation.name](*(results[k] for k in operation.arguments)))
                for k in operation.arguments:  # large point sets: keep only what is still needed
                    if last_use[k] == number:
                        results[k] = None
        return [results[k] for k in self.outputs]

    @cached_property
    def _last_uses(self) -> list[int]:
        first = self.inputs + len(self.constants)
        last = [-1] * (first + len(self.operations))
        for number, operation in enumerate(self.operations, start=first):
            for k in operation.arguments:
                last[k] = number
        for k in self.outputs:
            last[k] = len(last)
        return last


def compile_expressions(expressions: Sequence[sp.Expr], inputs: Sequence[sp.Symbol]) -> Program:
    """The program that computes all ``expressions`` from ``inputs``, shared parts once.

    Raises
    ------
    InputError
        An expression has a free symbol that is not an input, a function outside :data:`FUNCTIONS`, or a
        constant that is not a finite real number.
    """
    return _Compiler(inputs).program(expressions)


class _Compiler:
    """Numbers results while it walks expression trees from the leaves up."""

    def __init__(self, inputs: Sequence[sp.Symbol]) -> None:
        self.inputs = len(inputs)
        # A constant is numbered −1−k until the number of constants is known.
        self.constants: dict[float, int] = {}
        self.operations: list[Operation] = []
        self.known: dict[sp.Expr, int] = {symbol: k for k, symbol in enumerate(inputs)}
        self.emitted: dict[Operation, int] = {}

    def program(self, expressions: Sequence[sp.Expr]) -> Program:
        outputs = [self.compile(sp.sympify(expression, strict=True)) for expression in expressions]
        shift = len(self.constants)

        def final(k: int) -> int:
            if k < 0:
                return self.inputs - 1 - k
            return k if k < self.inputs else k + shift

        operations = tuple(Operation(op.name, tuple(map(final, op.arguments))) for op in self.operations)
        return Program(self.inputs, tuple(self.constants), operations, tuple(map(final, outputs)))

    def emit(self, name: str, *arguments: int) -> int:
        operation = Operation(name, arguments)
        if operation not in self.emitted:
            self.emitted[operation] = self.inputs + len(self.operations)
            self.operations.append(operation)
        return self.emitted[operation]

    def constant(self, value: float) -> int:
        return self.constants.setdefault(value, -1 - len(self.constants))

    def compile(self, node: sp.Expr) -> int:
        if node not in self.known:
            self.known[node] = self._compile(node)
        return self.known[node]

    def _compile(self, node: sp.Expr) -> int:
        if not node.free_symbols:
            return self.constant(_number(node))
        if isinstance(node, sp.Add):
            return self._sum(node)
        if isinstance(node, sp.Mul):
            return self._product(node)
        if isinstance(node, sp.Pow):
            return self._power(node.base, node.exp)
        if isinstance(node, sp.sech):
            return self.emit("divide", self.constant(1.0), self.emit("cosh", self.compile(node.args[0])))
        if isinstance(node, heaviside | choose | CornerFlow):
            return self.emit(node.text, *map(self.compile, node.args))
        if isinstance(node, maximum | minimum):
            first, *rest = map(self.compile, node.args)
            return reduce(lambda k, other: self.emit(node.text, k, other), rest, first)
        for function, name in FUNCTIONS.items():
            if isinstance(node, function):
                return self.emit(name, self.compile(node.args[0]))
        if isinstance(node, sp.Symbol):
            raise InputError(
                f"the symbol {node.name!r} has no value; give one, as in parameters={{{node.name!r}: 1}}"
            )
        allowed = ", ".join(sorted([*(f.__name__ for f in FUNCTIONS), "sech"], key=str.lower))
        raise InputError(
            f"the expression has {node.func.__name__} in {node}; "
            f"it can be evaluated with {allowed} and powers"
        )

    def _sum(self, node: sp.Add) -> int:
        terms = sorted(node.args, key=_has_minus_sign)  # stable: a sum starts with a term that it adds
        first, *rest = terms
        if _has_minus_sign(first):  # noqa: SIM108 - the two cases read better apart
            total = self.emit("negative", self.compile(-first))
        else:
            total = self.compile(first)
        for term in rest:
            if _has_minus_sign(term):
                total = self.emit("subtract", total, self.compile(-term))
            else:
                total = self.emit("add", total, self.compile(term))
        return total

    def _product(self, node: sp.Mul) -> int:
        coefficient, factors = node.as_coeff_mul()
        if coefficient == -1:
            return self.emit("negative", self.compile(sp.Mul(*factors)))
        above = [f for f in factors if not _is_reciprocal(f)]
        below = [1 / f for f in factors if _is_reciprocal(f)]
        if coefficient != 1:
            above.insert(0, coefficient)
        top = self._multiply(above) if above else self.constant(1.0)
        return self.emit("divide", top, self._multiply(below)) if below else top

    def _multiply(self, factors: Sequence[sp.Expr]) -> int:
        first, *rest = map(self.compile, factors)
        return reduce(lambda k, other: self.emit("multiply", k, other), rest, first)

    def _power(self, base: sp.Expr, exponent: sp.Expr) -> int:
        if exponent.is_number:
            value = _number(exponent)
            if value < 0:
                return self.emit("divide", self.constant(1.0), self._power(base, -exponent))
            if (2 * value).is_integer() and value <= 64:
                return self._half_integer_power(self.compile(base), round(2 * value))
        return self.emit("power", self.compile(base), self.compile(exponent))

    def _half_integer_power(self, base: int, doubled: int) -> int:
        """base^(doubled/2) by repeated multiplication and at most one square root; doubled ≥ 1."""
        whole, half = divmod(doubled, 2)
        result = self.emit("sqrt", base) if half else None
        if whole:
            integer = self._integer_power(base, whole)
            result = integer if result is None else self.emit("multiply", integer, result)
        return self.constant(1.0) if result is None else result

    def _integer_power(self, base: int, n: int) -> int:
        if n == 1:
            return base
        half = self.emit("square", self._integer_power(base, n // 2))
        return self.emit("multiply", half, base) if n % 2 else half


def _has_minus_sign(term: sp.Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)


def _is_reciprocal(factor: sp.Expr) -> bool:
    return isinstance(factor, sp.Pow) and bool(factor.exp.is_number) and bool(factor.exp.is_negative)


def _number(node: sp.Expr) -> float:
    """The value of an expression without symbols, which must be finite and real."""
    try:
        value = float(node.evalf(25))
    except (TypeError, ValueError, OverflowError):
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"the constant {node} is not a finite real number; remove it or change the exponent")
    return value
