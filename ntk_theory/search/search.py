"""A search in batches: it reports how far it is, can be cut short, and then says what it found so far.

Every batch has operators, points and draws of its own seed, so that the first n batches of two searches with
one seed are the same, whatever their budget.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ntk_theory.errors import InputError
from ntk_theory.search.bench import Disagreement, SearchResult, search
from ntk_theory.setting.output_bias import OutputBias

#: Operators per batch: about a second.
BATCH = 10
#: Seeds of successive batches differ by this, since a search also uses the seed after its own.
STRIDE = 2

#: (operators tried, disagreements found) after each batch.
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Hunt:
    """What a search found, and whether it was cut short: ``stopped`` is "", "time" or "interrupted"."""

    result: SearchResult
    output_bias: str
    seed: int
    budget: int
    seconds: float
    stopped: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        r = self.result
        return {
            "output_bias": self.output_bias,
            "seed": self.seed,
            "budget": self.budget,
            "stopped": self.stopped or None,
            "tried": r.tried,
            "compared": r.compared,
            "agreed": r.agreed,
            "undecided": r.undecided,
            "skipped": r.skipped,
            "disagreements": [
                {
                    "operator": d.text,
                    "terms": d.terms,
                    "block": d.block,
                    "s": str(d.s),
                    "predicted": d.predicted,
                    "observed": d.observed,
                    "reason": d.reason,
                    "networks": d.networks or None,
                }
                for d in r.disagreements
            ],
        }


def hunt(
    *,
    budget: int = 100,
    seed: int = 0,
    output_bias: str = "zero",
    networks: bool = True,
    seconds: float | None = None,
    report: Report | None = None,
    **how: Any,
) -> Hunt:
    """Compare prediction and observation on ``budget`` random operators, batch by batch.

    Parameters
    ----------
    budget, seed, output_bias, networks, how:
        See :func:`~ntk_theory.search.bench.search`.
    seconds:
        No new batch begins after so long.
    report:
        Called after each batch. Ctrl-C ends the search with what the finished batches found.
    """
    _check(budget, seed, output_bias, seconds)
    begin = time.monotonic()
    whole, stopped = SearchResult(0, 0, 0, 0, 0, ()), ""
    try:
        for k, first in enumerate(range(0, budget, BATCH)):
            if seconds is not None and time.monotonic() - begin >= seconds:
                stopped = "time"
                break
            size = min(BATCH, budget - first)
            part = search(
                budget=size, seed=seed + STRIDE * k, output_bias=output_bias, networks=networks, **how
            )
            whole = _added(whole, part)
            if report is not None:
                report(whole.tried, len(whole.disagreements))
    except KeyboardInterrupt:
        stopped = "interrupted"
    return Hunt(whole, output_bias, seed, budget, time.monotonic() - begin, stopped)


def _check(budget: int, seed: int, output_bias: str, seconds: float | None) -> None:
    if budget < 1:
        raise InputError(f"budget is {budget}; it needs at least one operator")
    if seed < 0:
        raise InputError(f"seed is {seed}; it needs a whole number of at least 0")
    OutputBias.of(output_bias)
    if seconds is not None and not seconds > 0:
        raise InputError(f"seconds is {seconds}; it needs a positive number")


def _added(whole: SearchResult, part: SearchResult) -> SearchResult:
    known = {(d.text, d.block, d.s): d for d in (*whole.disagreements, *part.disagreements)}
    distinct: tuple[Disagreement, ...] = tuple(known.values())
    return SearchResult(
        whole.tried + part.tried,
        whole.compared + part.compared,
        whole.agreed + part.agreed,
        whole.undecided + part.undecided,
        whole.skipped + part.skipped,
        distinct,
    )
