"""One side of a mirror: a symmetric problem is trained on half of its domain.

Half as much has to be learnt, and what converges last is given: where the layer of an odd solution stands.
After 20 seconds of one processor Burgers' equation at ν = 0.01/π is off by 2.0e-6 in place of 6.1e-5, and a
pulse of the sine-Gordon equation by 2.2e-5 in place of 1.6e-4; Allen and Cahn's gains by its seed only [C].

Why the network is folded rather than symmetrised, u(x) = v(x) + σv(ρx): that has the symmetry exactly from
the first step on, and Gauss–Newton then stays on a plateau two to five times as long, for a layer cannot grow
from the wall; a condition on the mirror can be missed at first [C].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ntk_theory.errors import InputError
from ntk_theory.model.fold import Fold
from ntk_theory.model.network import Network
from ntk_theory.symbolic.mirrors import Mirror, halved, mirrors
from ntk_theory.symbolic.problem import Problem
from ntk_theory.training.methods.method import Method
from ntk_theory.training.window_count import has_windows

__all__ = ["Fold", "Half", "Mirror", "half_of", "halved", "mirrors"]


@dataclass(frozen=True, eq=False)
class Half:
    """The problem on one side of its mirror."""

    problem: Problem
    mirror: Mirror

    def folded(self, network: Network) -> Network:
        """A network of this side as one of both."""
        signs = tuple(self.mirror.signs[name] for name in network.fields)
        return replace(network, fold=Fold(self.mirror.variable, float(self.mirror.centre), signs))


def half_of(
    problem: Problem, method: Method, asked: bool | None, *, is_free: bool, **others: Any
) -> Half | None:
    """The half of a problem that is to be trained, or None for the whole.

    Parameters
    ----------
    problem, method:
        What is trained, and how.
    asked:
        The argument ``mirror`` of :func:`~ntk_theory.training.train.train`.
    is_free:
        Are network and points left to us?
    others:
        Other arguments by name, which a half does not go with.

    Raises
    ------
    InputError
        It is asked for and cannot be.
    """
    if asked is False or (asked is None and not is_free):
        return None
    why = _against(problem, method, others)
    found = mirrors(problem) if why is None else ()
    if why is None and not found:
        why = f"{problem.name or 'the problem'} has no mirror symmetry that could be proved"
    if why is None:
        return Half(halved(problem, found[0]), found[0])
    if asked:
        raise InputError(f"mirror is True, but {why}; leave it out")
    return None


def _against(problem: Problem, method: Method, others: Mapping[str, Any]) -> str | None:
    given = next((name for name, value in others.items() if value), None)
    if given is not None:
        return f"{given} is given, which belongs to the whole domain"
    if not method.facts.needs_jacobian:
        return f"{method.name} is no least-squares method"
    if has_windows(problem):
        return "the problem is solved in windows of time"
    return None
