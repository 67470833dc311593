"""From a study's stored numbers and the limit law to the evidence on every problem."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.errors import NTKTheoryError
from ntk_theory.limit.extended import ExtendedLaw
from ntk_theory.limit.law import LimitLaw
from ntk_theory.setting.output_bias import OutputBias
from ntk_theory.studies.initialisation.block_evidence import (
    OWN_LAWS,
    BlockEvidence,
    BlockRows,
    block_evidence,
)
from ntk_theory.studies.initialisation.blocks import PROBES, block_name, frobenius, split, watched_pairs
from ntk_theory.studies.initialisation.cells import CellContext
from ntk_theory.studies.initialisation.criterion import Criterion
from ntk_theory.studies.initialisation.evidence import Data, Measured, PartResult, ProblemEvidence
from ntk_theory.studies.initialisation.frozen_limit import frozen_kernel
from ntk_theory.studies.initialisation.law_draws import draw_from
from ntk_theory.studies.initialisation.law_parts import Projection, field_part, identity_part, jet_ntk_part
from ntk_theory.studies.initialisation.law_tail import LawTable
from ntk_theory.studies.initialisation.observed_limit import Observed
from ntk_theory.studies.initialisation.odd_networks import OddPoints, measured_odd_points
from ntk_theory.studies.initialisation.resolution import Far, Resolution
from ntk_theory.studies.judging.statistics import holm
from ntk_theory.studies.question.study import Study
from ntk_theory.theory import classify


def problem_evidence(
    study: Study,
    data: Data,
    case: str,
    activation: str,
    criterion: Criterion,
    *,
    law: LimitLaw | None = None,
    draws: LawTable | None = None,
) -> ProblemEvidence:
    """Gather the evidence on one case with one activation.

    ``law`` overrides the limit law (negative controls hand in a wrong one); by default it is computed,
    and where it cannot be (ReLU^k) the evidence does without. ``draws`` is a :func:`law_table` of this law
    that earlier calls with the same study and criterion have filled: same numbers, made once.
    """
    context = CellContext.of(study, study.case(case), activation)
    law = law or _law(context)
    classification = classify(
        study.case(case).problem,
        output_bias=study.output_bias,
        activation=activation,
        features=study.features,
        initialisation=study.initialisation,
        depth=study.depth,
    )
    table = draws or (None if law is None else law_table(law, study, criterion))
    blocks, pairs = {}, {}
    for pair in watched_pairs(context.rows.groups, len(context.case.problem.fields)):
        name = block_name(pair, classification)
        pairs[name] = pair
        for s in study.s:
            rows = _block_rows(study, data, case, activation, pair, s)
            found = block_evidence(rows, table, criterion)
            own = (OWN_LAWS,) if context.has_laws_by_width else ()
            blocks[name, s] = replace(found, notes=(*found.notes, *own))
    p_values = {f"{n}|{s}": e.law_p for (n, s), e in blocks.items() if e.law_p is not None}
    level = criterion.level / (len(study.cases) * len(study.activations))
    bad = holm(p_values, level)
    rejected = frozenset((n, s) for n, s in blocks if bad.get(f"{n}|{s}", False))
    sure = holm(p_values, level * criterion.refutation / criterion.level)
    doubted = frozenset((n, s) for n, s in rejected if not sure[f"{n}|{s}"])
    parts = _parts(study, data, case, activation, context, law, criterion, level)
    measured = Measured(data, case, activation, study.widths, pairs)
    far = _far_look(context, law, study, criterion, pairs, blocks)
    frozen, odd = _frozen(context, pairs), _odd(context, study)
    return ProblemEvidence(
        classification, blocks, rejected, parts, criterion, level, measured, far, doubted, frozen, odd
    )


def _odd(context: CellContext, study: Study) -> Callable[[], OddPoints | None]:
    """Networks of the smallest width at antipodes of the study's points; nothing is computed before."""

    def look() -> OddPoints | None:
        rows = context.rows
        return measured_odd_points(context.network(min(study.widths)), rows.slots, rows.points, study.seed)

    return look


def _frozen(context: CellContext, pairs: Mapping[str, str]) -> Callable[[str], float | None]:
    """‖K‖ of a block by its name, of a network that stands at its output bias."""
    matrix = cache(lambda: frozen_kernel(context.rows, OutputBias.of(context.output_bias)))

    def norm(block: str) -> float | None:
        found = matrix()
        return None if found is None else float(frobenius(context.reader.block(found, pairs[block])))

    return norm


def _far_look(
    context: CellContext,
    law: LimitLaw | None,
    study: Study,
    criterion: Criterion,
    pairs: Mapping[str, str],
    blocks: Mapping[tuple[str, Fraction], BlockEvidence],
) -> Callable[[str, Fraction], Far] | None:
    """How a block looks where its terms have separated; nothing is computed before it is asked for."""

    @cache
    def resolution() -> Resolution | None:
        # Which term dominates far out does not depend on the activation: erf stands in where there is no law.
        own = law or _law(replace(context, activation="erf"))
        return None if own is None else Resolution(ExtendedLaw(own, criterion.seed), study.widths)

    @cache
    def look(block: str, s: Fraction) -> Far:
        found = resolution()
        if found is None:
            return Far(0.0, None, None, Observed.UNDECIDED, problem="there is no limit law")
        left, right = (tuple(g.name for g in context.reader.members(name)) for name in split(pairs[block]))
        return found.look((left, right), s, law_vanishes=blocks[block, s].law_vanishes)

    return look


def law_table(law: LimitLaw, study: Study, criterion: Criterion) -> LawTable:
    """Draws from ``law`` at every ε that is asked for, with the seeds of the study and the criterion."""
    return LawTable(draw_from(law, study.seed), criterion.seed)


def _law(context: CellContext) -> LimitLaw | None:
    if context.has_laws_by_width:
        return None
    try:
        return context.law_at(8)
    except NTKTheoryError:
        return None


def _against(values: Floats, expected: Sequence[float]) -> Projection:
    """A projection beside what the law says; in units of that where it depends on the width."""
    if len(set(expected)) == 1:
        return Projection(values, expected[0])
    return Projection(values / np.array(expected)[:, None], 1.0)


def _block_rows(study: Study, data: Data, case: str, activation: str, pair: str, s: Fraction) -> BlockRows:
    def values(quantity: str) -> Floats:
        return data.values(case, activation, pair, str(s), quantity)

    limit = values("norm_limit")
    return BlockRows(
        pair,
        s,
        study.widths,
        values("norm"),
        limit if np.isfinite(limit).any() else None,
        np.stack([values(f"probe:{j}") for j in range(PROBES)]),
        values("identity"),
    )


def _parts(
    study: Study,
    data: Data,
    case: str,
    activation: str,
    context: CellContext,
    law: LimitLaw | None,
    criterion: Criterion,
    level: float,
) -> dict[str, PartResult]:
    pairs = watched_pairs(context.rows.groups, len(context.case.problem.fields))
    identity = np.concatenate(
        [data.values(case, activation, pair, str(s), "identity").ravel() for pair in pairs for s in study.s]
    )
    parts = {"a": identity_part(identity, criterion)}
    if context.has_laws_by_width:
        try:
            laws = [context.law_at(width) for width in study.widths]
        except NTKTheoryError:
            return parts
    elif law is None:
        return parts
    else:
        laws = [law] * len(study.widths)
    w = context.probes
    fields, forms = {}, {}
    for key in context.keys:
        if key.pair:
            break
        kind, *names = key.quantity.split(":")
        at = [context.slot_names.index(name) for name in names[:-1]]
        probe = w[int(names[-1])]
        values = data.values(case, activation, "", "", key.quantity)
        if kind == "field":
            expected = [math.sqrt(probe @ own.covariance[at[0], :, at[0], :] @ probe) for own in laws]
            fields[key.quantity] = _against(values, expected)
        else:
            expected = [float(probe @ own.jet_ntk[at[0], :, at[1], :] @ probe) for own in laws]
            forms[key.quantity] = _against(values, expected)
    parts["b"] = field_part(fields, criterion, level)
    parts["c"] = jet_ntk_part(forms, study.widths, study.depth, criterion, level)
    return parts
