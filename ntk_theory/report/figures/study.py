"""The figures of a study's page, with the words under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ntk_theory.report.figures.histograms import draw_law_panels, law_panels
from ntk_theory.report.figures.limit_map import draw_limit_map, map_rows
from ntk_theory.report.figures.palette import data_uri
from ntk_theory.report.figures.widths import draw_width_curves, width_curves
from ntk_theory.report.rows import StudyAnswer


@dataclass(frozen=True)
class Picture:
    """A figure as a ``data:`` address, what it shows, and what to read off it."""

    uri: str
    alt: str
    caption: str


def map_picture(every: Sequence[StudyAnswer]) -> Picture:
    """The map problem × s of predicted and observed limits."""
    return Picture(
        data_uri(draw_limit_map(map_rows(every), "Predicted and observed limit of every block")),
        "Map of predicted and observed limits, one row per problem, one column per s.",
        "Colour of a cell: the limit that the ε-calculus predicts. Mark in it: what the networks show. The "
        "last panel counts the agreeing pairs that involve a group other than values and equations.",
    )


def answer_pictures(answer: StudyAnswer) -> Iterator[Picture]:
    """Size and spread against width, then histograms against the law."""
    label, activation = answer.label, answer.setting["activation"]
    title = f"{answer.label}, {activation}"
    curves = width_curves(answer.result, label, activation)
    yield Picture(
        data_uri(draw_width_curves(curves, f"Size and spread against width: {title}")),
        f"Size and spread of the kernel blocks of {label} against width.",
        "Above, the size of each block; below, its spread over networks. Lines are the limit law at that "
        "very width, with ε = N^(1/2−s); dashed, the asymptotic power. Where a spread has no line, the law "
        "is one number and only the fluctuation of T_N is left. A spread above its line is that same "
        "fluctuation, of order ε²N^(−1/2), not yet small against the law's own.",
    )
    yield Picture(
        data_uri(draw_law_panels(law_panels(answer.result, label, activation), f"Against the law: {title}")),
        f"Histograms of the kernel norms of {label} against the limit law.",
        "Sizes at the largest width, the jet NTK of each network replaced by its limit, as in part (d).",
    )
