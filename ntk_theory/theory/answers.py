"""The bare answer: a question about a problem, and what both theories say of every block.

:mod:`~ntk_theory.theory.derivation`, :mod:`~ntk_theory.theory.record` and
:mod:`~ntk_theory.theory.text` read it; :class:`~ntk_theory.theory.classification.Classification`
adds what they make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ntk_theory.errors import InputError
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.numbers import exact
from ntk_theory.symbolic.problem import Problem
from ntk_theory.theory.exponents import Regime
from ntk_theory.theory.hessian import Hessians
from ntk_theory.theory.paper import PaperVerdict
from ntk_theory.theory.sharp import Kernel, SharpBlock


@dataclass(frozen=True)
class Answers:
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
    kernel:
        The rows of the kernel as they were expanded, and the input map that symmetries were asked for.
    """

    problem: Problem
    output_bias: str
    activation: str
    paper: PaperVerdict
    sharp: Mapping[str, SharpBlock]
    kernel: Kernel

    @cached_property
    def hessians(self) -> Hessians:
        """The exponents of ‖∇²R‖ by group, found when they are asked for (THEORY §10)."""
        return Hessians(self.kernel)

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
