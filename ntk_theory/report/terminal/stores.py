"""The stores of studies for a terminal: the path of each on a line of its own, and what it holds."""

from __future__ import annotations

from collections.abc import Sequence

from ntk_theory.report.words import size_words
from ntk_theory.studies.engine.shelf import Entry
from ntk_theory.visible import on_one_line, say

#: Problems of a study that are named.
NAMED = 5


def show(found: Sequence[Entry], *, verified: bool) -> None:
    """Print each store with what it holds, or why it cannot be read, and what they take together."""
    for entry in found:
        say(on_one_line(str(entry.path)))
        say(f"  {size_words(entry.size)}; {on_one_line(entry.fault or _contents(entry))}")
        if verified and not entry.fault:
            say(f"  every checksum fits; fingerprint {entry.fingerprint[:16]}")
    total = size_words(sum(entry.size for entry in found))
    say(f"{_count(len(found), 'store')}, {total}" if found else "no stores")


def _contents(entry: Entry) -> str:
    more = f" and {len(entry.problems) - NAMED} more" if len(entry.problems) > NAMED else ""
    return (
        f"{entry.kind} of {', '.join(entry.problems[:NAMED])}{more}; "
        f"{entry.computed} of {entry.cells} cells, {_count(entry.failures, 'failure')}, "
        f"verdicts recorded {_count(entry.verdicts, 'time')}; created {entry.created}"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
