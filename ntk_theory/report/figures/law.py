"""The limit law of a kernel as a picture: ‖K‖ against the width, and its distribution at one width."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike

from ntk_theory.advice.law_table import BlockLaw
from ntk_theory.arrays import Floats
from ntk_theory.errors import InputError
from ntk_theory.report.figures.palette import FAINT, INK, block_title, colours_of, headline, plain
from ntk_theory.report.figures.widths import chosen_blocks

#: Quantiles of the band.
BAND = (0.05, 0.5, 0.95)
#: Widths of the upper row.
WIDTHS = tuple(4**k for k in range(2, 12))
#: Most blocks side by side.
MOST_BLOCKS = 4
BINS = 16
#: A law that spreads over less than this, relative to its size, is drawn as a line.
NARROW = 1e-3
#: An axis that spans less than this factor has 2 and 5 labelled too.
FEW = 100


Networks = Mapping[tuple[str, Fraction], ArrayLike]


def draw_limit_law(
    curves: Sequence[BlockLaw], at: Sequence[BlockLaw], title: str = "", *, networks: Networks | None = None
) -> Figure:
    """One column per block: above, quantiles of ‖K‖ against width; below, its distribution at one width.

    Parameters
    ----------
    curves:
        Laws at several widths, such as :data:`WIDTHS`.
    at:
        Laws of the same blocks at one width.
    title:
        Above all.
    networks:
        (block, s) → ‖K‖ of finite networks of that width, drawn as bars behind the law.
    """
    if not curves or not at:
        raise InputError("curves or at is empty; each needs the laws of at least one block")
    blocks = chosen_blocks(tuple(dict.fromkeys(c.block for c in curves)), MOST_BLOCKS)
    exponents = sorted({c.s for c in curves})
    known = colours_of(exponents)
    colours = {s: known[s] for s in exponents}
    size = (3.7 * len(blocks) + 0.75, 6.9)
    figure = Figure(figsize=size, dpi=110, facecolor="white")
    panels = figure.subplots(2, len(blocks), squeeze=False)
    figure.subplots_adjust(
        left=0.68 / size[0], right=1 - 0.15 / size[0], top=1 - 1.25 / size[1], bottom=0.48 / size[1],
        wspace=0.2, hspace=0.36,
    )  # fmt: skip
    for k, block in enumerate(blocks):
        upper, lower = panels[0, k], panels[1, k]
        upper.set_title(block_title(block), fontsize=13, color=INK, loc="left", pad=8)
        _bands(upper, [c for c in curves if c.block == block], colours)
        _histograms(lower, [c for c in at if c.block == block], colours, networks or {})
    panels[0, 0].set_ylabel(r"$\|K\|_F$", fontsize=11, color=INK)
    panels[1, 0].set_ylabel(f"distribution at $N = {at[0].width}$", fontsize=9.5, color=INK)
    _legend(figure, title, colours, with_networks=bool(networks))
    return figure


def _bands(axes: Axes, laws: Sequence[BlockLaw], colours: dict[Fraction, str]) -> None:
    for s, colour in colours.items():
        own = [law for law in laws if law.s == s]
        known = [(law.width, law.quantiles(BAND)) for law in own]
        found = [(width, q) for width, q in known if q is not None and q[1] > 0]
        if not found:
            continue
        widths = [width for width, _ in found]
        low, middle, high = np.array([q for _, q in found]).T
        axes.fill_between(widths, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(widths, middle, color=colour, linewidth=1.6)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    plain(axes)
    axes.xaxis.set_major_locator(LogLocator(base=2, subs=(1.0,), numticks=30))
    widths = sorted({law.width for law in laws})
    step = max(1, math.ceil(len(widths) / 6))
    axes.set_xticks(widths[::step], [f"$2^{{{math.log2(w):.3g}}}$" for w in widths[::step]])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())
    low_end, high_end = axes.get_ylim()
    if high_end < FEW * low_end:  # one power of ten, or none, would be the only label
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("width $N$", fontsize=9, color=INK)


def _histograms(
    axes: Axes, laws: Sequence[BlockLaw], colours: dict[Fraction, str], networks: Networks
) -> None:
    plain(axes)
    axes.set_yticks([])
    axes.grid(False)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(r"$\log_{10}\|K\|_F$", fontsize=9, color=INK)
    drawn = [(law, _logs(law.norms)) for law in laws if law.norms is not None]
    drawn = [(law, logs) for law, logs in drawn if len(logs)]
    if not drawn:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no finite draws", transform=axes.transAxes, ha="center", color=FAINT, fontsize=9)
        return
    ends = []
    for law, logs in drawn:
        found = _logs(np.asarray(networks.get((law.block, law.s), [])))
        _histogram(axes, logs, found, colours[law.s])
        ends += [logs.min(), logs.max(), *found]
    margin = 0.05 * float(np.ptp(ends)) + 0.05
    axes.set_xlim(float(min(ends)) - margin, float(max(ends)) + margin)
    axes.set_ylim(0, 1.08)


def _histogram(axes: Axes, law: Floats, networks: Floats, colour: str) -> None:
    """The law as an outline, filled unless networks are; a law that is one number is a line."""
    both = np.concatenate([law, networks])
    edges = np.linspace(both.min(), both.max(), BINS + 1) if np.ptp(both) else np.array([])
    bars = np.histogram(networks, bins=edges)[0] / max(len(networks), 1) if len(edges) else np.array([])
    if np.ptp(law) * math.log(10) < NARROW:
        axes.axvline(float(np.median(law)), color=colour, linewidth=1.8)
        if len(networks):
            axes.stairs(bars / bars.max(), edges, fill=True, color=colour, alpha=0.35)
        return
    outline = np.histogram(law, bins=edges)[0] / len(law)
    top = max(outline.max(), bars.max())
    axes.stairs(outline / top, edges, color=colour, linewidth=1.4)
    filled, alpha = (bars, 0.4) if len(networks) else (outline, 0.22)
    axes.stairs(filled / top, edges, fill=True, color=colour, alpha=alpha)


def _logs(norms: Floats) -> Floats:
    return np.asarray(np.log10(norms[norms > 0]))


def _legend(figure: Figure, title: str, colours: dict[Fraction, str], *, with_networks: bool) -> None:
    inches = figure.get_figheight()
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=colour, linewidth=2.2, label=f"$s = {s}$") for s, colour in colours.items()
    ]
    handles += [
        Patch(facecolor=FAINT, alpha=0.35, label="5 % to 95 % of the law"),
        Line2D([], [], color=FAINT, linewidth=1.6, label="median, or the one value"),
    ]
    if with_networks:
        handles.append(Patch(facecolor=FAINT, alpha=0.6, label="networks (bars)"))
    headline(figure, title, 11)
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.006, 1 - 0.52 / inches), ncols=len(handles),
        frameon=False, fontsize=8.5, handlelength=1.5, columnspacing=1.3, handletextpad=0.5,
    )  # fmt: skip
