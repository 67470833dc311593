"""The sources whose claims are heard, as the registry has them, and the verdicts of a committed hearing."""

from __future__ import annotations

from collections.abc import Iterator

import ntk_theory as nt
from ntk_theory.claims.source import Source, SourceClaim
from site_parts.markdown import cell


def sources() -> str:
    """A section for each source."""
    return "\n".join("\n".join(_source(source)) for source in nt.claims.known().values())


def _source(source: Source) -> Iterator[str]:
    yield f"## {source.key}\n"
    yield f"{cell(source.citation)}. <{source.address}>  \n"
    yield f"Heard on {', '.join(f'`{what}`' for what in source.problems)}: `ntk-theory claims {source.key} --quick`\n"
    for claim in source.claims:
        yield from _claim(claim)


def _claim(claim: SourceClaim) -> Iterator[str]:
    yield f"`{claim.code}`"
    yield f": {cell(claim.statement)} *({claim.reading})*\n"
    yield f"  *Speaks of*: {cell(claim.hypotheses)}. *Predicts*: {cell(claim.predicts)}. *Would be refuted by*: {cell(claim.refuted_by)}.\n"
