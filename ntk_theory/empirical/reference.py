"""Slow reference: kernels of tiny networks by high-precision finite differences. Used by tests only.

The network is evaluated neuron by neuron in mpmath, its derivatives in x by central differences, the
residual by substituting them into the *original* SymPy expression, and ∂R/∂θ by a central difference of
that residual in every single parameter. It knows no chain rule, no monomials, no F_α and no jet NTK, so
it shares nothing with the fast path but the parser and the network's definition.

With D = DIGITS and the step h = 10^{-STEP}, in x and in θ, a central difference of order n has an error of
(n/24) h² |∂^{n+2}u| + 10^{-D}/h^n: about 10^{-28} of a higher derivative, far below double precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import comb
from typing import Any

import mpmath as mp
import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError, NonFiniteError
from ntk_theory.model.network import Network
from ntk_theory.model.parameters import Parameters
from ntk_theory.setting.activations import Activation
from ntk_theory.symbolic.jets import Slot
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import parse

#: Steps of all differences are 10^{-STEP}; their errors of order 10^{-2·STEP} times higher derivatives.
STEP = 14
#: Decimal digits: a derivative of order 8 loses 8·STEP of them, the one in θ STEP more.
DIGITS = 160

_FUNCTIONS: dict[Any, Callable[[Any], Any]] = {
    sp.exp: mp.exp,
    sp.log: mp.log,
    sp.sin: mp.sin,
    sp.cos: mp.cos,
    sp.tan: mp.tan,
    sp.atan: mp.atan,
    sp.sinh: mp.sinh,
    sp.cosh: mp.cosh,
    sp.tanh: mp.tanh,
    sp.erf: mp.erf,
    sp.Abs: abs,
    sp.sign: mp.sign,
}


def reference_kernel(
    problem: Problem,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
) -> Floats:
    """K = Σ_θ η_θ ∂_θR ∂_θR', rows in the order of the problem's groups and their points; shape (n, n).

    Parameters
    ----------
    problem:
        The original problem.
    network, parameters:
        A tiny network: every parameter costs two evaluations of the residual.
    points:
        Group name → (n, d), or (n, k, d) for a group with k legs.
    values:
        Numbers for named parameters, before those that the problem carries.
    """
    jacobian = reference_jacobian(problem, network, parameters, points, values)
    blocks = [
        np.full(block.size, rate) for block, rate in zip(parameters.blocks(), parameters.rates, strict=True)
    ]
    return np.asarray((jacobian * np.concatenate(blocks)) @ jacobian.T, dtype=np.float64)


def reference_jacobian(
    problem: Problem,
    network: Network,
    parameters: Parameters,
    points: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
) -> Floats:
    """∂R_g(x)/∂θ for every group's points and every parameter as :meth:`Parameters.flatten` orders them."""
    numbers = {**problem.parameters, **(values or {})}
    with mp.workdps(DIGITS):
        theta = [mp.mpf(float(value)) for value in parameters.flatten()]
        machine = _Machine(network, parameters, numbers)
        rows = []
        for group in problem.groups:
            for point in np.asarray(points[group.name], dtype=np.float64):
                places = [point] if len(group.legs) == 1 else list(point)
                legs = [(leg, _exact_point(x)) for leg, x in zip(group.legs, places, strict=True)]
                rows.append([float(machine.derivative(legs, theta, k)) for k in range(len(theta))])
    return np.array(rows)


def reference_jets(network: Network, parameters: Parameters, points: Any, slots: Sequence[Slot]) -> Floats:
    """u^i_α of the network (with N^{-s} and the output bias) at (n, d) points; shape (A, n)."""
    with mp.workdps(DIGITS):
        theta = [mp.mpf(float(value)) for value in parameters.flatten()]
        machine = _Machine(network, parameters, {})
        rows = [machine.jets(_exact_point(x), theta, slots) for x in np.asarray(points, dtype=np.float64)]
        return np.array([[float(jets[slot]) for jets in rows] for slot in slots])


def _exact_point(point: Floats) -> tuple[Any, ...]:
    return tuple(mp.mpf(float(x)) for x in point)


@dataclass(frozen=True)
class _Machine:
    network: Network
    parameters: Parameters
    numbers: Mapping[str, Any]

    def derivative(self, legs: Sequence[tuple[Operator, tuple[Any, ...]]], theta: list[Any], k: int) -> Any:
        """∂R/∂θ_k by a central difference, R the sum over the legs."""
        h = mp.mpf(10) ** -STEP
        ends = []
        for sign in (1, -1):
            moved = [*theta[:k], theta[k] + sign * h, *theta[k + 1 :]]
            ends.append(sum(self.residual(operator, x, moved) for operator, x in legs))
        return (ends[0] - ends[1]) / (2 * h)

    def residual(self, operator: Operator, x: tuple[Any, ...], theta: list[Any]) -> Any:
        """F(x, jets) by substitution into the SymPy expression."""
        space = operator.space
        jets = self.jets(x, theta, operator.slots)
        given: dict[sp.Symbol, Any] = {space.symbol(slot): _number(jet) for slot, jet in jets.items()}
        given |= {
            space.variable(name): _number(value) for name, value in zip(space.variables, x, strict=True)
        }
        for symbol in operator.parameters:
            if symbol.name not in self.numbers:
                raise InputError(f"the parameter {symbol.name!r} has no value; give one in values")
            # An exact rational where there is one, the binary value of a float otherwise.
            value = sp.sympify(self.numbers[symbol.name], strict=True)
            given[symbol] = _number(mp.mpf(float(value))) if value.is_Float else value
        result = operator.expression.xreplace(given).evalf(DIGITS - 10)
        if not result.is_number or not result.is_finite or not result.is_real:
            raise NonFiniteError(
                f"the residual {operator.expression} is {result} at the point {tuple(map(float, x))}"
            )
        return mp.mpf(sp.Float(result, DIGITS)._mpf_)

    def jets(self, x: tuple[Any, ...], theta: list[Any], slots: Sequence[Slot]) -> dict[Slot, Any]:
        """u_α by tensor products of central differences (step h between nodes, half steps at odd orders)."""
        h = mp.mpf(10) ** -STEP
        layers = self._layers(theta)
        seen: dict[tuple[int, ...], list[Any]] = {}

        def at(node: tuple[int, ...]) -> list[Any]:
            if node not in seen:
                seen[node] = self._outputs(tuple(a + h * m / 2 for a, m in zip(x, node, strict=True)), layers)
            return seen[node]

        jets = {}
        for slot in slots:
            output = self.network.fields.index(slot.field)
            total = mp.mpf(0)
            for ks in product(*(range(n + 1) for n in slot.index)):
                weight = 1
                for n, k in zip(slot.index, ks, strict=True):
                    weight *= (-1) ** k * comb(n, k)
                total += weight * at(tuple(n - 2 * k for n, k in zip(slot.index, ks, strict=True)))[output]
            jets[slot] = total / h**slot.order
        return jets

    def _layers(self, theta: list[Any]) -> list[tuple[list[list[Any]], list[Any]]]:
        """The flat parameters as (rows of W, b) per affine layer, the readout last."""
        flat = iter(theta)
        layers = []
        for weight, bias in self.parameters.hidden:
            rows = [[next(flat) for _ in range(weight.shape[1])] for _ in range(weight.shape[0])]
            layers.append((rows, [next(flat) for _ in bias]))
        m, n = self.parameters.readout.shape
        readout = [[next(flat) for _ in range(n)] for _ in range(m)]
        layers.append((readout, list(flat) or [mp.mpf(0)] * m))
        return layers

    def _outputs(self, x: tuple[Any, ...], layers: Sequence[tuple[list[list[Any]], list[Any]]]) -> list[Any]:
        """The outputs of THEORY §1, one neuron after the other."""
        phi = formula_function(self.network.phi)
        h = list(self._mapped(x))
        scale = mp.mpf(1)
        for rows, bias in layers[:-1]:
            h = [
                phi(scale * mp.fsum(w * v for w, v in zip(row, h, strict=True)) + b)
                for row, b in zip(rows, bias, strict=True)
            ]
            scale = 1 / mp.sqrt(len(h))
        s = self.network.exponent
        out = mp.mpf(len(h)) ** -(mp.mpf(s.numerator) / s.denominator)
        readout, bias = layers[-1]
        return [
            out * mp.fsum(a * v for a, v in zip(row, h, strict=True)) + c
            for row, c in zip(readout, bias, strict=True)
        ]

    def _mapped(self, x: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.network.features is not None:
            return self._features(x)
        if self.network.input_map is None:
            return x
        scale, shift = self.network.input_map.scale, self.network.input_map.shift  # type: ignore[union-attr]
        return tuple(mp.mpf(a) * v + mp.mpf(b) for a, v, b in zip(scale, x, shift, strict=True))

    def _features(self, x: tuple[Any, ...]) -> tuple[Any, ...]:
        assert self.network.lift is not None
        lines, waves = self.network.lift.lines, self.network.lift.waves
        angles = [2 * mp.pi * (mp.fdot(map(mp.mpf, wave.turns), x) + mp.mpf(wave.offset)) for wave in waves]
        amplitudes = [mp.mpf(wave.amplitude) for wave in waves]
        return (
            *(mp.mpf(line.scale) * x[line.axis] + mp.mpf(line.shift) for line in lines),
            *(a * mp.cos(angle) for a, angle in zip(amplitudes, angles, strict=True)),
            *(a * mp.sin(angle) for a, angle in zip(amplitudes, angles, strict=True)),
        )


def _number(value: Any) -> sp.Float:
    return sp.Float(value, DIGITS)


@cache
def formula_function(phi: Activation) -> Callable[[Any], Any]:
    """An activation in mpmath's numbers, from its formula.

    >>> formula_function(Activation.of("relu^2"))(mp.mpf(3))
    mpf('9.0')
    """
    operator = parse(phi.formula, fields=["z"], variables=["x"])
    base = _function(operator.expression, operator.space.symbol(operator.slots[0]))
    return (lambda value: base(value) ** phi.power) if phi.power else base


def _function(node: sp.Expr, z: sp.Symbol) -> Callable[[Any], Any]:
    if node == z:
        return lambda value: value
    if node.is_number:
        constant = mp.make_mpf(sp.Float(node.evalf(DIGITS), DIGITS)._mpf_)  # whatever the working precision
        return lambda value: constant
    if isinstance(node, sp.Pow) and node.exp.is_Integer:
        base, exponent = _function(node.base, z), int(node.exp)
        return lambda value: base(value) ** exponent
    inner = [_function(argument, z) for argument in node.args]
    if isinstance(node, sp.Add):
        return lambda value: mp.fsum(f(value) for f in inner)
    if isinstance(node, sp.Mul):
        return lambda value: mp.fprod(f(value) for f in inner)
    if node.func not in _FUNCTIONS:
        raise InputError(f"the formula of an activation has {node}; the reference network cannot compute it")
    outer = _FUNCTIONS[node.func]
    return lambda value: outer(inner[0](value))
