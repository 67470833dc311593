"""Measured data of a problem: points, targets, and standard deviations where they are known.

A group with data says R(x_k) = F(jets at x_k) − y_k at points x_k of its own, and its residual k counts in
the loss by 1/σ_k², in units of their mean: w_k = σ_k^{−2} / mean_j σ_j^{−2}, so that λ_g keeps its meaning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ntk_theory.errors import ProblemError

#: Rows that data may have.
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Data:
    """Columns of plain numbers, one row for each measurement.

    Attributes
    ----------
    points:
        x_k, one tuple in the order of the problem's variables for each row.
    targets:
        y_k.
    sigma:
        σ_k > 0; ``None`` where they are not known, and equal.
    source:
        Where they come from, for messages.

    Raises
    ------
    ProblemError
        No rows or too many, columns of different lengths, a number that is not finite, a σ that is not
        positive; the row is named, counted from 1.

    >>> Data(((0.5,), (0.7,)), (1.0, 2.0), (0.1, 0.2)).precision
    (1.6, 0.4)
    """

    points: tuple[tuple[float, ...], ...]
    targets: tuple[float, ...]
    sigma: tuple[float, ...] | None = None
    source: str = "data"

    def __post_init__(self) -> None:
        points = tuple(tuple(map(float, point)) for point in self.points)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "targets", tuple(map(float, self.targets)))
        check_size(self.source, len(points))
        columns = list(zip(*points, strict=True))
        _check_column(self.source, "the targets", self.targets, len(points))
        for number, column in enumerate(columns, 1):
            _check_column(self.source, f"coordinate {number}", column, len(points))
        if self.sigma is None:
            return
        object.__setattr__(self, "sigma", tuple(map(float, self.sigma)))
        _check_column(self.source, "sigma", self.sigma, len(points))
        for row, value in enumerate(self.sigma, 1):
            if not value > 0:
                raise ProblemError(
                    f"{self.source}, row {row}: sigma is {value:g}; it needs a positive standard deviation"
                )

    @property
    def precision(self) -> tuple[float, ...]:
        """w_k, 1/σ_k² in units of their mean; ones where σ is not known."""
        if self.sigma is None:
            return (1.0,) * len(self.points)
        least = min(self.sigma)
        parts = [(least / value) ** 2 for value in self.sigma]
        mean = math.fsum(parts) / len(parts)
        return tuple(part / mean for part in parts)


def check_size(source: str, rows: int) -> None:
    """At least one row, and no more than :data:`MOST_ROWS`."""
    if not rows:
        raise ProblemError(f"{source} has no rows; it needs at least one measurement")
    if rows > MOST_ROWS:
        raise ProblemError(f"{source} has {rows} rows; it may have {MOST_ROWS}: take fewer")


def _check_column(source: str, name: str, column: Sequence[float], rows: int) -> None:
    if len(column) != rows:
        raise ProblemError(f"{source}: {name} has {len(column)} entries for {rows} points; it needs as many")
    for row, value in enumerate(column, 1):
        if not math.isfinite(value):
            raise ProblemError(f"{source}, row {row}: {name} is {value}; it needs a finite number")
