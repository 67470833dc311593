"""The colours and words that all figures share, and figures as text for a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from fractions import Fraction
from typing import BinaryIO

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ntk_theory.outputs import GENERATOR
from ntk_theory.theory.text import block_label
from ntk_theory.visible import visible

#: Labelled ticks that an axis has at the least.
MIN_LABELS = 2
INK = "#1d1d1f"
FAINT = "#727277"
GRID = "#e7e7ea"

#: Below 1/2 warm, at 1/2 black, above it blue, darker as s grows.
_BELOW = ("#b4432f", "#a8640a", "#7a2317", "#8a6d00")
_ABOVE = ("#3b8cc4", "#1f5f9e", "#12396b", "#1d8f82", "#0b5f54")
#: Of curves that no s tells apart. Every colour of a line or letter has a contrast of 3:1 to white and more.
SERIES = ("#1f6fb5", "#b4432f", "#1d8f82", "#a8640a", "#7a5fa8", "#3b8cc4", "#7a2317", "#0b5f54")
_MARKERS = "osD^vPX<>"
#: Of curves side by side, so that colour is not needed to tell them apart.
LINE_STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)), (0, (8, 2)), (0, (2.5, 2.5)))


def colours_of(exponents: Sequence[Fraction]) -> dict[Fraction, str]:
    """One colour per s."""
    half = Fraction(1, 2)
    below = sorted((s for s in exponents if s < half), reverse=True)
    above = sorted(s for s in exponents if s > half)
    chosen = {half: INK} if half in exponents else {}
    chosen |= {s: _BELOW[k % len(_BELOW)] for k, s in enumerate(below)}
    return chosen | {s: _ABOVE[k % len(_ABOVE)] for k, s in enumerate(above)}


def markers_of(exponents: Sequence[Fraction]) -> dict[Fraction, str]:
    """One marker per s, so that colour is not needed to tell them apart."""
    return {s: _MARKERS[k % len(_MARKERS)] for k, s in enumerate(sorted(exponents))}


def headline(figure: Figure, title: str, size: int, *, drop: float = 0.1, left: float = 0.012) -> None:
    """A title at the top left, ``drop`` inches below the edge; a $ in a problem's title begins no formula."""
    at, style = 1 - drop / figure.get_figheight(), {"fontsize": size, "fontweight": "bold", "va": "top"}
    figure.text(left, at, visible(title), color=INK, parse_math=False, **style)  # type: ignore[arg-type]


def plain(axes: Axes) -> None:
    """Quiet axes: two spines, a light grid."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#b5b5ba")
    axes.tick_params(colors=INK, labelsize=8, color="#b5b5ba", which="both")
    axes.grid(True, color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def block_title(block: str) -> str:
    """A block's name in mathematical type: K_ff, K_b,slope."""
    name = block_label(block).removeprefix("K_").replace("_", r"\_")
    return rf"$K_{{\mathrm{{{name}}}}}$"


def svg_text(figure: Figure) -> str:
    """The figure as SVG, the same text for the same figure; letters stay letters, that are read out."""
    out = io.StringIO()
    label_axes(figure)
    with mpl.rc_context({"svg.hashsalt": "ntk_theory", "svg.fonttype": "none"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


#: File format → the entry that names the program which drew the picture.
_PROGRAM = {"png": "Software", "svg": "Creator", "pdf": "Creator"}


def save_picture(figure: Figure, file: BinaryIO, format: str) -> None:
    """Write the figure as png, svg or pdf, with this package named as its maker (``outputs.PICTURE``)."""
    label_axes(figure)
    # letters that can be searched
    with mpl.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "ntk_theory"}):
        figure.savefig(file, format=format, dpi=130, metadata={_PROGRAM[format]: GENERATOR})


def label_axes(figure: Figure) -> None:
    """At least two numbers on every logarithmic axis: a short one has those of 2 and 5 as well."""
    for axes in figure.axes:
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            if axis.get_scale() != "log" or not axis.get_visible() or not axes.get_visible():
                continue
            if _labels(axis, low, high) >= MIN_LABELS:
                continue
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())
            for locator in (LogLocator(subs=(1.0, 2.0, 5.0)), MaxNLocator(nbins=4)):
                axis.set_major_locator(locator)
                if _labels(axis, low, high) >= MIN_LABELS:
                    break


def _labels(axis: Axis, low: float, high: float) -> int:
    ticks, slack = axis.get_majorticklocs(), 1e-9 * abs(high - low)
    return sum(min(low, high) - slack <= tick <= max(low, high) + slack for tick in ticks)


def data_uri(figure: Figure) -> str:
    """The figure as a ``data:`` address for the source of an image."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg_text(figure).encode()).decode()
