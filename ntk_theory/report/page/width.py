"""A study of width as one page: errors by method and width, a picture, then the claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ntk_theory.report.figures.gains import draw_gains
from ntk_theory.report.figures.palette import data_uri
from ntk_theory.report.gains import FOOT, exponents, sizes
from ntk_theory.report.page import plain
from ntk_theory.report.page.markup import Markup, table, tag, void
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.width.evidence import WidthEvidence


def page(result: Result[WidthEvidence], provenance: Provenance, *, only: Sequence[str] = ()) -> str:
    """The whole page. ``only`` names problems (or labels) to which the answers are restricted."""

    def more(label: str, activation: str) -> Iterator[Markup]:
        e = result.evidence[label, activation]
        for first, *rows in (sizes(e), exponents(e)):
            yield table(first, rows, "limits")
        alt = f"The {e.measure} of trained networks of {label} against width, by method."
        caption = (
            f"Each dot a network, lines their medians; dashed, the references. {FOOT[:1].upper()}{FOOT[1:]}."
        )
        image = void("img", src=data_uri(draw_gains(result, label, activation)), alt=alt)
        yield tag("figure", [image, tag("figcaption", caption)])

    return plain.page(result, provenance, only=only, more=more)
