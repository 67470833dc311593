"""Exact means of products of operator gradients over Gaussian jets.

For Gaussian v with mean m and covariance C, and a constant (complex) vector a [D],

    E[v_1 ⋯ v_k e^{a·v}] = e^{a·m + aᵀCa/2} E[w_1 ⋯ w_k],   w ~ N(m + Ca, C),

and by Isserlis' theorem E[w_1 W] = m_1 E[W] + Σ_j C_{1j} E[W / w_j]. Hence every F_α that is a sum of
terms (function of x) × (monomial in the jets) × exp(linear form in the jets) has an exact mean product;
sin, cos, sinh, cosh of linear forms are such sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy as sp

from ntk_theory.arrays import Complexes, Floats
from ntk_theory.errors import InputError
from ntk_theory.model.assembly import Leg, Rows, fold_kernel
from ntk_theory.model.program import compile_expressions
from ntk_theory.symbolic.jets import JetSpace, Slot

#: A jet value of the left (0) or right (1) row: (slot position, side).
Item = tuple[int, int]
#: Larger products of jets than this are refused: the recursion visits every sub-product.
MOST_FACTORS = 16


@dataclass(frozen=True)
class Term:
    """coefficient(x) · Π_k u_{slots[k]} · exp(Σ_k exponents[k]·u_k); slots by position, repeated."""

    coefficient: sp.Expr
    slots: tuple[int, ...]
    exponents: tuple[tuple[int, complex], ...]


def terms_of(expression: sp.Expr, space: JetSpace, slots: Sequence[Slot]) -> tuple[Term, ...]:
    """The expression as a sum of terms.

    Raises
    ------
    InputError
        naming a factor that is not of that form: the mean might not exist.
    """
    return _terms_of(expression, space, tuple(slots))


@lru_cache(maxsize=1024)
def _terms_of(expression: sp.Expr, space: JetSpace, slots: tuple[Slot, ...]) -> tuple[Term, ...]:
    """The same, once: the mean is asked for at several ε."""
    symbols = {space.symbol(slot): k for k, slot in enumerate(slots)}
    exponential = expression.replace(
        lambda node: (
            isinstance(node, sp.sin | sp.cos | sp.sinh | sp.cosh) and bool(node.free_symbols & set(symbols))
        ),
        lambda node: node.rewrite(sp.exp),
    )
    found = []
    for summand in sp.Add.make_args(sp.expand(exponential)):
        if summand == 0:
            continue
        coefficient, dependent = summand.as_independent(*symbols, as_Add=False)
        powers: list[int] = []
        exponents: dict[int, complex] = {}
        for factor in sp.Mul.make_args(dependent):
            _read_factor(factor, expression, symbols, powers, exponents)
        found.append(Term(coefficient, tuple(sorted(powers)), tuple(sorted(exponents.items()))))
    return tuple(found)


def _read_factor(
    factor: sp.Expr,
    whole: sp.Expr,
    symbols: Mapping[sp.Symbol, int],
    powers: list[int],
    exponents: dict[int, complex],
) -> None:
    if factor == 1:
        return
    base, power = factor.as_base_exp()
    if base in symbols and power.is_Integer and power > 0:
        powers += [symbols[base]] * int(power)
        return
    if isinstance(factor, sp.exp):
        linear = sp.Poly(factor.exp, *symbols) if factor.exp.is_polynomial(*symbols) else None
        if linear is not None and linear.total_degree() <= 1 and all(c.is_number for c in linear.coeffs()):
            for symbol, at in symbols.items():
                slope = complex(linear.coeff_monomial(symbol))
                if slope:
                    exponents[at] = exponents.get(at, 0) + slope
            return
    raise InputError(
        f"the mean of the kernel is not known to exist: the gradient {whole} has the factor {factor}, "
        "which is no polynomial, sin, cos, sinh, cosh or exp of a linear form in the jets; "
        "use quantiles of sample()"
    )


def mean_products(
    gradients: Sequence[Mapping[Slot, sp.Expr]], rows: Rows, covariance: Floats, mean: Floats, weight: Floats
) -> Floats:
    """E Σ_αβ F_α(r) F_β(r') weight_{αr,βr'} for all rows, folded over legs: the mean kernel (n, n).

    Parameters
    ----------
    gradients:
        Per leg of ``rows``: slot → F_α.
    rows:
        The stacked points.
    covariance, mean:
        Of the jets u_α: (S, R, S, R) and (S, R).
    weight:
        (S, R, S, R), ε²T plus the output bias' share.
    """
    out = np.zeros((len(rows.points), len(rows.points)))
    space, slots = rows.problem.space, rows.slots
    parsed = [
        {slots.index(slot): _evaluated(terms_of(f, space, slots), rows, leg) for slot, f in gradient.items()}
        for gradient, leg in zip(gradients, rows.legs, strict=True)
    ]
    for p, left in enumerate(rows.legs):
        for q, right in enumerate(rows.legs[: p + 1]):
            law = _PairLaw(covariance, mean, left, right)
            block = np.zeros((left.stop - left.start, right.stop - right.start))
            for a, first in parsed[p].items():
                for b, second in parsed[q].items():
                    share = weight[a, left.rows, b, right.rows]
                    if share.any():
                        block += share * law.product(first, second)
            out[left.rows, right.rows] = block
            out[right.rows, left.rows] = block.T
    return fold_kernel(rows, out)


def mean_outer(slopes: Sequence[sp.Expr], rows: Rows, covariance: Floats, mean: Floats) -> Floats:
    """E q(r) q(r') for one expression q per leg, folded over legs, (n, n); the others as above."""
    weight = np.zeros_like(covariance)
    weight[0, :, 0] = 1.0
    first = rows.slots[0]
    return mean_products([{first: q} for q in slopes], rows, covariance, mean, weight)


@dataclass(frozen=True, eq=False)
class _Evaluated:
    coefficient: Complexes
    term: Term


def _evaluated(terms: Sequence[Term], rows: Rows, leg: Leg) -> tuple[_Evaluated, ...]:
    """Coefficients at the points of a leg."""
    parts = [part for term in terms for part in term.coefficient.as_real_imag()]
    program = compile_expressions(parts, rows.problem.space.variable_symbols)
    points = rows.points[leg.rows]
    values = [np.broadcast_to(value, len(points)) for value in program.run(list(points.T))]
    return tuple(_Evaluated(values[2 * k] + 1j * values[2 * k + 1], term) for k, term in enumerate(terms))


class _PairLaw:
    """The joint Gaussian law of the jets at the rows of two legs; arrays broadcast to (n, n')."""

    def __init__(self, covariance: Floats, mean: Floats, left: Leg, right: Leg) -> None:
        rows = (left.rows, right.rows)
        diagonal = np.einsum("arbr->abr", covariance)
        self._own = (diagonal[:, :, rows[0], None], diagonal[:, :, None, rows[1]])
        self._cross = covariance[:, rows[0], :, rows[1]]
        self._mean = (mean[:, rows[0], None], mean[:, None, rows[1]])

    def _covariance(self, a: Item, b: Item) -> Floats:
        if a[1] == b[1]:
            return np.asarray(self._own[a[1]][a[0], b[0]])
        return self._cross[a[0], :, b[0]] if a[1] == 0 else self._cross[b[0], :, a[0]]

    def product(self, first: Sequence[_Evaluated], second: Sequence[_Evaluated]) -> Floats:
        """E of the product of two gradients, (n, n')."""
        total: Complexes = np.zeros(self._cross.shape[1::2], dtype=np.complex128)
        for x in first:
            for y in second:
                items = tuple([(s, 0) for s in x.term.slots] + [(s, 1) for s in y.term.slots])
                if len(items) > MOST_FACTORS:
                    raise InputError(
                        f"the mean needs a moment of degree {len(items)}, above {MOST_FACTORS}; use sample()"
                    )
                slopes = [((s, 0), e) for s, e in x.term.exponents] + [
                    ((s, 1), e) for s, e in y.term.exponents
                ]
                moment = self._moment(items, slopes)
                total += x.coefficient[:, None] * y.coefficient[None, :] * moment
        # Conjugate exponentials come in pairs: the imaginary part is rounding.
        return np.ascontiguousarray(total.real)

    def _moment(self, items: tuple[Item, ...], slopes: Sequence[tuple[Item, complex]]) -> Complexes:
        shifts: dict[Item, Complexes] = {
            item: self._mean[item[1]][item[0]]
            + sum((e * self._covariance(item, other) for other, e in slopes), np.zeros(1, dtype=complex))
            for item in set(items)
        }
        memo: dict[tuple[Item, ...], Complexes] = {(): np.ones((1, 1), dtype=complex)}

        def wick(rest: tuple[Item, ...]) -> Complexes:
            if rest not in memo:
                head, tail = rest[0], rest[1:]
                value = shifts[head] * wick(tail)
                for k, other in enumerate(tail):
                    value = value + self._covariance(head, other) * wick(tail[:k] + tail[k + 1 :])
                memo[rest] = value
            return memo[rest]

        exponent: Complexes = np.zeros((1, 1), dtype=complex)
        for item, e in slopes:
            half = sum((0.5 * f * self._covariance(item, other) for other, f in slopes), np.zeros(1))
            exponent = exponent + e * (self._mean[item[1]][item[0]] + half)
        return np.asarray(np.exp(exponent) * wick(items))
