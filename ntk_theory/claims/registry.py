"""All sources, one file each in ``sources``: a module that holds ``SOURCE`` is found by being there."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Any

from ntk_theory.claims import sources
from ntk_theory.claims.source import Source
from ntk_theory.errors import InputError


@cache
def known() -> dict[str, Source]:
    """Key → source, in the order of their keys."""
    found: dict[str, Source] = {}
    for module in pkgutil.iter_modules(sources.__path__):
        source: Source = import_module(f"{sources.__name__}.{module.name}").SOURCE
        if source.key in found:
            raise AssertionError(f"two sources have the key {source.key}")
        found[source.key] = source
    return dict(sorted(found.items()))


def sources_of(keys: str | list[str] | tuple[str, ...]) -> tuple[Source, ...]:
    """The sources of these keys, given as a list or separated by commas.

    Raises
    ------
    InputError
        There is no such source.
    """
    wanted = [key.strip() for key in keys.split(",")] if isinstance(keys, str) else list(keys)
    for key in wanted:
        if key not in known():
            raise InputError(f"claims has the source {key[:60]!r}; it needs some of {', '.join(known())}")
    return tuple(known()[key] for key in dict.fromkeys(wanted))


def record(source: Source) -> dict[str, Any]:
    """A source as plain data."""
    return {
        "key": source.key,
        "citation": source.citation,
        "address": source.address,
        "problems": [str(what) for what in source.problems],
        "claims": [
            {
                "code": claim.code,
                "statement": claim.statement,
                "reading": str(claim.reading),
                "hypotheses": claim.hypotheses,
                "predicts": claim.predicts,
                "refuted_by": claim.refuted_by,
                "needs": claim.needs,
            }
            for claim in source.claims
        ],
    }
