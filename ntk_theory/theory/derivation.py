"""The derivation: every rule that was applied, in order, and where the two theories disagree."""

from __future__ import annotations

import sympy as sp

from ntk_theory.symbolic.asymptotics import Degree, Growth
from ntk_theory.symbolic.places import End
from ntk_theory.theory.answers import Answers
from ntk_theory.theory.exponents import Limit
from ntk_theory.theory.profile import GroupProfile
from ntk_theory.theory.sharp import SharpBlock
from ntk_theory.theory.steps import Answer, Step


def derivation(c: Answers) -> tuple[Step, ...]:
    """The whole derivation, in order: the paper's rules, the ε-calculus, where they disagree."""
    return (*c.paper.steps.values(), *_sharp_steps(c), *disagreements(c))


def disagreements(c: Answers) -> tuple[Step, ...]:
    """One step for each block on which the paper and the sharp answer differ."""
    found: list[Step] = []
    for name in ("bb", "bf", "ff"):
        claimed = c.paper.threshold(name)
        if name in c.sharp and claimed is not None:
            found += [_quarrel(name, claimed, text) for text in _compare(name, claimed, c.sharp[name])]
    return tuple(found)


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


def _sharp_steps(c: Answers) -> list[Step]:
    steps = [
        Step(
            "epsilon-identity",
            "one number carries N and s",
            "[D] ε-calculus",
            Answer.YES,
            "ε = N^(1/2−s); every jet is u_α = ε S_α + δ_{α0} c",
            "K^gh = ε² Σ F^g_α F^h_β T_αβ"
            + (" + F^g_0 F^h_0 (the output bias is trained)" if c.bias.is_trained else "")
            + (" + Σ_k ∂_kR^g ∂_kR^h (unknowns are trained)" if c.problem.unknowns else ""),
        )
    ]
    for group in c.problem.groups:
        profile = GroupProfile(c.kernel.rows[group.name])
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


def _symmetry_steps(c: Answers) -> list[Step]:
    """One step for each pair of groups whose contraction with T^∞ vanishes on some of their faces."""
    steps = []
    kernel, groups = c.kernel, c.problem.groups
    for k, g in enumerate(groups):
        for h in groups[k:]:
            pairs = [(a, b) for a in kernel.rows[g.name] for b in kernel.rows[h.name]]
            gone = [verdict for a, b in pairs if (verdict := kernel.verdict(a, b)).vanishes]
            if gone:
                reflected = ", and even or odd in 1 + y·y' = 0" if any(v.reflection for v in gone) else ""
                steps.append(
                    Step(
                        "symmetry",
                        f"T^∞ cancels between {g.name} and {h.name}",
                        "[D] symmetry",
                        Answer.YES,
                        "T^∞ is a function of |y|², y·y', |y'|² of the mapped inputs"
                        f"{reflected} ({kernel.inputs.name} map); "
                        "on these faces every derivative of it cancels",
                        "no hidden part is left but a fluctuation of order N^(-1/2)",
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
        parts.append(f"F_{{{field},α}} of degree {_shown(profile.hidden(field, end))}")
        if profile.rows[0].bias.is_trained:
            parts.append(f"F_{{{field},0}} of degree {_shown(profile.output_bias(field, end))}")
    parts += [f"∂R by the unknown {k} of degree {_shown(profile.unknown(k, end))}" for k in profile.unknowns]
    decided = fault is None and all(
        profile.hidden(f, end).growth in (Growth.POWER, Growth.FLAT) for f in profile.fields
    )
    return Step(
        f"degree-at-{end}",
        f"degrees of {profile.rows[0].group.name}",
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
