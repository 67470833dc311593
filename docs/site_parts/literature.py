"""The sources whose claims are heard, as the registry has them, and the verdicts of a committed hearing."""

from __future__ import annotations

from collections.abc import Iterator

import ntk_theory as nt
from ntk_theory.claims.source import Source, SourceClaim
from site_parts.markdown import cell, code, table
from site_parts.measured import measured_on, read


def verdicts() -> str:
    """One row per claim, with its outcome on every problem of the committed hearing."""
    rows = read("claims")["results"]["rows"]
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row in rows:
        found.setdefault((row["source"], row["claim"]), {}).setdefault(row["outcome"], []).append(
            row["problem"]
        )
    statements = {
        (source.key, claim.code): claim.statement
        for source in nt.claims.known().values()
        for claim in source.claims
    }
    table_rows = [
        (f"[{source}](#{source})", f"{cell(statements[source, claim])} ({code(claim)})", _outcomes(outcomes))
        for (source, claim), outcomes in found.items()
    ]
    return f"Measured on {measured_on('claims')}.\n\n" + table(("source", "claim", "outcome"), table_rows)


def _outcomes(outcomes: dict[str, list[str]]) -> str:
    parts = (
        f"**{outcome}**: {', '.join(dict.fromkeys(where))}" for outcome, where in sorted(outcomes.items())
    )
    return "<br>".join(parts)


def sources() -> str:
    """A section for each source."""
    return "\n".join("\n".join(_source(source)) for source in nt.claims.known().values())


def _source(source: Source) -> Iterator[str]:
    yield f"({source.key})=\n### {source.key}\n"
    yield f"{cell(source.citation)}. <{source.address}>  \n"
    where = ", ".join(code(what) for what in source.problems)
    yield f"Heard on {where}: `ntk-theory claims {source.key} --quick`\n"
    for claim in source.claims:
        yield from _claim(claim)


def _claim(claim: SourceClaim) -> Iterator[str]:
    yield f"`{claim.code}`"
    yield f": {cell(claim.statement)} *({claim.reading})*\n"
    about = {
        "Speaks of": claim.hypotheses,
        "Predicts": claim.predicts,
        "Would be refuted by": claim.refuted_by,
    }
    yield "  " + " ".join(f"*{what}*: {cell(text)}." for what, text in about.items()) + "\n"
