"""Drawing arrays of parameters: every array has its own stream, keyed by the seed and by its place."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from ntk_theory.arrays import Floats
from ntk_theory.setting.initialisation import CUT, NORMAL, TRUNCATED_DEVIATION, UNIFORM, Law


def normals(seed: int, place: tuple[int, ...], shape: tuple[int, ...]) -> Floats:
    """Standard normals from the PCG64 stream of (seed, place)."""
    return _stream(seed, place).standard_normal(shape)


def draw(law: Law, sigma: float, seed: int, place: tuple[int, ...], shape: tuple[int, ...]) -> Floats:
    """σ times independent numbers of a law; σ = 0 gives zeros."""
    if law is NORMAL:
        return normals(seed, place, shape) if sigma == 1.0 else sigma * normals(seed, place, shape)
    uniform = _stream(seed, place).random(shape)
    if law is UNIFORM:
        return np.asarray(sigma * law.reach * (2 * uniform - 1))
    low = 0.5 * math.erfc(CUT / math.sqrt(2))
    return np.asarray(sigma / TRUNCATED_DEVIATION * ndtri(low + (1 - 2 * low) * uniform))


def _stream(seed: int, place: tuple[int, ...]) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=place)))
