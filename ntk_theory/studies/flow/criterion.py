"""The numbers that turn measured drifts into verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ntk_theory.errors import InputError


@dataclass(frozen=True)
class FlowCriterion:
    """The numbers that turn measured drifts into verdicts; fixed before the first network is trained.

    Attributes
    ----------
    level:
        Family-wise error of every kind of test over the whole study (Holm over the s of a problem,
        Bonferroni over problems and activations); also 1 − coverage of every single interval.
    drift_margin:
        A drift goes to zero when its exponent of N is shown to lie below −margin, stays when it is shown to
        lie within ± margin of 0, and grows when it is shown to lie above + margin.
    limit_margin:
        A drift meets that of the limiting dynamics when the interval of the median ratio at the largest
        width lies within this of 1.
    rate_margin, rate_exclusion:
        A conjectured exponent is confirmed when the interval of the measured slope lies within the margin
        of it, and refuted when the interval misses it by the exclusion, that of the upper half of the widths
        misses it too, the slope does not move towards it, and Holm over all rates rejects it.
    rate_width:
        The least width from which rates below s = 1/2 are judged: measured slopes approach theirs only there
        (THEORY §5).
    growth_margin, growth_exclusion:
        A bound along training holds when the interval of its exponent of N ends below the margin; it fails
        when the exponent is shown to exceed the exclusion.
    growth_factor:
        It fails as well where max |F_α| grows by more than this factor within a median run.
    parameter_bound:
        Assumption (i) is read as ‖θ(t)‖_∞ ≤ bound·√(2 ln P), since Gaussian weights reach √(2 ln P) at t = 0.
    seed:
        Seed of all resampling.
    """

    level: float = 0.05
    drift_margin: float = 0.15
    limit_margin: float = 0.05
    rate_margin: float = 0.2
    rate_exclusion: float = 0.02
    rate_width: int = 4096
    growth_margin: float = 0.1
    growth_exclusion: float = 0.02
    growth_factor: float = 1e3
    parameter_bound: float = 2.0
    seed: int = 20241217

    def to_dict(self) -> dict[str, float | int]:
        """The numbers by name."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, table: Mapping[str, object]) -> FlowCriterion:
        """The criterion that :meth:`to_dict` wrote.

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
