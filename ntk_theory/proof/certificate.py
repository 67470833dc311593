"""A certificate: what it says, and the data from which a checker proves it again."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ntk_theory.errors import InputError, RejectedError
from ntk_theory.inputs import reading
from ntk_theory.shown import Brief, Shown

FORMAT = "ntk-theory certificate 1"
#: Characters of a file that are read.
MOST_CHARACTERS = 2**22


@dataclass(frozen=True, eq=False, repr=False)
class Certificate(Shown):
    """A statement with what proves it.

    Attributes
    ----------
    data:
        The content of the file, plain texts, lists and mappings.
    """

    data: Mapping[str, Any]

    @staticmethod
    def of(kind: str, statement: str, parts: Mapping[str, Any]) -> Certificate:
        """From a kind of the checker, its words and its parts, with the sums of the parts and of all."""
        premises = {"format": FORMAT, "kind": kind, **parts}
        data = {**premises, "statement": f"{statement} (premises {_sum(premises)[:16]})"}
        return Certificate({**data, "sha256": _sum(data)})

    @property
    def statement(self) -> str:
        """What is proved."""
        return str(self.data["statement"])

    def to_dict(self) -> dict[str, Any]:
        """The content of the file."""
        return dict(self.data)

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(self.data, indent=1, ensure_ascii=False) + "\n"

    def brief(self) -> Brief:
        """The statement, and how much stands behind it."""
        parts = {key: part for key, part in self.data.items() if isinstance(part, list)}
        sizes = ", ".join(f"{len(part)} {key}" for key, part in parts.items())
        return Brief(f"certificate ({self.data['kind']}): {self.statement}", notes=(sizes,))


def _sum(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check(certificate: Certificate | str | os.PathLike[str]) -> str:
    """The statement that a certificate proves, by a checker that shares no code with what made it.

    Parameters
    ----------
    certificate:
        A :class:`Certificate`, or the path of its file.

    Returns
    -------
    str
        The statement; everything in it was computed again by ball and rational arithmetic.

    Raises
    ------
    InputError
        The file cannot be read, or python-flint is not installed.
    RejectedError
        The file does not prove what it says; the message says why.
    """
    text = certificate.to_json() if isinstance(certificate, Certificate) else _text(certificate)
    checker = _checker()
    try:
        return str(checker.check(text))
    except checker.Rejected as error:
        raise RejectedError(f"the certificate is rejected: {error}") from error


def _checker() -> Any:
    try:
        return importlib.import_module("ntk_theory.proof.checker")  # python-flint is an extra
    except ModuleNotFoundError as error:
        raise InputError(
            "a certificate needs python-flint; install it with: pip install 'ntk_theory[proof]'"
        ) from error


def _text(path: str | os.PathLike[str]) -> str:
    try:
        with reading(path, "the certificate", MOST_CHARACTERS) as file:
            return file.read().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the certificate {os.fspath(path)} cannot be read: {error}") from error
