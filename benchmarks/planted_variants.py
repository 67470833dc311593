"""Every claim of the registry in a true and a false variant, each put to the same networks.

A variant is the claim's own rule on evidence of which the answer is known: on a problem where it is known,
with a prediction that was moved, or with two things that it compares exchanged. All studies of one root seed
are shared; they are as small as the claims' resolution allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

import ntk_theory as nt
from ntk_theory.claims.common import drift_at_half, limit_at_half
from ntk_theory.claims.exhibit import Exhibit, eigenvalues
from ntk_theory.claims.sources import deryck_2023, doumeche_2024, xu_2024_natural
from ntk_theory.claims.sources.gan_2025 import decay
from ntk_theory.empirical.residuals import Residuals
from ntk_theory.model.points import draw_points
from ntk_theory.studies.flow.evidence import Movement
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.judging.judge import verify_kind
from ntk_theory.studies.judging.kind import kind
from ntk_theory.studies.judging.own_claims import Finding
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.studies.kinds import DEFAULT, HESSIAN, TRAINING, WIDTH

HALF, ONE = Fraction(1, 2), Fraction(1)
SUPPORTED, REFUTED = Outcome.SUPPORTED, Outcome.REFUTED
LINEAR, NONLINEAR = "heat", "burgers"
#: Study → its kind, the problem, the settings and the size. The solution of poisson is met by training of
#: 40 steps at 32 points; it is not by 5 steps of adam, nor at 3 points.
_KERNELS: Mapping[str, Any] = {
    "widths": (64, 128, 256, 512, 1024), "seeds": 32, "points": 3, "s": ("3/8", "1/2", "5/8", "3/4", "1"),
}  # fmt: skip
_HESSIANS: Mapping[str, Any] = {"widths": (64, 256, 1024), "seeds": 16, "points": 1, "s": ("1/2", "1")}
_WIDTHS: Mapping[str, Any] = {"widths": (4, 8, 16, 32), "seeds": 16, "s": ("1/2",)}
STUDIES: Mapping[str, tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = {
    "kernels-linear": (DEFAULT, LINEAR, {}, _KERNELS),
    "kernels-nonlinear": (DEFAULT, NONLINEAR, {}, _KERNELS),
    "flows-linear": (
        TRAINING, "u_x + u", {"records": 3},
        {"widths": (64, 256, 1024), "seeds": 32, "points": 2, "s": ("1/2",)},
    ),
    "flows-nonlinear": (
        TRAINING, "sine-gordon", {"records": 3},
        {"widths": (256, 1024, 4096), "seeds": 24, "points": 2, "s": ("1/2", "3/4")},
    ),
    "hessians-linear": (HESSIAN, LINEAR, {}, _HESSIANS),
    "hessians-nonlinear": (HESSIAN, NONLINEAR, {}, _HESSIANS),
    "widths": (
        WIDTH, "poisson", {"methods": {"gauss-newton": 40, "adam": 5}, "reference": 60},
        {**_WIDTHS, "points": 32},
    ),
    "widths-three-points": (
        WIDTH, "poisson", {"methods": {"gauss-newton": 40}, "reference": 60, "oversampling": 40},
        {**_WIDTHS, "points": 3, "seeds": 48},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """All studies and exhibits of one root seed; what is asked of them is computed once."""

    seed: int
    folder: Path
    _known: dict[Any, Any] = field(default_factory=dict)

    def evidence(self, study: str) -> Any:
        """The evidence of one of :data:`STUDIES`."""
        if study not in self._known:
            name, problem, settings, size = STUDIES[study]
            own = kind(name)
            result = verify_kind(
                name,
                problem,
                settings=None if own.settings is None else own.settings.from_dict(settings),
                store=self.folder / f"{study}-{self.seed}.sqlite",
                workers=1,
                progress=False,
                seed=self.seed,
                **size,
            )
            (self._known[study],) = result.evidence.values()
        return self._known[study]

    def exhibit(self, problem: str, *, quick: bool = True) -> Exhibit:
        """A problem at points of this seed."""
        if (problem, quick) not in self._known:
            self._known[problem, quick] = Exhibit.of(problem, quick=quick, seed=self.seed)
        found: Exhibit = self._known[problem, quick]
        return found

    def measures(self, code: str, problem: str, *, quick: bool = True) -> Mapping[str, Any]:
        """The numbers of an exhibited claim on a problem."""
        measure = CLAIMS[code].measure
        assert measure is not None
        return self.once(f"{code} on {problem}", lambda world: measure(world.exhibit(problem, quick=quick)))

    def once(self, name: str, numbers: Callable[[World], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Other numbers, by a name of their own."""
        if name not in self._known:
            self._known[name] = numbers(self)
        found: Mapping[str, Any] = self._known[name]
        return found


#: Outcomes of all verdicts of a variant in one world.
Variant = Callable[[World], list[Outcome]]
CLAIMS = {claim.code: claim for source in nt.claims.known().values() for claim in source.claims}


def decided(name: str, code: str, evidence: Any, *blocks: str) -> list[Outcome]:
    """What a kind's own claim says, on all blocks or on those that are named."""
    (claim,) = [own for own in kind(name).claims if own.code == code]
    return [v.outcome for v in claim.verdicts(evidence) if not blocks or v.block in blocks]


def _outcomes(found: Finding | list[Finding]) -> list[Outcome]:
    return [Outcome(f.outcome) for f in ([found] if isinstance(found, Finding) else found)]


def own(code: str, study: str, *blocks: str, change: Callable[[Any], Any] = lambda e: e) -> Variant:
    """A kind's claim on a study whose evidence was changed, or was not."""
    return lambda world: decided(STUDIES[study][0], code, change(world.evidence(study)), *blocks)


def by(rule: Callable[[Any], Any], study: str) -> Variant:
    """Another rule on a study."""
    return lambda world: _outcomes(rule(world.evidence(study)))


def judged(code: str, numbers: Callable[[World], Mapping[str, Any]]) -> Variant:
    """An exhibited claim on numbers."""

    def variant(world: World) -> list[Outcome]:
        judge = CLAIMS[code].judge
        assert judge is not None
        return _outcomes(judge(numbers(world)))

    return variant


def shown(code: str, problem: str, *, quick: bool = True, **renamed: str) -> Variant:
    """An exhibited claim as it stands, or with the numbers of these names exchanged."""

    def numbers(world: World) -> Mapping[str, Any]:
        found = world.measures(code, problem, quick=quick)
        return {**found, **{name: found[other] for name, other in renamed.items()}}

    return judged(code, numbers)


@dataclass(frozen=True)
class Moved:
    """The paper's answer with other thresholds."""

    paper: Any
    at: sp.Rational

    def __getattr__(self, name: str) -> Any:
        return getattr(self.paper, name)

    def threshold(self, block: str) -> sp.Rational:
        """The one that was put in."""
        return self.at


def threshold(at: str) -> Callable[[Any], Any]:
    """Evidence of which the paper is said to have this threshold for every block."""

    def change(e: Any) -> Any:
        moved = Moved(e.classification.paper, sp.Rational(at))
        return replace(e, classification=_Answer(e.classification, moved))

    return change


@dataclass(frozen=True)
class _Answer:
    """A classification with another paper's part."""

    classification: Any
    paper: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.classification, name)


def at_one_nonlinear(e: Any) -> Any:
    """Hessians of a linear equation at s = 1, which go to zero, said to be of a nonlinear one at s = 1/2."""
    rows = {(g, s): e.rows[g, ONE] for g, s in e.rows if s == HALF}
    return replace(e, rows=rows, linear=dict.fromkeys(e.linear, False))


def said_linear(e: Any) -> Any:
    """A nonlinear equation said to be linear."""
    return replace(e, linear=dict.fromkeys(e.linear, True))


def method(name: str) -> Callable[[Any], Any]:
    """A study of width with the rows of one method alone."""
    return lambda e: replace(e, rows={key: row for key, row in e.rows.items() if key[0] == name})


def decays(world: World) -> Mapping[str, float]:
    """Exponents of λ_i of a random linear operator of order 2 and of u."""
    b, c = (Fraction(int(k), 4) for k in np.random.default_rng(world.seed).integers(-8, 9, 2))
    operator = nt.problem(f"u_xx + ({b})*u_x + ({c})*u", variables=("x",))
    return {"operator": decay(operator), "values": decay(nt.problem("u", variables=("x",)))}


def random_operator(*, is_exchanged: bool) -> Callable[[World], Mapping[str, Any]]:
    """The exponents of :func:`decays`, exchanged or not."""

    def numbers(world: World) -> Mapping[str, Any]:
        found = world.once("decays", decays)
        own, plain = found["operator"], found["values"]
        return {"operator": plain, "values": own} if is_exchanged else found

    return numbers


def cross_twice(world: World) -> Mapping[str, float]:
    """λ_min/λ_max where the cross blocks of K^∞ were added twice, as by a wrong sum over pairs."""
    exhibit = world.exhibit("poisson")
    matrix, rows = exhibit.limit(points=draw_points(exhibit.problem, 4, exhibit.seed))
    doubled = 2 * matrix
    for part in rows.values():
        doubled[part, part] = matrix[part, part]
    scale = 1 / np.sqrt(np.diagonal(doubled))
    values = eigenvalues(doubled * scale[:, None] * scale)
    return {"lowest": float(values[-1] / values[0]), "points": len(values)}


def gradient_step(world: World) -> Mapping[str, Any]:
    """‖R‖ after over before a step of gradient descent of rate 1/(20 λ_max): 0.95 or more in the limit."""
    exhibit = world.exhibit("heat")
    points = draw_points(exhibit.problem, xu_2024_natural.FEW, exhibit.seed)
    network = exhibit.network(max(xu_2024_natural.WIDTHS))
    residuals, ratios = Residuals.of(exhibit.problem, network, points), []
    for k in range(exhibit.networks):
        theta = network.init(1000 * exhibit.seed + k)
        rate = 1 / (20 * nt.ntk(exhibit.problem, network, theta, points).eigenvalues()[0])
        before, slope = residuals.at(theta), residuals.at(theta).loss_gradient().flatten()
        after = residuals.at(theta.replaced(theta.flatten() - rate * slope))
        ratios.append(float(np.linalg.norm(after.values) / np.linalg.norm(before.values)))
    return {"ratios": {max(xu_2024_natural.WIDTHS): float(np.median(ratios))}}


def slow(world: World) -> Mapping[str, float]:
    """The rate of descent with a fiftieth of the step, held against the bound of the whole.

    At evenly spaced points: where two nearly coincide κ is large, and the bound is met by any descent.
    """
    exhibit = world.exhibit("poisson")
    points = {g.name: _evenly(exhibit.problem, g, 3) for g in exhibit.problem.groups}
    return deryck_2023.measured(exhibit, share=0.02, points=points)


def _evenly(problem: nt.Problem, group: nt.Group, count: int) -> np.ndarray:
    """Points of an equation in one variable spread evenly, those of a condition as drawn."""
    if group.kind is nt.GroupKind.VALUE:
        return draw_points(problem, count, 0)[group.name]
    low, high = (float(end) for end in problem.domain[problem.variables[0]])
    return (low + (high - low) * (np.arange(count) + 0.5) / count)[:, None]


def falling(world: World) -> Mapping[str, float]:
    """The condition number's inverse."""
    found = world.measures("condition-grows", "heat", quick=False)
    return {"low": -found["high"], "high": -found["low"], "median": 1 / found["median"]}


def against(name: str, *, is_exchanged: bool) -> Callable[[World], Mapping[str, Any]]:
    """Errors of K^∞ and of networks that were trained for few steps, exchanged or not."""

    def numbers(world: World) -> Mapping[str, Any]:
        few = doumeche_2024.against(name, 5)
        found = dict(world.once(f"few steps of {name}", lambda w: few(w.exhibit("poisson"))))
        if is_exchanged:
            kernel, networks = found["kernel"], found["networks"]
            found["kernel"], found["networks"] = max(networks), [kernel] * len(networks)
        return found

    return numbers


def _paper(code: str, true: str | None, false: str) -> tuple[Variant, Variant]:
    study = "kernels-nonlinear"
    first = own(code, study) if true is None else own(code, study, change=threshold(true))
    return first, own(code, study, change=threshold(false))


_RANDOM = {Observed.RANDOM: SUPPORTED} | dict.fromkeys((Observed.DETERMINISTIC, Observed.ZERO), REFUTED)
_FIXED = {Observed.DETERMINISTIC: SUPPORTED} | dict.fromkeys((Observed.RANDOM, Observed.DIVERGES), REFUTED)
_STAYS = dict.fromkeys((Movement.STAYS, Movement.GROWS), SUPPORTED) | {Movement.ZERO: REFUTED}
_VANISHES = dict.fromkeys((Movement.STAYS, Movement.GROWS), REFUTED) | {Movement.ZERO: SUPPORTED}

#: Claim → (true variant, planted false variant, what was planted).
VARIANTS: Mapping[str, tuple[Variant, Variant, str]] = {
    "paper-bb": (*_paper("paper-bb", None, "3/8"), "K_bb said to converge from 3/8 on"),
    "paper-ff": (*_paper("paper-ff", None, "1/2"), "K_ff of burgers said to converge from 1/2 on"),
    "paper-bf": (*_paper("paper-bf", None, "1/2"), "K_bf of burgers said to converge from 1/2 on"),
    "converse-ff": (*_paper("converse-ff", "5/8", "1"), "as stated: K_ff fails below 1; true: below 5/8"),
    "converse-bf": (*_paper("converse-bf", "5/8", "1"), "as stated: K_bf fails below 1; true: below 5/8"),
    "theorem-2.3": (
        own("theorem-2.3", "flows-linear"), own("theorem-2.3", "flows-nonlinear"),
        "put to sine-gordon, whose output bias moves",
    ),
    "wang-deterministic": (
        by(limit_at_half(_FIXED, linear=True), "kernels-linear"),
        by(limit_at_half(_FIXED, linear=False), "kernels-nonlinear"),
        "said of burgers",
    ),
    "bonfanti-random": (
        by(limit_at_half(_RANDOM, linear=False), "kernels-nonlinear"),
        by(limit_at_half(_RANDOM, linear=True), "kernels-linear"),
        "said of heat",
    ),
    "wang-constant": (
        by(drift_at_half(_VANISHES, linear=True), "flows-linear"),
        by(drift_at_half(_VANISHES, linear=False), "flows-nonlinear"),
        "said of sine-gordon",
    ),
    "bonfanti-moving": (
        by(drift_at_half(_STAYS, linear=False), "flows-nonlinear"),
        by(drift_at_half(_STAYS, linear=True), "flows-linear"),
        "said of u_x + u",
    ),
    "hessian-nonlinear": (
        own("hessian-nonlinear", "hessians-nonlinear"),
        own("hessian-nonlinear", "hessians-linear", change=at_one_nonlinear),
        "said of heat at s = 1",
    ),
    "hessian-linear": (
        own("hessian-linear", "hessians-linear"),
        own("hessian-linear", "hessians-nonlinear", change=said_linear),
        "said of burgers",
    ),
    "width-error": (
        own("width-error", "widths-three-points"),
        own("width-error", "widths", change=method("gauss-newton")),
        "said of runs to the end at 32 points; true: at 3 points",
    ),
    "width-optimiser": (
        own("width-optimiser", "widths", change=method("adam")),
        own("width-optimiser", "widths-three-points"),
        "said of runs to the end at 3 points; true: of 5 steps of adam",
    ),
    "condition-grows": (
        judged("condition-grows", falling), shown("condition-grows", "heat", quick=False),
        "as stated, of heat; true: 1/κ grows",
    ),
    "deryck-rate": (
        shown("deryck-rate", "poisson"), judged("deryck-rate", slow), "steps a fiftieth as long",
    ),
    "kernel-beats-adam": (
        judged("kernel-beats-adam", against("adam", is_exchanged=False)),
        judged("kernel-beats-adam", against("adam", is_exchanged=True)),
        "exchanged; true: against 5 steps",
    ),
    "kernel-beats-gauss-newton": (
        judged("kernel-beats-gauss-newton", against("gauss-newton", is_exchanged=False)),
        judged("kernel-beats-gauss-newton", against("gauss-newton", is_exchanged=True)),
        "exchanged; true: against 5 steps",
    ),
    "gan-decay": (
        judged("gan-decay", random_operator(is_exchanged=False)),
        judged("gan-decay", random_operator(is_exchanged=True)),
        "exchanged: u makes them decay no faster; operators of random coefficients",
    ),
    "saadat-disparity": (
        shown("saadat-disparity", "heat"), shown("saadat-disparity", "u - x"), "said of u = x",
    ),
    "saadat-sine": (
        shown("saadat-sine", "heat", tanh="sin", sin="tanh"), shown("saadat-sine", "heat"),
        "as stated; true: tanh lessens what sin has",
    ),
    "wang-frequencies": (
        shown("wang-frequencies", "poisson"), shown("wang-frequencies", "poisson", low="high", high="low"),
        "a smaller σ said to raise it",
    ),
    "wang-disparity": (shown("wang-disparity", "poisson"), shown("wang-disparity", "u - x"), "said of u = x"),
    "xie-collapse": (
        shown("xie-collapse", "poisson"), shown("xie-collapse", "poisson", plain="hard", hard="plain"),
        "the constraint said to widen it",
    ),
    "xu-definite": (
        shown("xu-definite", "poisson"), judged("xu-definite", cross_twice), "cross blocks added twice",
    ),
    "xu-contraction": (
        shown("xu-contraction", "heat"), judged("xu-contraction", gradient_step),
        "said of a step of gradient descent",
    ),
}  # fmt: skip
