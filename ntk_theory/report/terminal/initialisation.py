"""A study's tables in the terminal: limits, claims with reason and remedy, one table per problem."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ntk_theory.report.rows import (
    SIGNS,
    StudyAnswer,
    agreement,
    answers,
    by_problem,
    varied,
)
from ntk_theory.report.terminal.tables import STYLES, claims_table, evidence, text_table
from ntk_theory.studies.initialisation.verify import StudyResult
from ntk_theory.studies.judging.verdict import Outcome
from ntk_theory.theory.text import block_label

#: With more problems than this, each gets one line.
MANY = 6


def show(results: Sequence[StudyResult], console: Console) -> None:
    """Print the tables of some studies, which answer one question with different settings."""
    every = answers(results)
    groups = by_problem(every)
    if len(groups) > MANY:
        console.print(_overview(groups))
        _list_refuted(every, console)
    else:
        for name, group in groups.items():
            _problem(name, group, console)
    console.print(Text(str(agreement(every)), "bold"))
    for result in results:
        _footer(result, console)


def _problem(name: str, group: Sequence[StudyAnswer], console: Console) -> None:
    columns = varied(group)
    first = group[0]
    shared = first.described(n for n in first.setting if n not in columns)
    console.print(Text(f"{first.classification.problem.title or name}  ({shared})", "bold"))
    console.print(_limits(group, columns))
    console.print()
    if len(group) == 1:
        console.print(claims_table(first.claims))
    else:
        console.print(_slopes(group, columns))
        console.print()
        console.print(_compared(group, columns))
        _reasons(group, columns, console)
    console.print()


def _limits(group: Sequence[StudyAnswer], columns: Sequence[str]) -> Table:
    """Predicted limits, each with the sign of what was observed."""
    exponents = group[0].result.study.s
    table = text_table([*columns, "limit", *(f"s = {s}" for s in exponents)])
    for column in table.columns:
        column.no_wrap = True
    for answer in group:
        for block, lead in _block_rows(answer, columns):
            cells = [answer.limit(block, s) for s in exponents]
            table.add_row(*lead, *(Text(_short(str(cell)), STYLES[cell.outcome]) for cell in cells))
        table.add_section()
    return table


def _slopes(group: Sequence[StudyAnswer], columns: Sequence[str]) -> Table:
    """Measured slopes of log‖K‖ over the widths, beside the asymptotic exponents: when does a term show?"""
    exponents = group[0].result.study.s
    table = text_table([*columns, "slope (N → ∞)", *(f"s = {s}" for s in exponents)])
    for column in table.columns:
        column.no_wrap = True
    for answer in group:
        for block, lead in _block_rows(answer, columns):
            table.add_row(*lead, *(Text(answer.slope(block, s)) for s in exponents))
        table.add_section()
    return table


def _block_rows(answer: StudyAnswer, columns: Sequence[str]) -> Iterator[tuple[str, list[RenderableType]]]:
    """Each block with the first cells of its row; the settings stand in the first row only."""
    values = [answer.setting.get(name, "") for name in columns]
    for block in answer.blocks:
        yield block, [Text(v) for v in [*values, block_label(block)]]
        values = [""] * len(values)


def _short(cell: str) -> str:
    # Five columns of the whole word would not fit into 80 characters.
    return cell.replace("deterministic", "determin.")


def _compared(group: Sequence[StudyAnswer], columns: Sequence[str]) -> Table:
    table = text_table(["claim", *(answer.described(columns) for answer in group)])
    table.columns[0].no_wrap = True
    for code in dict.fromkeys(c.code for answer in group for c in answer.claims):
        own = [next((c for c in answer.claims if c.code == code), None) for answer in group]
        cells = [Text("" if c is None else c.short, "" if c is None else STYLES[c.outcome]) for c in own]
        table.add_row(Text(code), *cells)
    return table


def _reasons(group: Sequence[StudyAnswer], columns: Sequence[str], console: Console) -> None:
    """What refuted a claim, once for all settings in which the same did; the page has the rest."""
    for code in dict.fromkeys(c.code for answer in group for c in answer.claims):
        reasons: dict[str, list[str]] = {}
        for answer in group:
            for claim in answer.claims:
                if claim.code == code and claim.outcome is Outcome.REFUTED:
                    reasons.setdefault(evidence(claim), []).append(answer.described(columns))
        for reason, settings in reasons.items():
            line = f"{SIGNS[Outcome.REFUTED]} {code} ({'; '.join(settings)}): {reason}"
            console.print(Text(line, STYLES[Outcome.REFUTED]))


def _overview(groups: dict[str, tuple[StudyAnswer, ...]]) -> Table:
    table = text_table(["problem", "limits agree", "undecided", "refuted claims", "undecided claims"])
    for name, group in groups.items():
        for answer in group:
            count = agreement([answer])
            codes = {
                outcome: ", ".join(c.code for c in answer.claims if c.outcome is outcome)
                for outcome in (Outcome.REFUTED, Outcome.UNDECIDED)
            }
            style = STYLES[Outcome.SUPPORTED if count.agreeing == count.decided else Outcome.REFUTED]
            label = f"{name}  {answer.described(varied(group))}".strip()
            table.add_row(
                Text(label, "bold"),
                Text(f"{count.agreeing}/{count.decided}", style),
                Text(str(count.predicted - count.decided or "")),
                Text(codes[Outcome.REFUTED], STYLES[Outcome.REFUTED]),
                Text(codes[Outcome.UNDECIDED], STYLES[Outcome.UNDECIDED]),
            )
    return table


def _list_refuted(every: Sequence[StudyAnswer], console: Console) -> None:
    for answer, cell in agreement(every).of(Outcome.REFUTED):
        line = f"✗ {answer.label} {block_label(cell.block)} s = {cell.s}: {cell.predicted} was predicted, "
        console.print(Text(f"{line}{cell.observed} observed; {cell.reason}", STYLES[Outcome.REFUTED]))


def _footer(result: StudyResult, console: Console) -> None:
    study = result.study
    console.print(
        Text(
            f"widths {study.widths[0]} to {study.widths[-1]}, {study.seeds} networks each, "
            f"depth {study.depth}; criterion frozen before the first network (study {study.digest[:12]})",
            "dim",
        )
    )
    console.print(Text(f"store: {result.path}"), soft_wrap=True)
