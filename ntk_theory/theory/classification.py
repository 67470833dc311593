"""The answer to "for which s does this kernel converge?": both theories, their steps, their quarrel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.asymptotics import Degree, End, Growth
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.numbers import exact
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.theory.exponents import Limit, Regime
from ntk_theory.theory.paper import RELU, SMOOTH, PaperVerdict, paper_verdict
from ntk_theory.theory.profile import GroupProfile
from ntk_theory.theory.sharp import SharpBlock, sharp_block
from ntk_theory.theory.steps import Answer, Step


@dataclass(frozen=True)
class Classification:
    """The regimes of every kernel block of a problem, by the paper and by the ε-calculus.

    Attributes
    ----------
    problem, output_bias, activation:
        The question: every answer depends on all three.
    paper:
        The criterion of [ZY], with its hypotheses.
    sharp:
        Block name → :class:`~ntk_theory.theory.sharp.SharpBlock` [D]: ``bb``, ``bf``, ``ff`` (all
        value groups, all equations) and ``g,h`` for every pair of named groups.
    """

    problem: Problem
    output_bias: str
    activation: str
    paper: PaperVerdict
    sharp: Mapping[str, SharpBlock]

    @property
    def bias(self) -> OutputBias:
        """The table line of the output bias."""
        return OutputBias.of(self.output_bias)

    def regime(self, block: str, s: object) -> Regime:
        """The sharp regime of a block at an exact s > 0 (``"3/4"``, a Fraction, an int, …).

        ``block`` is ``bb``, ``bf``, ``ff`` or ``g,h`` with two group names, in either order.
        """
        value = exact(s, "s")
        if value <= 0:
            raise InputError(f"s = {s} is out of range; it needs an exponent above 0, such as 1/2")
        return self.sharp[self._key(block)].regime(value)

    def _key(self, block: str) -> str:
        names = block.split(",") if "," in block else list(block)
        for key in (block, ",".join(names), ",".join(reversed(names)), "".join(reversed(names))):
            if key in self.sharp:
                return key
        raise InputError(f"block is {block!r}; this problem has the blocks {', '.join(self.sharp)}")

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The whole derivation, in order: the paper's rules, the ε-calculus, where they disagree."""
        return (*self.paper.steps.values(), *_sharp_steps(self), *self._disagreements)

    @cached_property
    def disagreements(self) -> tuple[str, ...]:
        """One sentence for each block on which the paper and the sharp answer differ."""
        return tuple(step.conclusion for step in self._disagreements)

    @cached_property
    def _disagreements(self) -> tuple[Step, ...]:
        found = []
        for name in ("bb", "bf", "ff"):
            claimed = self.paper.threshold(name)
            if name in self.sharp and claimed is not None:
                found += [_quarrel(name, claimed, text) for text in _compare(name, claimed, self.sharp[name])]
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The JSON contract: plain strings, numbers, lists and dictionaries."""
        return {
            **_operators(self.problem),
            "name": self.problem.name or None,
            "fields": list(self.problem.fields),
            "variables": list(self.problem.variables),
            "groups": [_group(g) for g in self.problem.groups],
            "output_bias": self.output_bias,
            "activation": self.activation,
            "hypotheses": _hypotheses(self.paper),
            "paper": _paper(self.paper),
            "sharp": {name: _block(block) for name, block in self.sharp.items()},
            "disagreements": list(self.disagreements),
            "steps": [step.to_dict() for step in self.steps],
        }

    def __str__(self) -> str:
        from ntk_theory.theory.text import summary  # noqa: PLC0415  the text module needs this class

        return summary(self)

    def latex(self) -> str:
        """The question and the answer as LaTeX (an align* block and a table)."""
        from ntk_theory.theory.text import latex  # noqa: PLC0415  the text module needs this class

        return latex(self)


def classify(
    what: str | Path | Problem | Operator | sp.Basic, *, output_bias: str = "zero", activation: str = "tanh"
) -> Classification:
    """Decide the regime of every kernel block of a problem.

    Parameters
    ----------
    what:
        A problem, or anything that :func:`ntk_theory.problem` takes: an operator, an expression, a
        zoo name, a problem file.
    output_bias:
        ``zero`` (c starts at 0, trained), ``normal`` (starts N(0,1), trained) or ``none``.
    activation:
        Only the paper's hypotheses ask for it.

    Raises
    ------
    InputError
        Unknown output bias or activation, or an expression that the grammar refuses.

    >>> classify("u_t + u*u_x + u_xxx").regime("ff", "3/4").limit
    <Limit.ZERO: 'zero'>
    """
    bias = OutputBias.of(output_bias)
    if activation not in SMOOTH and not RELU.match(activation):
        raise InputError(f"activation is {activation!r}; it needs one of {', '.join(SMOOTH)}, relu^k")
    problem = as_problem(what)
    return Classification(
        problem,
        bias.name,
        activation,
        paper_verdict(problem, activation, bias.name),
        _blocks(problem, bias),
    )


def _blocks(problem: Problem, bias: OutputBias) -> dict[str, SharpBlock]:
    profiles = {g.name: GroupProfile(g, bias) for g in problem.groups}
    values = [profiles[g.name] for g in problem.groups if g.kind is GroupKind.VALUE]
    equations = [profiles[g.name] for g in problem.equations]
    blocks: dict[str, SharpBlock] = {}
    if values:
        blocks["bb"] = sharp_block(values, values)
        blocks["bf"] = sharp_block(values, equations)
    blocks["ff"] = sharp_block(equations, equations)
    names = list(profiles)
    single = {"b,b": "bb", "b,f": "bf", "f,f": "ff"}
    for k, g in enumerate(names):
        for h in names[k:]:
            key = f"{g},{h}"
            if single.get(key) not in blocks:
                blocks[key] = sharp_block([profiles[g]], [profiles[h]])
    return blocks


def _compare(name: str, claimed: sp.Rational, block: SharpBlock) -> list[str]:
    sentences = []
    kernel = f"K_{name}"
    for regime in block.regimes:
        above = regime.low >= claimed or (not regime.is_point and regime.high > claimed)
        if above and regime.limit in (Limit.RANDOM, Limit.DIVERGES, Limit.UNDEFINED):
            verb = {
                Limit.RANDOM: "converges in distribution only (its limit is random)",
                Limit.DIVERGES: "diverges",
                Limit.UNDEFINED: "is undefined with positive probability",
            }[regime.limit]
            sentences.append(
                f"The paper's criterion has {kernel} converge for s ≥ {claimed}, but by the ε-calculus "
                f"it {verb} for {regime.where}."
            )
    threshold, attained = block.threshold
    if threshold is not None and threshold < claimed:
        low = "" if threshold == -sp.oo else f"{threshold} {'≤' if attained else '<'} "
        limits = {
            r.limit
            for r in block.regimes
            if r.low >= max(threshold, 0) and r.low < claimed and r.limit.converges
        }
        what = "to zero" if limits == {Limit.ZERO} else "to a deterministic limit"
        sentences.append(
            f"The paper's s = {claimed} for {kernel} is sufficient, not necessary: for {low}s < {claimed} "
            f"{kernel} already converges ({what}), so the stated converse fails there."
        )
    if threshold is not None and threshold == claimed and not attained:
        at = block.regime(claimed).limit
        if not any(f"s = {claimed}." in sentence for sentence in sentences):
            sentences.append(f"At s = {claimed} itself {kernel} is {at}, not deterministic.")
    return sentences


def _quarrel(name: str, claimed: sp.Rational, sentence: str) -> Step:
    return Step(
        f"disagreement-{name}",
        "paper against ε-calculus",
        "[D]",
        Answer.NO,
        f"the paper's threshold of K_{name} is {claimed}",
        sentence,
    )


def _sharp_steps(c: Classification) -> list[Step]:
    steps = [
        Step(
            "epsilon-identity",
            "one number carries N and s",
            "[D] ε-calculus",
            Answer.YES,
            "ε = N^(1/2−s); every jet is u_α = ε S_α + δ_{α0} c",
            "K^gh = ε² Σ F^g_α F^h_β T_αβ"
            + (" + F^g_0 F^h_0 (the output bias is trained)" if c.bias.is_trained else ""),
        )
    ]
    for group in c.problem.groups:
        profile = GroupProfile(group, c.bias)
        steps += [_degree_step(profile, end) for end in End]
        if any(g.has(sp.sign) for leg in group.legs for g in leg.gradient.values()):
            steps.append(
                Step(
                    "sign-rule",
                    "sign′ = 0",
                    "[D]",
                    Answer.YES,
                    f"{group.name}: F has a kink",
                    "sign is constant almost everywhere, so its derivative is taken as 0",
                )
            )
    steps += _symmetry_steps(c)
    for name, block in c.sharp.items():
        for regime in block.regimes:
            exponent = "no exponent" if regime.norm_exponent is None else f"‖K‖ ~ N^({regime.norm_exponent})"
            remark = f" ({regime.remark})" if regime.remark else ""
            steps.append(
                Step(
                    f"regime-{name}",
                    f"K_{name}",
                    "[D] ε-calculus",
                    Answer.of(_decided(regime.limit)),
                    f"{regime.where}: {exponent}{remark}",
                    f"K_{name}: {regime.limit} for {regime.where}",
                )
            )
    return steps


def _symmetry_steps(c: Classification) -> list[Step]:
    """One step for each pair of groups in which a reflection makes entries of T^∞ vanish."""
    steps = []
    profiles = [GroupProfile(g, c.bias) for g in c.problem.groups]
    for k, g in enumerate(profiles):
        for h in profiles[k:]:
            pinned = g.pinned & h.pinned
            parities = {
                p for profile in (g, h) for f in profile.fields for p in profile.hidden(f, End.ZERO, pinned)
            }
            if len(parities) > 1:
                where = ", ".join(f"{v} = 0" for v in sorted(pinned))
                steps.append(
                    Step(
                        "reflection-symmetry",
                        f"parity at {where}",
                        "[D] ε-calculus",
                        Answer.YES,
                        f"the points of {g.group.name} and {h.group.name} have {where}; flipping the sign of "
                        "an input leaves the network's law unchanged",
                        "T^∞_αβ = 0 where α + β is odd there: only a fluctuation of order N^(-1/2) is left",
                    )
                )
    return steps


def _decided(limit: Limit) -> bool | None:
    return None if limit is Limit.UNDECIDED else limit.converges


def _degree_step(profile: GroupProfile, end: End) -> Step:
    side = "ε → 0 (s > 1/2)" if end is End.ZERO else "ε → ∞ (s < 1/2)"
    parts = []
    fault = profile.fault(end)
    if fault is not None:
        parts.append(f"{fault.growth}: {fault.reason}")
    for field in profile.fields:
        parts.append(f"F_{{{field},α}} of degree {_shown(profile.hidden(field, end)[()])}")
        if profile.bias.is_trained:
            parts.append(f"F_{{{field},0}} of degree {_shown(profile.output_bias(field, end))}")
    decided = fault is None and all(
        profile.hidden(f, end)[()].growth in (Growth.POWER, Growth.FLAT) for f in profile.fields
    )
    return Step(
        f"degree-at-{end}",
        f"degrees of {profile.group.name}",
        "[D] ε-calculus",
        Answer.of(decided or None),
        f"F_α(c e_0 + εv) as {side}",
        "; ".join(parts) or "F_α = 0",
    )


def _shown(degree: Degree) -> str:
    if degree.growth is Growth.FLAT:
        return "∞ (vanishes or is flat)"
    if degree.growth is not Growth.POWER:
        return f"{degree.growth} ({degree.reason})"
    logs = f" times log^{degree.logs}" if degree.logs else ""
    return f"{degree.exponent}{logs}, coefficient {'random' if degree.is_random else 'fixed'}"


def _operators(problem: Problem) -> dict[str, Any]:
    described = [_operator(g) for g in problem.equations]
    if len(described) == 1:
        single = {k: v for k, v in described[0].items() if k != "name"}
        return {**single, "equations": described}
    return {
        **dict.fromkeys(("operator", "order", "linear", "gradient", "monomials")),
        "equations": described,
    }


def _operator(group: Group) -> dict[str, Any]:
    operator = group.legs[0]
    space = operator.space
    return {
        "name": group.name,
        "operator": render(operator.expression, space),
        "order": operator.order,
        "linear": operator.is_linear,
        "gradient": {space.name(s): render(operator.gradient[s], space) for s in operator.support},
        "monomials": [
            {
                "of": space.name(m.of),
                "monomial": render(m.expression, space),
                "coefficient": render(m.coefficient, space),
                "degree": m.degree,
                "homogeneous": m.is_homogeneous,
            }
            for m in operator.monomials
        ],
    }


def _group(group: Group) -> dict[str, Any]:
    operator: Operator = group.legs[0]
    return {
        "name": group.name,
        "kind": "periodic" if len(group.legs) > 1 else str(group.kind),
        "operator": render(operator.expression, operator.space),
    }


def _hypotheses(paper: PaperVerdict) -> list[dict[str, Any]]:
    truth = {Answer.YES: True, Answer.NO: False}
    names = ("smooth-activation", "bounded-derivatives", "continuous-operator")
    return [
        {"name": step.title, "holds": truth.get(step.answer), "why": step.because}
        for step in (paper.steps[name] for name in names)
    ]


def _paper(paper: PaperVerdict) -> dict[str, Any]:
    def text(value: sp.Rational | None) -> str | None:
        return None if value is None else str(value)

    return {
        "case": paper.case,
        "degree": paper.degree,
        "s1": text(paper.s1),
        "s2": text(paper.s2),
        "s_bb": text(paper.threshold("bb")),
        "s_ff": text(paper.threshold("ff")),
        "s_bf": text(paper.threshold("bf")),
        "s_training": text(paper.training),
        "pairs": {name: text(value) for name, value in paper.pairs().items()},
        "pairs_source": "[R]",
    }


def _block(block: SharpBlock) -> dict[str, Any]:
    threshold, attained = block.threshold
    return {
        "threshold": None if threshold is None else str(threshold),
        "attained": attained,
        "below": _regime(block.below[-1]),
        "at": _regime(block.at),
        "above": _regime(block.above[0]),
        "pieces": [_regime(r) for r in block.regimes],
    }


def _regime(regime: Regime) -> dict[str, Any]:
    def text(value: sp.Expr | None) -> str | None:
        return None if value is None else str(value)

    return {
        "limit": str(regime.limit),
        "norm_exponent": text(regime.norm_exponent),
        "spread_exponent": text(regime.spread_exponent),
        "where": regime.where,
        "remark": regime.remark,
    }
