"""Standard output and error: what they cannot encode, a disk that is full, a reader that went away."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Any

#: What stands for the characters of our tables and messages where the output is ASCII.
ASCII = {
    "✓": "+", "✗": "x", "·": "*", "×": "x", "−": "-", "–": "-", "—": "-", "…": "...", "→": "->", "←": "<-",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∞": "inf", "√": "sqrt", "∂": "d", "∑": "sum", "Σ": "Sigma",
    "Θ": "Theta", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "eps", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "π": "pi", "σ": "sigma", "φ": "phi", "‖": "||",
    "⟨": "<", "⟩": ">", "\ufffd": "?",
    "“": '"', "”": '"', "‘": "'", "’": "'", "ß": "ss", "±": "+-", "∈": "in", "½": "1/2",
}  # fmt: skip
FALLBACK = "ntk-theory-ascii"


def ascii_for(text: str) -> str:
    """The text in ASCII: names of letters, letters without accents, else the character's number.

    >>> ascii_for("ε = N^(1/2−s) → Schrödinger")
    'eps = N^(1/2-s) -> Schrodinger'
    """
    return "".join(ch if ch.isascii() else ASCII.get(ch) or _plain(ch) for ch in text)


def _plain(ch: str) -> str:
    found = unicodedata.normalize("NFKD", ch).encode("ascii", "ignore").decode()
    return found or ch.encode("ascii", "backslashreplace").decode()


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return ascii_for(error.object[error.start : error.end]), error.end


def prepare() -> None:
    """Standard output and error write in ASCII what their encoding lacks."""
    codecs.register_error(FALLBACK, _replaced)
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # a notebook's, a test's
            reconfigure(errors=FALLBACK)


def silence() -> None:
    """Nothing is written to standard output any more, not even at the end of the process."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
