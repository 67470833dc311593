"""The table that every command prints its rows in, and the colours of outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich import box
from rich.table import Table
from rich.text import Text

from ntk_theory.report.rows import ClaimSummary, SharedReason
from ntk_theory.studies.judging.verdict import Outcome

STYLES = {
    Outcome.SUPPORTED: "green",
    Outcome.REFUTED: "bold red",
    Outcome.UNDECIDED: "yellow",
    Outcome.NOT_APPLICABLE: "dim",
}
#: Findings shown in a line of a claim.
SHOWN = 2
#: Blocks and s named one by one; of more the number is given.
PLACES = 6


def table(columns: Sequence[str]) -> Table:
    """Names whole on the left and numbers on the right; for rows that no terminal is too narrow for."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for k, column in enumerate(columns):
        made.add_column(column, justify="right" if k else "left", no_wrap=True)
    return made


def text_table(columns: Sequence[str]) -> Table:
    """Texts on the left; the long ones wrap."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(Text(column), overflow="fold")
    return made


def claims_table(claims: Sequence[ClaimSummary]) -> Table:
    """One row per claim: what it says, its outcome, the evidence in words."""
    made = text_table(["claim", "outcome", "evidence"])
    for column, share in zip(made.columns, (10, 4, 14), strict=True):
        column.ratio = share
    made.expand = True
    for claim in claims:
        style = STYLES[claim.outcome]
        statement = Text(claim.statement)
        statement.append(f"  {claim.code} {claim.source}", style="dim")
        found = Text(evidence(claim), "dim" if claim.outcome is Outcome.NOT_APPLICABLE else "")
        made.add_row(statement, Text(claim.counted, style), found)
    return made


def evidence(claim: ClaimSummary) -> str:
    """What was found about a claim, in words."""
    found = claim.digest()
    more = f"  (+ {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
    return "; ".join(_brief(f, len(claim.verdicts)) for f in found[:SHOWN]) + more


def _brief(finding: SharedReason, verdicts: int) -> str:
    if finding.places <= PLACES:
        return str(finding)
    return str(replace(finding, where=f"{finding.places} of {verdicts} blocks and s"))
