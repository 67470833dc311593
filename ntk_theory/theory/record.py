"""A classification as plain strings, numbers, lists and dictionaries: the JSON contract."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Group, Problem
from ntk_theory.symbolic.unknown_functions import opened
from ntk_theory.symbolic.unknowns import written
from ntk_theory.theory.answers import Answers
from ntk_theory.theory.assumptions import assumptions
from ntk_theory.theory.derivation import derivation, disagreements
from ntk_theory.theory.exponents import Regime
from ntk_theory.theory.paper import PaperVerdict
from ntk_theory.theory.sharp import SharpBlock
from ntk_theory.theory.steps import Answer


def to_dict(c: Answers) -> dict[str, Any]:
    """The JSON contract; keys are added, never renamed."""
    return {
        **_operators(c),
        "name": c.problem.name or None,
        "fields": list(c.problem.solved.fields),
        **_construction(c.problem),
        "variables": list(c.problem.variables),
        "groups": [_group(opened(g, c.problem)[0]) | {"hessian": _hessian(c, g)} for g in c.problem.groups],
        "output_bias": c.output_bias,
        "input_map": c.kernel.inputs.to_dict(),
        "features": None if c.kernel.inputs.features is None else c.kernel.inputs.features.to_dict(),
        "initialisation": None if c.kernel.start is None else c.kernel.start.to_data(),
        "depth": c.kernel.depth,
        "unknowns": written(c.problem.coefficients),
        "unknown_fields": {name: found.written() for name, found in c.problem.unknown_fields.items()},
        "assumptions": [a.to_dict() for a in assumptions(c.kernel)],
        "activation": c.activation,
        "hypotheses": hypotheses(c.paper),
        "paper": _paper(c.paper),
        "sharp": {name: _block(block) for name, block in c.sharp.items()},
        "disagreements": [step.conclusion for step in disagreements(c)],
        "steps": [step.to_dict() for step in derivation(c)],
    }


def _construction(problem: Problem) -> dict[str, Any]:
    """The network's outputs, the ansatz, what it meets, and what it leaves of the other conditions."""
    made = problem.construction
    return {
        "outputs": list(problem.outputs),
        "ansatz": None if made is None else made.ansatz.texts(),
        "met_by_construction": list(problem.met_by_construction),
        "left_by_ansatz": [
            {
                "name": r.group,
                "at": r.place,
                "residual": r.text,
                "without_network": r.is_fixed,
                "defined": r.has_value,
            }
            | ({"why": made.ansatz.reasons[r.group]} if made and r.group in made.ansatz.reasons else {})
            for r in (made.left if made else ())
        ],
    }


def _operators(c: Answers) -> dict[str, Any]:
    problem = c.problem
    described = [{**_operator(opened(g, problem)[0]), "hessian": _hessian(c, g)} for g in problem.equations]
    if len(described) == 1:
        single = {k: v for k, v in described[0].items() if k != "name"}
        return {**single, "equations": described}
    return {
        **dict.fromkeys(("operator", "order", "linear", "gradient", "monomials", "hessian")),
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
        "parts": list(group.parts),
        "where": {v: [render(end) for end in ends] for v, ends in group.where.items()},
    }


def _hessian(c: Answers, group: Group) -> dict[str, Any]:
    """The size of ∇²R at a point of the group: as a block of the kernel, without a threshold."""
    found = _block(c.hessians.by_group[group.name])
    return {key: found[key] for key in ("below", "at", "above", "pieces")}


def hypotheses(paper: PaperVerdict) -> list[dict[str, Any]]:
    """The hypotheses of Theorem 2.2, each with whether it holds and why."""
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
        **({"probability": _chances(regime)} if regime.probability else {}),
    }


def _chances(regime: Regime) -> dict[str, str | None]:
    """Limit → its probability at one generic point; null where it depends on the point."""
    return {
        str(limit): None if chance is None else str(chance) for limit, chance in regime.probability.items()
    }
