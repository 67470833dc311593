"""A study of any kind as one page: claims with their reasons, settings, how to reproduce."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ntk_theory.report.page.markup import Markup, definitions, details, document, join, pill, table, tag
from ntk_theory.report.page.provenance import Provenance
from ntk_theory.report.page.reproduce import resume_command
from ntk_theory.report.rows import SIGNS, ClaimSummary, summaries
from ntk_theory.report.words import problem_title
from ntk_theory.studies.judging.kind import kind_of
from ntk_theory.studies.judging.result import Result
from ntk_theory.studies.judging.verdict import Verdict


def page(
    result: Result[Any],
    provenance: Provenance,
    *,
    only: Sequence[str] = (),
    more: Callable[[str, str], Iterator[Markup]] = lambda label, activation: iter(()),
) -> str:
    """The whole page.

    ``only`` names problems (or labels) to which the answers are restricted; ``more`` is what a kind shows of
    a problem and activation before its claims.
    """
    title = kind_of(result.study).title
    answers = {
        key: verdicts
        for key, verdicts in result.verdicts.items()
        if not only or key[0] in only or key[0].partition(" [")[0] in only
    }
    missing = [] if result.is_complete else [tag("p", "Incomplete.", class_="pill refuted")]
    body = [
        tag("h1", f"{title[:1].upper()}{title[1:]}"),
        *missing,
        *(
            piece
            for key, verdicts in answers.items()
            for piece in _answer(result, *key, verdicts, more(*key))
        ),
        *_settings(result, provenance),
    ]
    return document(f"Study: {title}", body)


def _answer(
    result: Result[Any],
    label: str,
    activation: str,
    verdicts: Sequence[Verdict],
    more: Iterator[Markup],
) -> Iterator[Markup]:
    refuted_by = result.refuted_by
    yield tag("h2", f"{problem_title(result.study.case(label).problem)}  ({label}, {activation})")
    yield from more
    yield table(
        ["claim", "outcome", "evidence"],
        (claim_row(c, refuted_by.get(c.code, "")) for c in summaries(verdicts)),
        "told",
    )
    rows = [
        [v.claim, v.block, "" if v.s is None else str(v.s), f"{SIGNS[v.outcome]} {v.outcome}", v.reason]
        for v in verdicts
    ]
    heads = ["claim", "block", "s", "outcome", "reason"]
    yield details("Every verdict with its reason", table(heads, rows, "told"))


def claim_row(claim: ClaimSummary, refuted_by: str) -> list[str]:
    """What a claim says and who makes it, its outcome, what was found and what would refute it."""
    found = "; ".join(map(str, claim.digest()))
    return [
        join([claim.statement, tag("div", f"{claim.code} {claim.source}", class_="soft")]),
        pill(claim.outcome, claim.counted),
        join([found, tag("div", f"Would refute it: {refuted_by}.", class_="soft")]),
    ]


def told(value: object, separator: str = "; ") -> str:
    """A setting without quotes and braces: ``methods gauss-newton 60, adam 1000; reference 120``."""
    if isinstance(value, Mapping):
        return separator.join(f"{name} {told(one, ', ')}" for name, one in value.items())
    return str(value)


def _settings(result: Result[Any], provenance: Provenance) -> Iterator[Markup]:
    study = result.study
    yield tag("h2", "Settings and how to reproduce")
    pairs: dict[str, Any] = {"s": ", ".join(map(str, study.s)), "widths": ", ".join(map(str, study.widths))}
    pairs |= {"seeds": study.seeds, "depth": study.depth, "output bias": study.output_bias}
    pairs |= {"root seed": study.seed, **study.marks}
    yield definitions((name, told(value)) for name, value in pairs.items())
    meanings = kind_of(study).criterion.meanings()
    numbers = [[tag("code", n), str(v), meanings.get(n, "")] for n, v in study.criterion.items()]
    yield table(["name", "value", "meaning"], numbers, "told")
    yield tag("p", ["The same numbers again: ", tag("code", resume_command(result.path))])
    yield tag("p", f"Study {study.digest}; rows {provenance.fingerprint}.", class_="soft")
    for environment in provenance.environments[-1:]:
        yield details("Made with", definitions((name, str(value)) for name, value in environment.items()))
