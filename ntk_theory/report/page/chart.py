"""‖K‖ against width to look into: the numbers of a page, which its own script draws where scripts are on.

Nothing is fetched, and without scripts the page shows nothing here: its pictures and tables hold the same.
"""

from __future__ import annotations

import json

import numpy as np
import sympy as sp

from ntk_theory.arrays import Floats
from ntk_theory.report.figures.widths import width_curves
from ntk_theory.report.page.markup import Markup, join, tag
from ntk_theory.report.rows import StudyAnswer
from ntk_theory.theory.text import block_label

#: Digits of a number on the page.
DIGITS = 4


def chart(answer: StudyAnswer) -> Markup:
    """The place of the drawing, with all blocks and exponents in ``data-curves`` as JSON."""
    curves = width_curves(answer.result, answer.label, answer.setting["activation"], blocks=answer.blocks)
    rows = [
        {
            "block": block_label(curve.block),
            "s": str(curve.s),
            "widths": curve.widths.astype(int).tolist(),
            "norm": [_rounded(row) for row in curve.norm],
            "law": None if curve.law_norm is None else _rounded(curve.law_norm[1]),
            "power": _power(curve.norm_exponent),
        }
        for curve in curves
    ]
    words = (
        "Lines are medians, bands the middle four fifths of the networks; thin, the limit law at that width; "
        "beside them the predicted power."
    )
    data = {"class": "chart", "data-curves": json.dumps(rows), "hidden": "hidden"}
    return tag("div", join([tag("p", words, class_="soft")]), **data)


def _power(exponent: sp.Rational | None) -> str:
    if exponent is None:
        return "no power"
    return "constant" if exponent == 0 else f"N^({exponent})"


def _rounded(row: Floats) -> list[float]:
    """Short numbers; what is not finite is left out of the drawing as 0."""
    return [
        float(f"{value:.{DIGITS}g}") if np.isfinite(value) else 0.0 for value in np.asarray(row, dtype=float)
    ]
