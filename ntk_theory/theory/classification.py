"""The answer to "for which s does this kernel converge?": both theories, their steps, their quarrel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sympy as sp

from ntk_theory.errors import InputError
from ntk_theory.frames import frame
from ntk_theory.setting.activations import Activation
from ntk_theory.setting.features import FeatureMap
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.shown import Brief, Shown
from ntk_theory.symbolic import effort
from ntk_theory.symbolic.operator import Operator
from ntk_theory.symbolic.problem import Problem
from ntk_theory.symbolic.reading import problem as as_problem
from ntk_theory.theory import derivation, record, text
from ntk_theory.theory.answers import Answers
from ntk_theory.theory.paper import paper_verdict
from ntk_theory.theory.sharp import Kernel
from ntk_theory.theory.steps import Step
from ntk_theory.theory.symmetry import AffineMap


@dataclass(frozen=True, repr=False)
class Classification(Shown, Answers):
    """The answers with their derivation, as text, LaTeX, JSON and a pandas table."""

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The whole derivation, in order: the paper's rules, the ε-calculus, where they disagree."""
        return derivation.derivation(self)

    @cached_property
    def disagreements(self) -> tuple[str, ...]:
        """One sentence for each block on which the paper and the sharp answer differ."""
        return tuple(step.conclusion for step in derivation.disagreements(self))

    def to_dict(self) -> dict[str, Any]:
        """The JSON contract: plain strings, numbers, lists and dictionaries."""
        return record.to_dict(self)

    def to_pandas(self) -> Any:
        """One row per block and interval of s: limit, exponents of size and spread as texts in s."""
        return frame(text.columns(self), question=text.heading(self))

    def brief(self) -> Brief:
        """The table of limits."""
        return text.brief(self)

    def __str__(self) -> str:
        return text.summary(self)

    def latex(self) -> str:
        """The question and the answer as LaTeX (an align* block and a table)."""
        return text.latex(self)


def classify(
    what: str | Path | Problem | Operator | sp.Basic,
    *,
    parameters: Mapping[str, object] | None = None,
    output_bias: str = "zero",
    activation: str = "tanh",
    input_map: object = None,
    features: object = None,
    initialisation: object = None,
    depth: int | None = None,
) -> Classification:
    """Decide the regime of every kernel block of a problem.

    Parameters
    ----------
    what:
        A problem, or anything that :func:`ntk_theory.problem` takes: an operator, an expression, a
        zoo name, a problem file. Unknown coefficients count where they start (THEORY §9).
    parameters:
        Exact values of named parameters, ``{"nu": "1/100"}``, as :func:`ntk_theory.problem` takes them; those
        without one stay symbols, and what is assumed of them is among the assumptions.
    output_bias:
        ``zero`` (c starts at 0, trained), ``normal`` (starts N(0,1), trained) or ``none``.
    activation:
        The paper's hypotheses ask for it, and whether it is smooth enough for the operator.
    input_map:
        What stands before the first layer: ``None`` (nothing), ``"domain"`` (the domain onto [−1, 1]) or
        an :class:`~ntk_theory.model.network.InputMap`. Symmetries of the limit depend on it.
    features:
        A feature map as plain data, see :mod:`ntk_theory.setting.features`: periodic pairs may be met by it.
    initialisation:
        How weights start, see :mod:`ntk_theory.setting.initialisation`: a library's start has the rates of
        its users' parameterisation, and exponents are those of its kernel.
    depth:
        Hidden layers; ``None`` for an answer that holds for two and more. Only where 1 + y·y' = 0 between two
        places (as between x = −1 and x = 1) a single layer has another, which is then among the assumptions.

    Raises
    ------
    InputError
        Unknown output bias or activation, a depth below 1, an expression that the grammar refuses, or a
        parameter that it lacks.

    >>> classify("u_t + u*u_x + u_xxx").regime("ff", "3/4").limit
    <Limit.ZERO: 'zero'>
    """
    bias = OutputBias.of(output_bias)
    phi = Activation.of(activation)
    problem = as_problem(what, parameters=parameters)
    mapped = AffineMap.of(input_map, problem.domain, problem.variables)
    gamma = FeatureMap.of(features, problem.variables)
    start = Initialisation.of(initialisation)
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
        raise InputError(f"depth is {depth!r}; it needs a whole number of hidden layers, 1 or more, or None")
    kernel = Kernel(problem, bias, mapped.with_features(gamma, problem.variables), phi, start, depth)
    with effort.limited():
        paper, sharp = paper_verdict(problem, phi.name, bias.name, start), kernel.blocks()
    return Classification(
        problem,
        bias.name,
        phi.name,
        paper,
        sharp,
        kernel,
    )
