"""The numbers that turn evidence into verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ntk_theory.errors import InputError


@dataclass(frozen=True)
class Criterion:
    """The numbers that turn evidence into verdicts; fixed before the first network is drawn.

    Attributes
    ----------
    level:
        Family-wise error of every kind of test over the whole study (Holm within a problem, Bonferroni
        over problems and activations); also 1 − coverage of every single interval.
    top_widths:
        The largest widths, whose samples are compared with the law.
    rank_margin:
        Largest distance of the mean rank among the law's draws from 1/2 that counts as agreement
        (0.15: a shift of half a standard deviation).
    slope_margin, slope_exclusion:
        An exponent is confirmed when the interval of the measured slope lies within the margin of
        it. It is refuted when the interval misses it by the exclusion, that of the upper half of the
        widths misses it too, the slope does not move towards it, and Holm over all slopes rejects it.
    law_slope_margin:
        The same for the law's own slope between N = 10^20 and 10^40, which has no noise to speak of; it
        refutes an exponent from ``slope_margin`` on, since some laws settle slowly.
    constant_range:
        Relative range of 200 draws at N = 10^40 below which a limit that loses its randomness counts as
        deterministic.
    identity:
        Largest relative difference that (a) allows.
    seed:
        Seed of all draws from laws and of all resampling.
    """

    level: float = 0.01
    top_widths: int = 3
    rank_margin: float = 0.15
    slope_margin: float = 0.2
    slope_exclusion: float = 0.02
    law_slope_margin: float = 0.02
    constant_range: float = 0.02
    identity: float = 1e-10
    seed: int = 20241217

    def to_dict(self) -> dict[str, float | int]:
        """The numbers by name."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, table: Mapping[str, object]) -> Criterion:
        """The criterion that :meth:`to_dict` wrote; what is left out has its default.

        Raises
        ------
        InputError
            An entry that no criterion of this version has, or that is no number of its kind.
        """
        known = cls().to_dict()
        for name, value in table.items():
            if name not in known:
                raise InputError(
                    f"the criterion has {name!r}, which this version does not know; "
                    f"it knows {', '.join(known)}: use the version that wrote it"
                )
            kind = (int,) if isinstance(known[name], int) else (int, float)
            if isinstance(value, bool) or not isinstance(value, kind):
                what = "a whole number" if kind == (int,) else "a number"
                raise InputError(f"the criterion has {name} = {value!r}; it needs {what}")
        return cls(**table)  # type: ignore[arg-type]  # checked name by name
