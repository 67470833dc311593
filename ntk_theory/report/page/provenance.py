"""What a page says of the store it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Provenance:
    """The machines and versions of all runs, and the fingerprint of the rows."""

    environments: Sequence[Mapping[str, Any]]
    fingerprint: str
