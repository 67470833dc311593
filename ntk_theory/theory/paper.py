"""The criterion of Zhou & Yan, arXiv 2412.06158, as rules: its hypotheses, case A, s1, s2, 1/2, 1/4.

The paper's summary names the constants of Eqs. 39 and 47 without printing them; the formulas used
here are our reconstruction [R] (THEORY §2). With D the largest number of jet factors over all
monomials of all F_α,

    s1 = (2D+1)/(2D+2),   s2 = (D+1)/(D+2),   s_gh = (D_g+D_h+1)/(D_g+D_h+2), or 1 in case A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import sympy as sp

from ntk_theory.setting.activations import Activation
from ntk_theory.setting.initialisation import Initialisation
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.symbolic.continuity import is_continuous
from ntk_theory.symbolic.grammar import render
from ntk_theory.symbolic.operator import Monomial, Operator
from ntk_theory.symbolic.problem import Group, GroupKind, Problem
from ntk_theory.symbolic.zero import is_zero
from ntk_theory.theory.steps import Answer, Finding, Rule, Step, run_rules

_YES = (Answer.YES,)
_NO = (Answer.NO,)


@dataclass(frozen=True)
class Setting:
    """A question to the paper: a problem, the activation and the output bias."""

    problem: Problem
    activation: str
    output_bias: str
    start: Initialisation | None = None

    @cached_property
    def equation(self) -> Operator:
        """The residual operator F (the rules that use it require a single equation)."""
        return self.problem.equations[0].legs[0]

    @cached_property
    def value_coefficient(self) -> sp.Expr:
        """F_0 = ∂F/∂u, or 0 if u does not occur undifferentiated."""
        space = self.equation.space
        return self.equation.gradient.get(space.value(space.fields[0]), sp.S.Zero)

    @cached_property
    def nonhomogeneous(self) -> tuple[Monomial, ...]:
        """Monomials of F_α, |α| >= 1, that are not homogeneous."""
        return tuple(m for m in self.equation.monomials if not m.of.is_value and not m.is_homogeneous)


def degree(operator: Operator) -> int | None:
    """D: the largest number of jet factors over all monomials of all F_α; ``None`` if not polynomial."""
    degrees = [m.degree for m in operator.monomials]
    return None if None in degrees else max((d for d in degrees if d is not None), default=0)


def s1(d: int) -> sp.Rational:
    """(2D+1)/(2D+2) [R] of Eq. 39: K_ff has 2D+1 sums over neurons and the factor N^{-s(2D+2)}."""
    return pair_threshold(d, d)


def s2(d: int) -> sp.Rational:
    """(D+1)/(D+2) [R] of Eq. 47: K_bf has D+1 sums and the factor N^{-s(D+2)}."""
    return pair_threshold(d, 0)


def pair_threshold(d: int, e: int) -> sp.Rational:
    """(D_g+D_h+1)/(D_g+D_h+2) [R]."""
    return sp.Rational(d + e + 1, d + e + 2)


def _smooth(setting: Setting) -> Finding:
    name = setting.activation
    if Activation.of(name).is_smooth:
        return Finding(Answer.YES, f"{name} has derivatives of every order", "the hypothesis on φ holds")
    return Finding(
        Answer.NO, f"{name} has a kink in some derivative", "Theorem 2.2 does not cover this activation"
    )


def _bounded(setting: Setting) -> Finding:
    name = setting.activation
    if not Activation.of(name).has_bounded_derivatives:
        return Finding(
            Answer.NO, f"the first derivative of {name} grows", "Theorem 2.2 does not cover this activation"
        )
    return Finding(Answer.YES, f"the derivatives of {name} are bounded", "the hypothesis on φ holds")


def _continuous(setting: Setting) -> Finding:
    answers = []
    for group in setting.problem.equations:
        operator = group.legs[0]
        answers.append(is_continuous(operator.expression, operator.jet_symbols))
    for wanted in (False, None, True):
        for truth, reason in answers:
            if truth is wanted:
                conclusion = "the hypothesis on F holds" if truth else "Theorem 2.2 cannot be invoked"
                return Finding(Answer.of(truth), reason, conclusion)
    raise AssertionError("a problem has at least one equation")


def _scalar(setting: Setting) -> Finding:
    fields, equations = len(setting.problem.fields), len(setting.problem.equations)
    if fields == 1 and equations == 1:
        return Finding(Answer.YES, "one field and one equation", "the paper's setting")
    return Finding(
        Answer.NO,
        f"{fields} fields and {equations} equations",
        "the paper treats one equation for one field; its criterion is not applicable as stated",
    )


def _bias(setting: Setting) -> Finding:
    if not OutputBias.of(setting.output_bias).is_trained:
        return Finding(
            Answer.NO, "the network has no output bias", "the criterion is not applicable as stated"
        )
    return Finding(Answer.YES, f"output bias: {setting.output_bias}", "the paper's network")


def _value_block(setting: Setting) -> Finding:
    return Finding(Answer.YES, "F^b = u, D = 0", "K_bb converges for s ≥ 1/2")


def _case_a_value(setting: Setting) -> Finding:
    coefficient = setting.value_coefficient
    zero = is_zero(coefficient)
    shown = render(coefficient, setting.equation.space)
    if zero is None:
        return Finding(Answer.UNDECIDED, f"whether F_0 = {shown} vanishes identically", "case A is undecided")
    if zero:
        return Finding(Answer.NO, "F_0 = ∂F/∂u = 0", "this does not put F into case A")
    return Finding(Answer.YES, f"F_0 = ∂F/∂u = {shown} does not vanish identically", "case A")


def _case_a_monomial(setting: Setting) -> Finding:
    space = setting.equation.space
    certain = [m for m in setting.nonhomogeneous if m.is_certain]
    if certain:
        m = certain[0]
        why = "is not a polynomial in the jets" if m.degree is None else "contains u itself"
        shown = render(m.coefficient * m.expression, space)
        return Finding(
            Answer.YES,
            f"F_{{{space.name(m.of)}}} has the non-homogeneous monomial {shown}, which {why}",
            "case A",
        )
    if setting.nonhomogeneous:
        shown = render(setting.nonhomogeneous[0].coefficient, space)
        return Finding(Answer.UNDECIDED, f"whether the coefficient {shown} vanishes", "case A is undecided")
    return Finding(
        Answer.NO, "every F_α, |α| ≥ 1, has homogeneous monomials only", "this does not put F into case A"
    )


def _case_a(setting: Setting) -> Finding:
    answers = (_case_a_value(setting).answer, _case_a_monomial(setting).answer)
    if Answer.YES in answers:
        return Finding(Answer.YES, "F is in case A", "K_ff and K_bf converge for s ≥ 1")
    if Answer.UNDECIDED in answers:
        return Finding(Answer.UNDECIDED, "case A is undecided", "no threshold can be stated")
    return Finding(Answer.NO, "all monomials are homogeneous", "the thresholds s1 and s2 apply")


def _homogeneous(setting: Setting) -> Finding:
    d = degree(setting.equation)
    if d is None:
        raise AssertionError("a non-polynomial operator is in case A")
    return Finding(
        Answer.YES,
        f"D = {d}: the largest number of jet factors in a monomial of some F_α",
        f"K_ff converges for s ≥ s1 = (2D+1)/(2D+2) = {s1(d)}, K_bf for s ≥ s2 = (D+1)/(D+2) = {s2(d)}",
    )


def _converse(setting: Setting) -> Finding:
    return Finding(
        Answer.YES, "the paper's summary says so", "K_ff and K_bf fail to converge below these thresholds"
    )


def _training(setting: Setting) -> Finding:
    return Finding(
        Answer.YES,
        "assuming along training (i) bounded parameters and (ii) bounded F_α",
        "sup_t ‖K(t) − K(0)‖ → 0 for s > 1/4",
    )


_HYPOTHESES = ("smooth-activation", "bounded-derivatives", "continuous-operator")
_SETTING = tuple((code, _YES) for code in (*_HYPOTHESES, "scalar-equation", "output-bias"))

#: The paper's rules, in prerequisite order. A new rule is one line here.
RULES: tuple[Rule[Setting], ...] = (
    Rule("smooth-activation", "smooth activation", "[ZY] Theorem 2.2, hypothesis", _smooth),
    Rule("bounded-derivatives", "bounded derivatives", "[ZY] Theorem 2.2, hypothesis", _bounded),
    Rule("continuous-operator", "continuous F", "[ZY] Theorem 2.2, hypothesis", _continuous),
    Rule("scalar-equation", "one field, one equation", "[ZY] setting", _scalar),
    Rule("output-bias", "an output bias", "[ZY] setting", _bias),
    Rule("value-block", "value block", "[ZY] Theorem 2.2", _value_block, _SETTING),
    Rule("case-a-value", "F_0 does not vanish", "[ZY] Theorem 2.2, case A", _case_a_value, _SETTING),
    Rule("case-a-monomial", "a non-homogeneous monomial", "[R] of [ZY] case A", _case_a_monomial, _SETTING),
    Rule("case-a", "case A", "[ZY] Theorem 2.2", _case_a, _SETTING),
    Rule("homogeneous", "s1 and s2", "[R] of [ZY] Eqs. 39, 47", _homogeneous, (("case-a", _NO),)),
    Rule("converse", "stated converse", "[ZY] summary", _converse, (("case-a", (Answer.YES, Answer.NO)),)),
    Rule("training", "constant kernel in training", "[ZY] Theorem 2.3", _training, _SETTING),
)


@dataclass(frozen=True)
class PaperVerdict:
    """The paper's criterion for one question. Thresholds are exact; ``None`` where it says nothing."""

    setting: Setting
    steps: Mapping[str, Step]

    @property
    def applies(self) -> bool:
        """Do all hypotheses hold, and is case A decided?"""
        return self.steps["case-a"].answer in (Answer.YES, Answer.NO)

    @property
    def case(self) -> str:
        """``A``, ``homogeneous`` or ``not applicable``."""
        if not self.applies:
            return "not applicable"
        return "A" if self.steps["case-a"].answer is Answer.YES else "homogeneous"

    @property
    def degree(self) -> int | None:
        """D, or ``None`` for a non-polynomial operator or a system."""
        if self.steps["scalar-equation"].answer is not Answer.YES:
            return None
        return degree(self.setting.equation)

    @property
    def s1(self) -> sp.Rational | None:
        """The threshold of K_ff in the homogeneous case."""
        return s1(self.degree) if self.case == "homogeneous" and self.degree is not None else None

    @property
    def s2(self) -> sp.Rational | None:
        """The threshold of K_bf in the homogeneous case."""
        return s2(self.degree) if self.case == "homogeneous" and self.degree is not None else None

    def threshold(self, block: str) -> sp.Rational | None:
        """The exponent from which the paper says that ``bb``, ``bf`` or ``ff`` converges."""
        if not self.applies:
            return None
        if block == "bb":
            return sp.Rational(1, 2)
        if self.case == "A":
            return sp.S.One
        return self.s1 if block == "ff" else self.s2

    @property
    def training(self) -> sp.Rational | None:
        """The exponent above which the paper says that the kernel stays constant in training."""
        return sp.Rational(1, 4) if self.applies else None

    def pairs(self) -> dict[str, sp.Rational | None]:
        """The criterion extended to every pair of groups [R]: only bb, bf and ff are the paper's."""
        groups = self.setting.problem.groups
        found: dict[str, sp.Rational | None] = {}
        for k, g in enumerate(groups):
            for h in groups[k:]:
                found[f"{g.name},{h.name}"] = self._pair(g, h) if self.applies else None
        return found

    def _pair(self, g: Group, h: Group) -> sp.Rational | None:
        profiles = [group_case(g), group_case(h)]
        if any(is_a for is_a, _ in profiles):
            return sp.S.One
        (a, d), (b, e) = profiles
        return None if a is None or b is None or d is None or e is None else pair_threshold(d, e)


def group_case(group: Group) -> tuple[bool | None, int | None]:
    """(case A?, D) of one group; a value group counts as D = 0, F_0 is summed over the legs."""
    if group.kind is GroupKind.VALUE:
        return False, 0
    value = sp.Add(
        *(
            leg.gradient.get(leg.space.value(field), sp.S.Zero)
            for leg in group.legs
            for field in leg.space.fields
        )
    )
    vanishes = is_zero(value)
    certain = any(not m.is_homogeneous and not m.of.is_value for leg in group.legs for m in leg.monomials)
    if vanishes is False or certain:
        return True, None
    degrees = [degree(leg) for leg in group.legs]
    largest = None if None in degrees else max(d for d in degrees if d is not None)
    return (None if vanishes is None else False), largest


def paper_verdict(
    problem: Problem,
    activation: str = "tanh",
    output_bias: str = "zero",
    start: Initialisation | None = None,
) -> PaperVerdict:
    """Apply the paper's criterion to a problem.

    With another ``start`` than N(0,1), or unknown coefficients, it is not applicable.
    """
    setting = Setting(problem, activation, output_bias, start)
    return PaperVerdict(setting, run_rules(_rules(setting), setting))


def _start(setting: Setting) -> Finding:
    return Finding(
        Answer.NO,
        f"initialisation: {setting.start}",
        "the paper's weights start N(0,1); its criterion is not applicable as stated",
    )


def _unknowns(setting: Setting) -> Finding:
    return Finding(
        Answer.NO,
        f"unknown coefficients are trained: {', '.join(setting.problem.names_of(setting.problem.unknowns))}",
        "the paper's kernel is that of the network alone; its criterion is not applicable as stated",
    )


def _rules(setting: Setting) -> tuple[Rule[Setting], ...]:
    """The rules, and before them those of a setting that is not the paper's: the others stand on these."""
    first = []
    if setting.start is not None:
        first.append(Rule("initialisation", "weights that start N(0,1)", "[ZY] setting", _start))
    if setting.problem.unknowns:
        first.append(Rule("known-coefficients", "known coefficients", "[ZY] setting", _unknowns))
    wanted = tuple((rule.code, _YES) for rule in first)
    return (*first, *(replace(r, requires=(*wanted, *r.requires)) if r.requires else r for r in RULES))
