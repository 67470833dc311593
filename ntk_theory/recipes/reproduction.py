"""What a recipe found: charts of curves, and what they say in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ntk_theory.arrays import Floats
from ntk_theory.shown import Brief, Shown


@dataclass(frozen=True, eq=False)
class Curve:
    """A label, and y (n,) against x (n,)."""

    label: str
    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Chart:
    """Curves in one pair of axes; logarithmic where it says so."""

    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Reproduction(Shown):
    """The answer of :func:`reproduce`.

    Attributes
    ----------
    name, source:
        What was made again, and whose it is.
    charts:
        One pair of axes each; :func:`ntk_theory.plot` draws them.
    findings:
        What they say, a number in each sentence.
    """

    name: str
    source: str
    charts: tuple[Chart, ...]
    findings: tuple[str, ...]

    def brief(self) -> Brief:
        """Source, findings, and the charts."""
        rows = tuple((c.title, c.x, c.y, str(len(c.curves))) for c in self.charts)
        return Brief(f"{self.name}: {self.source}", ("chart", "x", "y", "curves"), rows, self.findings)

    def to_dict(self) -> dict[str, Any]:
        """All numbers."""
        charts = [
            {"title": c.title, "x": c.x, "y": c.y,
             "curves": [{"label": k.label, "x": k.x.tolist(), "y": k.y.tolist()} for k in c.curves]}
            for c in self.charts
        ]  # fmt: skip
        return {"name": self.name, "source": self.source, "findings": list(self.findings), "charts": charts}


def slope(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """The exponent of y against x, by least squares of logarithms.

    >>> round(slope([1, 10, 100], [3, 0.3, 0.03]), 3)
    -1.0
    """
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
