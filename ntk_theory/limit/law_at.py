"""A limit law at one width and s."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.limit.sampling import KernelSample
from ntk_theory.model.blocks import Kernel
from ntk_theory.model.network import epsilon_of
from ntk_theory.shown import Brief, Shown


class Law(Protocol):
    """What is asked of a :class:`~ntk_theory.limit.law.LimitLaw`, which makes these."""

    def brief(self) -> Brief:
        """Whose law it is."""

    def sample(self, epsilon: float, size: int, seed: int, *, bias: ArrayLike | None = None) -> KernelSample:
        """Draw kernels at ε."""

    def mean(self, epsilon: float, *, bias: ArrayLike | None = None) -> Kernel:
        """E K at ε."""

    def deterministic(self, epsilon: float, key: str | None = None) -> Floats:
        """K at ε, where it is one number."""


@dataclass(frozen=True, eq=False, repr=False)
class LawAt(Shown):
    """A :class:`LimitLaw` at one width and s."""

    law: Law
    width: int
    s: Fraction

    def brief(self) -> Brief:
        """The law, and where."""
        found, at = self.law.brief(), f"at N = {self.width}, s = {self.s}, ε = {self.epsilon:.3g}"
        return Brief(f"{found.title} {at}", notes=found.notes)

    @property
    def epsilon(self) -> float:
        """ε = N^{1/2−s}."""
        return epsilon_of(self.width, self.s)

    def sample(self, size: int, seed: int, *, bias: ArrayLike | None = None) -> KernelSample:
        """See :meth:`LimitLaw.sample`."""
        return self.law.sample(self.epsilon, size, seed, bias=bias)

    def mean(self, *, bias: ArrayLike | None = None) -> Kernel:
        """See :meth:`LimitLaw.mean`."""
        return self.law.mean(self.epsilon, bias=bias)

    def deterministic(self, key: str | None = None) -> Floats:
        """See :meth:`LimitLaw.deterministic`."""
        return self.law.deterministic(self.epsilon, key)
