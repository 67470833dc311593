"""Histograms of ‖K‖ at the largest width against the limit law, one panel per block and s.

The networks enter with T^∞ in place of T_N, as in part (d) of the finite-ε law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.report.figures.law_draws import LawDraws
from ntk_theory.report.figures.palette import FAINT, INK, block_title, colours_of, headline, plain
from ntk_theory.report.figures.widths import chosen_blocks
from ntk_theory.studies.initialisation.verify import StudyResult
from ntk_theory.studies.judging.verdict import Outcome

BINS = 11
#: A relative distance that counts as rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class LawPanel:
    """‖K‖ of one block at one s and one width: the networks' (n,) and the law's (m,), or ``None``."""

    block: str
    s: Fraction
    width: int
    networks: Floats
    law: Floats | None
    outcome: Outcome

    @property
    def is_constant(self) -> bool:
        """Is the law one number?"""
        return self.law is not None and bool(np.ptp(self.law) <= 1e-9 * np.abs(self.law).max())


def law_panels(
    result: StudyResult, label: str, activation: str, *, blocks: Sequence[str] | None = None
) -> tuple[LawPanel, ...]:
    """The panels of one case with one activation, at the largest width."""
    evidence, law = result.evidence[label, activation], LawDraws.of(result, label, activation)
    outcomes = {(v.block, v.s): v.outcome for v in result.verdicts[label, activation] if v.claim == "law"}
    width = max(result.study.widths)
    at = result.study.widths.index(width)
    panels = []
    for block in blocks or chosen_blocks(evidence.block_names):
        for s in result.study.s:
            values = result.data.values(label, activation, law.pairs[block], str(s), "norm_limit")[at]
            drawn = law.at(block, s, width)
            panels.append(
                LawPanel(
                    block,
                    s,
                    width,
                    values[np.isfinite(values)],
                    None if drawn is None else drawn[0],
                    outcomes.get((block, s), Outcome.NOT_APPLICABLE),
                )
            )
    return tuple(panels)


def draw_law_panels(panels: Sequence[LawPanel], title: str = "") -> Figure:
    """One row per block, one column per s; bars are networks, the line is the law."""
    if not panels:
        raise InputError("panels is empty; it needs at least one, such as law_panels(result, 'kdv', 'tanh')")
    blocks = tuple(dict.fromkeys(p.block for p in panels))
    exponents = tuple(dict.fromkeys(p.s for p in panels))
    colours = colours_of(exponents)
    size = (2.55 * len(exponents) + 0.7, 1.95 * len(blocks) + 1.15)
    figure = Figure(figsize=size, dpi=110, facecolor="white")
    grid = figure.subplots(len(blocks), len(exponents), squeeze=False)
    figure.subplots_adjust(
        left=0.72 / size[0], right=1 - 0.12 / size[0], top=1 - 1.05 / size[1], bottom=0.42 / size[1],
        wspace=0.16, hspace=0.42,
    )  # fmt: skip
    for panel in panels:
        row, column = blocks.index(panel.block), exponents.index(panel.s)
        axes = grid[row, column]
        _panel(axes, panel, colours[panel.s])
        if row == 0:
            axes.set_title(f"$s = {panel.s}$", fontsize=11, color=colours[panel.s], loc="left")
        if column == 0:
            axes.set_ylabel(block_title(panel.block), fontsize=13, color=INK, rotation=0, labelpad=18)
        if row == len(blocks) - 1:
            axes.set_xlabel(r"$\log_{10}\|K\|_F$", fontsize=8.5, color=INK)
    _legend(figure, title, panels[0].width)
    return figure


def _panel(axes: Axes, panel: LawPanel, colour: str) -> None:
    plain(axes)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    shown = panel.networks[panel.networks > 0]
    if not len(shown):
        _note(axes, "no number")
        axes.set_xticks([])
        return
    if panel.law is None or panel.law.max() <= 0:
        axes.hist(np.log10(shown), bins=BINS, color=colour, alpha=0.4)
        _note(axes, "no law")
        return
    law = np.log10(panel.law[panel.law > 0])
    if panel.is_constant:
        _constant(axes, float(np.median(law)), np.log10(shown), colour)
    else:
        both = np.concatenate([law, np.log10(shown)])
        edges = np.linspace(float(both.min()), float(both.max()), BINS + 1).tolist()
        axes.hist(np.log10(shown), bins=edges, density=True, color=colour, alpha=0.4, linewidth=0)
        axes.hist(law, bins=edges, density=True, color=colour, histtype="step", linewidth=1.6)
    if panel.outcome is Outcome.REFUTED:
        _note(axes, "refuted", "#c8102e")


def _constant(axes: Axes, law: float, networks: Floats, colour: str) -> None:
    """A law that is one number: its networks are a line as thin as rounding."""
    axes.axvline(law, color=colour, linewidth=1.8)
    axes.plot(networks, np.full(len(networks), 0.3), "o", color=colour, alpha=0.4, markersize=5, mew=0)
    reach = max(0.5, 1.3 * float(np.abs(networks - law).max()))
    axes.set_xlim(law - 0.6 * reach, law + 1.6 * reach)  # the words stand at the right of the line
    axes.set_ylim(0, 1)
    gap = float(np.abs(10 ** (networks - law) - 1).max())
    met = "to rounding" if gap <= ROUNDING else f"within {gap:.0e}"
    _note(axes, f"one number,\nmet {met}")


def _note(axes: Axes, text: str, colour: str = FAINT) -> None:
    axes.text(0.98, 0.97, text, transform=axes.transAxes, ha="right", va="top", fontsize=7.5, color=colour)


def _legend(figure: Figure, title: str, width: int) -> None:
    inches = figure.get_figheight()
    handles: list[Patch | Line2D] = [
        Patch(facecolor=FAINT, alpha=0.45, label=f"networks of width {width}, with $T^\\infty$ for $T_N$"),
        Line2D([], [], color=FAINT, linewidth=1.6, label="limit law at that width"),
    ]
    headline(figure, title, 14)
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.006, 1 - 0.36 / inches), ncols=2, frameon=False,
        fontsize=8.5, handlelength=1.6,
    )  # fmt: skip
