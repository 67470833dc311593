"""In what two studies differ, in the words of the arguments that make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Characters of a value, and differences, that are told.
_LONGEST, _MOST = 40, 4


def difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """The arguments that differ, each with both values.

    >>> difference({"seeds": 12, "widths": [32], "depth": 1}, {"seeds": 16, "widths": [32, 64], "depth": 1})
    'seeds 12, not 16; widths 32, not 32, 64'
    >>> difference({"seeds": 12, "flow": {"until": 1.0}}, {"seeds": 12, "flow": {"until": 0.1}})
    'flow.until 1.0, not 0.1'
    >>> difference({"cases": [{"label": "heat"}]}, {"cases": [{"label": "kdv"}]})
    'problems heat, not kdv'
    >>> difference({"cases": [{"label": "heat", "points": 1}]}, {"cases": [{"label": "heat", "points": 2}]})
    'other points of the problems'
    """
    had, asked = _flat(there), _flat(here)
    found = _cases(there.get("cases"), here.get("cases")) + [
        f"{key} {_shown(had.get(key))}, not {_shown(asked.get(key))}"
        for key in dict.fromkeys([*had, *asked])
        if had.get(key) != asked.get(key)
    ]
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return "; ".join([*found[:_MOST], *more])


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without the problems; those that are tables come last, entry by entry."""
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    plain = {key: value for key, value in table.items() if key not in tables and key != "cases"}
    return plain | {f"{key}.{name}": one for key, entries in tables.items() for name, one in entries.items()}


def _cases(there: Any, here: Any) -> list[str]:
    """The problems that differ; of the same problems, what of them does."""
    if there == here or not (isinstance(there, list) and isinstance(here, list)):
        return []
    labels = [[case.get("label") for case in cases if isinstance(case, dict)] for cases in (there, here)]
    if labels[0] != labels[1]:
        return [f"problems {_shown(labels[0])}, not {_shown(labels[1])}"]
    pairs = zip(there, here, strict=False)
    keys = dict.fromkeys(k for a, b in pairs for k in (*a, *b) if a.get(k) != b.get(k))
    return [f"other {', '.join(keys)} of the problems"] if keys else []


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str("none" if value is None else value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
