"""γ of a network's first layer and its Taylor coefficients, as arrays (THEORY §4 "Features").

A wave A cos 2π(ν·x + δ) has the normalised coefficient A Π_j (2πν_j)^{α_j}/α_j! · cos^{(|α|)} at α, the sine
likewise; a line has its value and one slope. Everything is by the raw variables x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ntk_theory.arrays import Floats
from ntk_theory.kernels.multiindex import IndexSet, MultiIndex
from ntk_theory.setting.features import Line, Wave


@dataclass(frozen=True)
class Lift:
    """The columns of γ: lines, then all cosines, then all sines."""

    lines: tuple[Line, ...]
    waves: tuple[Wave, ...]

    @property
    def size(self) -> int:
        """m, the number of columns."""
        return len(self.lines) + 2 * len(self.waves)

    def values(self, points: ArrayLike) -> Floats:
        """γ at points (n, d), shape (n, m)."""
        x = np.asarray(points, dtype=np.float64)
        cosine, sine = self._circle(x)
        return np.concatenate([self._on_lines(x), cosine, sine], axis=1)

    def jets(self, points: ArrayLike, indices: IndexSet) -> Floats:
        """The normalised Taylor coefficients γ_α at points (n, d), shape (A, n, m)."""
        x = np.asarray(points, dtype=np.float64)
        out = np.zeros((indices.size, len(x), self.size))
        circle = self._circle(x)
        out[0, :, : len(self.lines)] = self._on_lines(x)
        for column, line in enumerate(self.lines):
            if indices.units[line.axis] >= 0:
                out[indices.units[line.axis], :, column] = line.scale
        for place, alpha in enumerate(indices.indices):
            self._waves_into(out[place, :, len(self.lines) :], circle, alpha)
        return out

    def _waves_into(self, out: Floats, circle: tuple[Floats, Floats], alpha: MultiIndex) -> None:
        """The coefficients at α: the k-th derivative of (cos, sin) turns them by k quarters."""
        factor = np.array([self._factor(wave, alpha) for wave in self.waves])
        cosine, sine = circle
        turned = ((cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine))[sum(alpha) % 4]
        half = len(self.waves)
        np.multiply(turned[0], factor, out=out[:, :half])
        np.multiply(turned[1], factor, out=out[:, half:])

    @staticmethod
    def _factor(wave: Wave, alpha: MultiIndex) -> float:
        return math.prod(
            (2 * math.pi * turn) ** k / math.factorial(k) for turn, k in zip(wave.turns, alpha, strict=True)
        )

    def _circle(self, x: Floats) -> tuple[Floats, Floats]:
        """Amplitude times cosine and sine of every wave, (n, waves)."""
        if not self.waves:
            return np.empty((len(x), 0)), np.empty((len(x), 0))
        turns = np.array([wave.turns for wave in self.waves])
        angle = 2 * math.pi * (x @ turns.T + [wave.offset for wave in self.waves])
        amplitude = np.array([wave.amplitude for wave in self.waves])
        return amplitude * np.cos(angle), amplitude * np.sin(angle)

    def _on_lines(self, x: Floats) -> Floats:
        axes = [line.axis for line in self.lines]
        scale = np.array([line.scale for line in self.lines])
        return np.asarray(x[:, axes] * scale + np.array([line.shift for line in self.lines]))
