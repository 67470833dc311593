"""A hearing as a picture: claims by problems, each cell an outcome with its own letter and colour."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ntk_theory.claims.hearing import Hearing
from ntk_theory.report.figures.palette import FAINT, INK
from ntk_theory.studies.judging.verdict import Outcome

#: Outcome → face colour, letter. The letters tell them apart without colour.
LOOKS = {
    Outcome.SUPPORTED: ("#7fc9a4", "S"),
    Outcome.REFUTED: ("#e79a76", "R"),
    Outcome.UNDECIDED: ("#f3e3a1", "u"),
    Outcome.NOT_APPLICABLE: ("#eeeeee", ""),
}
#: What was found beyond a claim's hypotheses, on the face of "not applicable": no verdict on the source.
BEYOND = {Outcome.SUPPORTED: "+", Outcome.REFUTED: "x", Outcome.UNDECIDED: "?", Outcome.NOT_APPLICABLE: ""}


def hearing_on(axes: Axes, hearing: Hearing, sources: Sequence[str]) -> None:
    """Rows: claims of the chosen sources; columns: problems; a cell that was not heard stays empty."""
    rows = [row for row in hearing.rows if row.source.key in sources]
    claims = list(dict.fromkeys((row.source.key, row.claim.code) for row in rows))
    problems = list(dict.fromkeys(row.problem for row in rows))
    for row in rows:
        x, y = problems.index(row.problem), claims.index((row.source.key, row.claim.code))
        colour, letter = LOOKS[row.outcome]
        if row.beyond is not None:
            letter = BEYOND[row.beyond.found]
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white"))
        axes.text(x, y, letter, ha="center", va="center", color=INK, fontsize=8)
    axes.set_xlim(-0.5, len(problems) - 0.5)
    axes.set_ylim(len(claims) - 0.5, -0.5)
    axes.set_xticks(range(len(problems)), problems, rotation=45, ha="right", fontsize=8)
    axes.set_yticks(range(len(claims)), [f"{key}: {code}" for key, code in claims], fontsize=8)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
    title = "S supported, R refuted, u undecided, grey: not applicable"
    if any(row.beyond for row in rows):
        title += "; beyond the hypotheses: + holds here too, x does not extend"
    axes.set_title(title, fontsize=8)
