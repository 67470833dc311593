"""Which s for a purpose, from the classification alone: a choice, its reasons, and what to beware of.

Every sentence ends in its source mark. A choice is made only where the classification allows it: no block
undefined there, and for a constant kernel every block convergent and F_0 the same at all constants.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from ntk_theory.advice.constants import bilinear, is_linear, trained_numbers_move_kernel
from ntk_theory.errors import InputError
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.setting.output_bias import OUTPUT_BIASES
from ntk_theory.theory import Classification, classify
from ntk_theory.theory.exponents import HALF, Limit, Regime
from ntk_theory.theory.text import shown_blocks

Goal = Literal["accuracy", "constant kernel"]
GOALS = ("accuracy", "constant kernel")
#: Tried in this order where s = 1/2 will not do. 3/4 balances the two errors of a constant kernel in kernel
#: time [C]: the operator's linearisation, ε = N^{1/2−s}, and the motion of the features, N^{s−1}.
ABOVE = (sp.Rational(3, 4), sp.S.One)
_BAD = (Limit.UNDEFINED, Limit.UNDECIDED, Limit.DIVERGES)
#: For one block, for several.
_VERBS = {
    Limit.UNDEFINED: ("is undefined with positive probability", "are undefined with positive probability"),
    Limit.UNDECIDED: ("could not be decided", "could not be decided"),
    Limit.DIVERGES: ("diverges", "diverge"),
    Limit.RANDOM: ("stays random", "stay random"),
}
_MOVES = "moves by its own size (Bonfanti et al. 2024)"
_EXCLUSION = (
    "solving a nonlinear equation moves u by order one, and ∂F/∂u_α with it: then the kernel is not "
    "constant, whatever s; constant it is only while u stays near its start [D]"
)


@dataclass(frozen=True)
class Advice:
    """A recommended s (None: there is none), why, and what to beware of; sentences with source marks."""

    s: sp.Rational | None
    because: tuple[str, ...]
    beware: tuple[str, ...] = ()


def advise(answer: Classification, goal: Goal = "accuracy") -> Advice:
    """Choose s for a purpose.

    Parameters
    ----------
    answer:
        The classification; its output bias is part of the question.
    goal:
        ``accuracy``: the kernel has order one for every width and features learn. ``constant kernel``: K has
        a deterministic limit and keeps it in training, as Theorem 2.3 [ZY] has it.

    >>> advise(classify("u_t - u_xx"), "constant kernel").s
    1/2
    >>> advise(classify("u_tt - u_xx + sin(u)"), "constant kernel").s is None
    True
    """
    if goal not in GOALS:
        raise InputError(f"goal is {goal!r}; it needs one of {', '.join(GOALS)}")
    if answer.kernel.start is not None and answer.kernel.start.is_standard:
        return _library(answer, answer.kernel.start)
    undefined = list(_sentences(answer, HALF, Limit.UNDEFINED))
    if undefined:
        return _undefined_at_half(answer, goal, f"{undefined[0]}: {_reason(answer)} [D]")
    if is_linear(answer.problem) is True:
        return Advice(
            HALF,
            (
                "all equations and conditions are linear: at s = 1/2 every block converges to a "
                "deterministic kernel that sees all of the operator [D]",
                "training there moves the kernel by a part of its size that vanishes [D], like 1/N [C]",
                "below 1/2 it diverges and the rate must fall with N; above, with a fixed rate, only "
                f"{_outside(answer)} [D]",
            ),
        )
    return _accuracy(answer) if goal == "accuracy" else _constant(answer)


def _library(answer: Classification, start: Initialisation) -> Advice:
    """A library's network is one at s = 1/2; what scales is its users' learning rate.

    K/N has a deterministic limit in the blocks whose spread has a smaller exponent than their norm.
    """
    own = f"at s = 1/2 the network is the one that {start} starts, in its users' own parameterisation [D]"
    if start.shrinks:
        linear = (
            "its first layer starts with weights of order N^(-1/2): wide networks are linear at the start "
            "and every derivative of u is small by a power of its own; the numbers are of this width [D]"
        )
        return Advice(HALF, (own, linear))
    own_regimes = regimes(answer, HALF)
    grows = {name: regime for name, regime in own_regimes.items() if regime.limit is Limit.DIVERGES}
    random = [name for name, regime in grows.items() if regime.spread_exponent == regime.norm_exponent]
    open_ = [name for name, regime in grows.items() if regime.spread_exponent is None]
    beware = [
        f"{sentence} [D]"
        for limit in (Limit.UNDEFINED, Limit.UNDECIDED)
        for sentence in _sentences(answer, HALF, limit)
    ]
    if random:
        beware.append(
            f"{_kernels(random)} divided by N {'stays' if len(random) == 1 else 'stay'} random: every start "
            f"has a kernel of its own at any width [D], which in training {_MOVES}; no constant kernel "
            "explains the result"
        )
    if open_:
        beware.append(f"whether {_kernels(open_)} divided by N settles with the width is undecided [D]")
    rate = (
        f"its kernel {'grows like N' if beware else 'is N times one that converges'}, up to terms of order 1 "
        "(first layer, biases): scale the learning rate like 1/N, not s [D]"
    )
    other = "another s multiplies u by N^(1/2 - s), and the classification is that of this kernel [D]"
    return Advice(HALF, (own, rate, other), tuple(beware))


def _undefined_at_half(answer: Classification, goal: Goal, what: str) -> Advice:
    if not any(_converge(answer, s) for s in ABOVE):
        remedy = "nor is there a convergent kernel above 1/2; change F so that it is defined for all u [D]"
        return Advice(None, (what, remedy))
    if goal == "constant kernel":
        found = _constant(answer)
        return Advice(found.s, (what, *found.because), found.beware)
    s = next(s for s in ABOVE if _converge(answer, s))
    why = f"at s = {s} u starts near a constant at which F is defined, and every block converges [D]"
    price = f"the price: with a fixed rate only {_outside(answer)}; F may become undefined as u moves [D]"
    return Advice(s, (what, why, price))


def _reason(answer: Classification) -> str:
    return next(r.remark for r in regimes(answer, HALF).values() if r.limit is Limit.UNDEFINED)


def _converge(answer: Classification, s: sp.Rational) -> bool:
    return all(regime.limit.converges for regime in regimes(answer, s).values())


def _accuracy(answer: Classification) -> Advice:
    because = (
        "at s = 1/2 jets and kernel keep their order for every width: the learning rate need not change with "
        "N, and all layers learn at one rate [D]",
        f"the price: the equation is {_nonlinear(answer)}, its kernel is random there [D] and in training "
        f"{_MOVES}: features learn, and no constant kernel explains the result",
        "Gauss-Newton rescales every direction by itself: with it s hardly matters for the error reached [C]",
    )
    above = [f"do not go above: {fault}" for s in ABOVE for fault in faults(answer, s)]
    return Advice(HALF, because, tuple(dict.fromkeys(above)))


def _constant(answer: Classification) -> Advice:
    for s in ABOVE:
        if not _obstacles(answer, s):
            return Advice(s, tuple(_price(answer, s)), (_EXCLUSION,))
    reasons = [reason for s in ABOVE for reason in _obstacles(answer, s)]
    others = [bias for bias in OUTPUT_BIASES if bias != answer.output_bias and _has_constant(answer, bias)]
    if others:
        names = " or ".join(others)
        reasons.append(f"with output bias {names} there is such an s, {ABOVE[0]}: ask again with it [D]")
    if not any(r.limit is Limit.UNDEFINED for r in regimes(answer, HALF).values()):
        reasons.append(f"at s = 1/2 the kernel is random [D] and {_MOVES}")
    beware = f"[ZY] has the kernel constant in training for s > {answer.paper.training} under its assumptions"
    return Advice(None, tuple(dict.fromkeys(reasons)), (beware,) if answer.paper.applies else ())


def _obstacles(answer: Classification, s: sp.Rational) -> list[str]:
    """What keeps the kernel from a constant limit at an s above 1/2."""
    found = [
        f"{sentence} [D]"
        for limit in Limit
        if not limit.converges
        for sentence in _sentences(answer, s, limit)
    ]
    moves = trained_numbers_move_kernel(answer)
    if moves is None:
        found.append(
            "whether dF/du is the same at all constants is undecided, and with it the drift above 1/2 [D]"
        )
    elif moves:
        found.append(
            "above 1/2 the trained output bias c carries the kernel along, K → F_0F_0' at u ≡ c(t), and "
            "F_0 = ∂F/∂u is not the same at all constants: the drift has a nonzero limit where c moves [D]"
            if not answer.problem.unknowns
            else "above 1/2 output bias and unknowns carry the kernel along, whose limit is made of the "
            "derivatives by them at u ≡ c(t): these are not the same everywhere on the way [D]"
        )
    return found


def _has_constant(answer: Classification, bias: str) -> bool:
    other = classify(
        answer.problem, output_bias=bias, activation=answer.activation, depth=answer.kernel.depth
    )
    return not _obstacles(other, ABOVE[0])


def _price(answer: Classification, s: sp.Rational) -> Iterator[str]:
    yield f"at s = {s} every block converges, to a deterministic limit or to zero, and keeps it [D]"
    if not answer.bias.is_trained and not answer.problem.unknowns:
        yield "the limit is zero: with a fixed rate nothing learns, and the drift vanishes because K does [D]"
    else:
        each = "per field" if not answer.problem.unknowns else "each"
        yield f"the price: with a fixed rate only {_outside(answer)}, one direction {each} [D]"
    sizes = {block: r.norm_exponent_at(s) for block, r in regimes(answer, s).items() if _is_diagonal(block)}
    lost = [block for block, e in sizes.items() if e is None or e < 1 - 2 * s]
    rough = {block: e for block, e in sizes.items() if e is not None and e > 1 - 2 * s}
    if lost:
        yield (
            f"even with the factor N^(2s-1) on hidden layers {_kernels(lost)} vanishes: at constants the "
            "equation has no linear part, and is seen only once u has moved [D]"
        )
    elif rough and not answer.bias.is_trained:
        yield (
            f"{_kernels(list(rough))} ~ N^({max(rough.values())}) is larger than N^(1-2s), since F is not "
            "differentiable where u starts: the factor for hidden layers must be smaller than N^(2s-1) [D]"
        )
    else:
        yield (
            "with the factor N^(2s-1) on hidden layers and readout they learn at a rate free of N, at first "
            "by the kernel of the operator linearised at constants [D]"
        )


def _is_diagonal(block: str) -> bool:
    g, _, h = block.partition(",") if "," in block else (block[0], "", block[1])
    return g == h


def drift(answer: Classification, s: sp.Rational) -> str:
    """What training with a fixed learning rate does to the kernel, with the source mark."""
    start = answer.kernel.start
    if start is None or not start.is_standard:
        return _drift(answer, s)
    if start.shrinks or s != HALF:
        # The kernel's drift is derived for N(0, 1) weights, which a library's are at s = 1/2, up to a rate.
        return "not derived for this start"
    return f"{_drift(answer, s)}, at rates ~ 1/N"


def _drift(answer: Classification, s: sp.Rational) -> str:
    linear = is_linear(answer.problem) is True
    kinds = _BAD if s > HALF else (Limit.UNDEFINED, Limit.UNDECIDED)
    if any(regime.limit in kinds for regime in regimes(answer, s).values()):
        return "K has no limit to stay near [D]"
    if s > HALF:
        return _drift_above(answer)
    if s == HALF:
        return "relative drift → 0 [D], like 1/N [C]" if linear else _MOVES
    if not linear:
        return "the kernel changes at leading order [D]"
    claimed = answer.paper.training
    mark = " [ZY]" if claimed is not None and s > claimed else ""
    return f"absolute drift → 0{mark}, like N^(-2s) [C]"


def _drift_above(answer: Classification) -> str:
    moves = trained_numbers_move_kernel(answer)
    if moves is None:
        return "undecided, as is whether ∂F/∂u varies over constants [D]"
    if moves and answer.problem.unknowns:
        return "a nonzero limit: K follows its derivatives by c and unknowns as these move [D]"
    if moves:
        return "a nonzero limit where c moves: K follows ∂F/∂u at u ≡ c(t) [D]"
    vanishes = not answer.bias.is_trained and not answer.problem.unknowns
    return "→ 0" + (", as K does" if vanishes else "") + " [D]"


def _outside(answer: Classification) -> str:
    """Who learns above 1/2, with the verb."""
    names = answer.problem.names_of(answer.problem.unknowns)
    learners = (["the output bias"] if answer.bias.is_trained or not names else []) + names
    return f"{learners[0]} learns" if len(learners) == 1 else f"{' and '.join(learners)} learn"


def _nonlinear(answer: Classification) -> str:
    """``nonlinear``, or in what besides the fields."""
    mixed = answer.problem.names_of(bilinear(answer.problem))
    return f"nonlinear in u and {', '.join(mixed)} together" if mixed else "nonlinear"


def regimes(answer: Classification, s: sp.Rational) -> Mapping[str, Regime]:
    """The sharp regime at s of every block worth a line."""
    return {name: block.regime(s) for name, block in shown_blocks(answer).items()}


def faults(answer: Classification, s: sp.Rational) -> tuple[str, ...]:
    """One sentence for each kind of block without a limit at s: undefined, undecided, diverging."""
    return tuple(f"{sentence} [D]" for limit in _BAD for sentence in _sentences(answer, s, limit))


def _sentences(answer: Classification, s: sp.Rational, limit: Limit) -> Iterator[str]:
    """``K_ff diverges for s > 1/2``, the blocks with the same interval together."""
    by_interval: dict[str, list[str]] = {}
    for name, regime in regimes(answer, s).items():
        if regime.limit is limit:
            by_interval.setdefault(regime.where, []).append(name)
    for where, names in by_interval.items():
        yield f"{_kernels(names)} {_VERBS[limit][len(names) > 1]} for {where}"


def _kernels(blocks: list[str]) -> str:
    more = f" and {len(blocks) - 3} more" if len(blocks) > 3 else ""
    return ", ".join(f"K_{name}" for name in blocks[:3]) + more
