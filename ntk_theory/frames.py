"""Columns as a pandas table; pandas is an extra, and is asked for when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ntk_theory.errors import InputError


def pandas() -> Any:
    """The module.

    Raises
    ------
    InputError
        pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - an extra
    except ImportError:
        raise InputError(
            "to_pandas needs pandas; install it with: pip install 'ntk_theory[pandas]'"
        ) from None
    return pd


def frame(columns: Mapping[str, Any], **about: Any) -> Any:
    """A ``pandas.DataFrame`` of columns of one length; ``about`` becomes its ``attrs``."""
    made = pandas().DataFrame(dict(columns))
    made.attrs.update(about)
    return made
