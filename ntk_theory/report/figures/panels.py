"""One picture in one pair of axes for everything that the package finds; :data:`PANELS` is the list.

A kind of result that is to be drawn has one line there: its class, what draws it, and its blocks or groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ntk_theory.advice.infinite_solution import InfiniteSolution
from ntk_theory.advice.law_table import QUANTILES, BlockLaw, Prediction, law_of
from ntk_theory.advice.recommend import Recommendation
from ntk_theory.audit.run import Audit
from ntk_theory.claims.hearing import Hearing
from ntk_theory.empirical.spectra import Spectrum, spectra
from ntk_theory.errors import InputError
from ntk_theory.limit.law import LimitLaw
from ntk_theory.model.blocks import Kernel
from ntk_theory.recipes.reproduction import Reproduction
from ntk_theory.report.figures.claims import hearing_on
from ntk_theory.report.figures.infinite import answer_on
from ntk_theory.report.figures.kernel import spectra_on
from ntk_theory.report.figures.palette import (
    FAINT,
    INK,
    LINE_STYLES,
    SERIES,
    block_title,
    colours_of,
    markers_of,
    plain,
)
from ntk_theory.report.figures.reproduction import charts_on
from ntk_theory.report.figures.run import losses_on
from ntk_theory.report.figures.widths import norms_on, width_curves
from ntk_theory.report.figures.zoo_map import COLOURS, MEANINGS
from ntk_theory.studies.judging.result import Result
from ntk_theory.theory import Classification
from ntk_theory.theory.exponents import Limit, Regime
from ntk_theory.theory.text import block_label, power, shown_blocks
from ntk_theory.training.trajectory import Trajectory

#: Where the s axis of a classification ends, and how wide s = 1/2 is drawn.
LAST_S, BAND = 1.1, 0.05
#: Marks of the limit classes, so that colour is not needed to tell them apart.
HATCHES = {Limit.DIVERGES: "///", Limit.RANDOM: "...", Limit.UNDECIDED: "xx", Limit.UNDEFINED: "xx"}


@dataclass(frozen=True)
class Panel:
    """How results of one class are drawn.

    ``names`` are the blocks or groups that one can choose from; ``draw`` puts the chosen ones into axes.
    """

    of: type
    what: str
    names: Callable[[Any], Sequence[str]]
    draw: Callable[[Axes, Any, Sequence[str]], None]


@dataclass(frozen=True)
class Spectra:
    """What :func:`ntk_theory.spectra` returns, as one thing to draw."""

    parts: tuple[Spectrum, ...]


def chosen(panel: Panel, result: Any, blocks: Sequence[str] | str | None) -> tuple[str, ...]:
    """The blocks or groups asked for, by their names as the result has them.

    Raises
    ------
    InputError
        There is no such block or group.
    """
    names = tuple(panel.names(result))
    if blocks is None:
        return names
    asked = (blocks,) if isinstance(blocks, str) else tuple(blocks)
    known = {block_label(name): name for name in names} | {name: name for name in names}
    for name in asked:
        if name not in known:
            raise InputError(f"blocks has {name!r}; this {panel.what} has {', '.join(names)}")
    if not asked:
        raise InputError(f"blocks is empty; name some of {', '.join(names)}, or leave it out")
    return tuple(known[name] for name in asked)


def _classification(axes: Axes, c: Classification, blocks: Sequence[str]) -> None:
    """One row per block, s from left to right; colour and hatching are the class of the limit."""
    plain(axes)
    axes.grid(False)
    seen: dict[Limit, None] = {}
    for k, name in enumerate(blocks):
        for regime in c.sharp[name].regimes:
            low, high = _ends(regime)
            seen[regime.limit] = None
            axes.barh(
                k, high - low, left=low, height=0.78, color=COLOURS[regime.limit], edgecolor="white",
                linewidth=0.8, hatch=HATCHES.get(regime.limit, ""),
            )  # fmt: skip
            axes.barh(k, high - low, left=low, height=0.78, facecolor="none", edgecolor=FAINT, linewidth=0.8)
            exponent = regime.norm_exponent
            if exponent is not None and exponent != 0 and high - low > 3 * BAND:
                box = {"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 1.2}
                middle = (low + high) / 2
                axes.text(
                    middle, k, power(exponent), ha="center", va="center", fontsize=7, color=INK, bbox=box
                )
    axes.set_yticks(range(len(blocks)), [block_title(name) for name in blocks])
    axes.set_ylim(len(blocks) - 0.4, -0.6)
    axes.set_xlim(0, LAST_S)
    axes.set_xticks([0.25, 0.5, 0.75, 1], ["1/4", "1/2", "3/4", "1"])
    axes.set_xlabel("$s$, of the output scaling $N^{-s}$", fontsize=9, color=INK)
    handles = [
        Patch(
            facecolor=COLOURS[limit], hatch=HATCHES.get(limit, ""), edgecolor="white", label=MEANINGS[limit]
        )
        for limit in seen
    ]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1.01), ncols=3, frameon=False, fontsize=7.5
    )


def _ends(regime: Regime) -> tuple[float, float]:
    """The interval of s as drawn: s = 1/2 is a band, other single values a thin one."""
    half = BAND / 2
    if regime.is_point:
        own = half if regime.low == Fraction(1, 2) else BAND / 6
        return float(regime.low) - own, float(regime.low) + own
    low, high = float(regime.low), min(float(regime.high), LAST_S)
    return low + (half if regime.low == Fraction(1, 2) else 0), high - (half if high == 0.5 else 0)


def _spectra(axes: Axes, found: Sequence[Spectrum], groups: Sequence[str]) -> None:
    spectra_on(axes, [part for part in found if _group(part) in groups])


def _group(part: Spectrum) -> str:
    return "all" if part.group is None else part.group


def _kernel(axes: Axes, kernel: Kernel, groups: Sequence[str]) -> None:
    _spectra(axes, spectra(kernel), groups)


def _laws(axes: Axes, laws: Sequence[BlockLaw], blocks: Sequence[str]) -> None:
    """‖K‖ of the blocks, against the width if there are several, else against s; bars: 90 % of the law."""
    plain(axes)
    widths = sorted({law.width for law in laws})
    exponents = sorted({law.s for law in laws})
    curves: dict[str, list[tuple[float, BlockLaw]]] = {}
    for law in laws:
        if law.block in blocks:
            single = len(widths) == 1
            label = block_title(law.block) + ("" if single else f", $s = {law.s}$")
            curves.setdefault(label, []).append((float(law.s) if single else law.width, law))
    for k, (label, points) in enumerate(curves.items()):
        found = [(at, q) for at, law in sorted(points, key=lambda p: p[0]) if (q := law.quantiles(QUANTILES))]
        found = [(at, q) for at, q in found if q[1] > 0]
        if not found:
            continue
        at = [a for a, _ in found]
        low, middle, high = np.array([q for _, q in found]).T
        axes.errorbar(
            at, middle, yerr=[middle - low, high - middle], label=label, color=SERIES[k % len(SERIES)],
            linestyle=LINE_STYLES[k % len(LINE_STYLES)], marker="osD^vP"[k % 6], markersize=4, capsize=2.5,
            linewidth=1.3,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylabel(r"$\|K\|_F$, median and 5 % to 95 %", fontsize=9, color=INK)
    if len(widths) > 1:
        axes.set_xscale("log", base=2)
        axes.set_xlabel("width $N$", fontsize=9, color=INK)
    else:
        axes.set_xticks([float(s) for s in exponents], [str(s) for s in exponents])
        axes.set_xlabel(f"$s$, at width $N = {widths[0]}$", fontsize=9, color=INK)
    axes.legend(frameon=False, fontsize=8)


def _prediction(axes: Axes, found: Prediction, blocks: Sequence[str]) -> None:
    _laws(axes, found.blocks, blocks)


def _law(axes: Axes, law: LimitLaw, blocks: Sequence[str]) -> None:
    _laws(axes, law_of(law).blocks, blocks)


def _trajectory(axes: Axes, run: Trajectory, groups: Sequence[str]) -> None:
    losses_on(axes, run, groups)


def _recommendation(axes: Axes, found: Recommendation, groups: Sequence[str]) -> None:
    """The residuals that a new network has, at the s that were compared."""
    plain(axes)
    options = [option for option in found.options if option.residuals]
    at = [float(Fraction(option.s)) for option in options]
    for k, name in enumerate(groups):
        ranges = [option.residuals[name] for option in options if option.residuals]
        middle = np.array([r.median for r in ranges])
        spread = [middle - [r.low for r in ranges], np.array([r.high for r in ranges]) - middle]
        axes.errorbar(
            at, middle, yerr=spread, label=name, color=SERIES[k % len(SERIES)], capsize=2.5, linewidth=1.3,
            linestyle=LINE_STYLES[k % len(LINE_STYLES)], marker="osD^vP"[k % 6], markersize=4,
        )  # fmt: skip
    if found.s is not None:
        axes.axvline(float(Fraction(found.s)), color=FAINT, linewidth=1.0, linestyle=(0, (2, 2)), zorder=1)
    axes.set_yscale("log")
    axes.set_xticks(at, [option.s for option in options])
    axes.set_xlabel("$s$; dashed, the recommended one", fontsize=9, color=INK)
    axes.set_ylabel("rms residual at the start", fontsize=9, color=INK)
    axes.legend(frameon=False, fontsize=8)


def _study(axes: Axes, result: Result[Any], blocks: Sequence[str]) -> None:
    """‖K‖ of networks against width, of the first case and the first of the blocks."""
    label, activation = next(iter(result.verdicts))
    curves = width_curves(result, label, activation, blocks=blocks[:1])
    exponents = tuple(dict.fromkeys(c.s for c in curves))
    norms_on(axes, curves, colours_of(exponents), markers_of(exponents))
    axes.set_title(block_title(blocks[0]), fontsize=11, color=INK, loc="left")
    axes.set_xlabel("width $N$", fontsize=9, color=INK)
    axes.set_ylabel(r"$\|K\|_F$", fontsize=9, color=INK)


def _study_blocks(result: Result[Any]) -> Sequence[str]:
    first = result.evidence[next(iter(result.verdicts))] if result.verdicts else None
    names = getattr(first, "block_names", ())
    if not names:
        raise InputError("this study holds no kernels against width; its pictures are on its page (nt.page)")
    return tuple(names)


PANELS = (
    Panel(Classification, "classification", lambda c: tuple(shown_blocks(c)), _classification),
    Panel(Kernel, "kernel", lambda k: ("all", *k.names), _kernel),
    Panel(
        Audit,
        "audit",
        lambda found: ("all", *found.kernel.names),
        lambda axes, found, groups: _kernel(axes, found.kernel, groups),
    ),
    Panel(Spectrum, "spectrum", lambda p: (_group(p),), lambda axes, p, groups: _spectra(axes, [p], groups)),
    Panel(
        Spectra,
        "list of spectra",
        lambda found: tuple(map(_group, found.parts)),
        lambda axes, found, groups: _spectra(axes, found.parts, groups),
    ),
    Panel(Prediction, "law", lambda p: tuple(dict.fromkeys(b.block for b in p.blocks)), _prediction),
    Panel(LimitLaw, "law", lambda law: tuple(dict.fromkeys(b.block for b in law_of(law).blocks)), _law),
    Panel(Trajectory, "run", lambda run: tuple(run.group_losses), _trajectory),
    Panel(
        Recommendation,
        "recommendation",
        lambda r: next((tuple(o.residuals) for o in r.options if o.residuals), ()),
        _recommendation,
    ),
    Panel(Result, "study", _study_blocks, _study),
    Panel(InfiniteSolution, "solution", lambda f: tuple(map(f.problem.space.name, f.slots)), answer_on),
    Panel(Hearing, "hearing", lambda h: tuple(h.decided()), hearing_on),
    Panel(Reproduction, "reproduction", lambda r: tuple(c.title for c in r.charts), charts_on),
)


def panel_of(result: object) -> Panel:
    """The line of :data:`PANELS` for a result.

    Raises
    ------
    InputError
        Nothing draws it.
    """
    for panel in PANELS:
        if isinstance(result, panel.of):
            return panel
    known = ", ".join(sorted(panel.of.__name__ for panel in PANELS))
    raise InputError(
        f"plot was given a {type(result).__name__}; it draws {known}, and the spectra of a kernel"
    )
