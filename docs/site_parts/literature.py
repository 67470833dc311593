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


def on_two() -> str:
    """One row per claim on the paper's two problems, and how many sources are decided there, in which way."""
    found = read("claims")["results"]["two"]
    within, beyond = found["decided"], found["decided_beyond"]
    either = sum(within[key] or beyond[key] for key in within)
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in found["rows"]:
        said = f"beyond: {row['beyond']}" if "beyond" in row else row["outcome"]
        cells.setdefault((row["source"], row["claim"]), {})[row["problem"]] = said
    problems = list(dict.fromkeys(row["problem"] for row in found["rows"]))
    lines = [
        (f"[{source}](#{source})", code(claim), *(outcomes[name] for name in problems))
        for (source, claim), outcomes in cells.items()
    ]
    return (
        f"{sum(within.values())} of {len(within)} sources are decided on them within their hypotheses, "
        f"{either} if what is found beyond the hypotheses is counted. {found['processor_seconds']} seconds "
        f"of processor.\n\n" + table(("source", "claim", *problems), lines)
    )


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
