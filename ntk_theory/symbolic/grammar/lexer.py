"""Text to tokens: numbers, names, marks, with the position of each.

Bounds on length, digits and brackets are checked here, before the parser runs. A few mathematical
characters are understood (``u²``, ``·``, ``−``, ``ν``, ``uₓₓ``); every other one is refused by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ntk_theory.symbolic.grammar.outside import INTEGRAL
from ntk_theory.symbolic.grammar.source_text import SourceText, clipped
from ntk_theory.symbolic.limits import MAX_DEPTH, MAX_DIGITS, MAX_LENGTH, MAX_NAME


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (a terminal of the grammar), text, offset, and value if it is a number."""

    kind: str
    text: str
    at: int
    value: Fraction | None = None


_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAME = re.compile(r"[A-Za-z_α-ωΑ-Ωₓₜϕϵ][A-Za-z0-9_α-ωΑ-Ωₓₜϕϵ]*(?:@[a-z][a-z0-9_]*)?")
_SUPERSCRIPT = re.compile(r"(⁻?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_MARKS = {
    "+": "PLUS",
    "-": "MINUS",
    "*": "STAR",
    "/": "SLASH",
    "^": "CARET",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    "|": "BAR",
    ",": "COMMA",
    "=": "EQUAL",
    ";": "SEMI",
    "<": "LESS",
    ">": "MORE",
    "≤": "ATMOST",
    "≥": "ATLEAST",
    "−": "MINUS",
    "·": "STAR",
    "⋅": "STAR",
    "×": "STAR",
    "∗": "STAR",
    "÷": "SLASH",
}

_GREEK = {
    letter: unicodedata.name(letter).rsplit(" ", 1)[1].lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
}
_GREEK = {k: v.capitalize() if k.isupper() else v for k, v in _GREEK.items()} | {"ϕ": "phi", "ϵ": "epsilon"}

#: Characters that people paste, with what to write instead.
_INSTEAD = {
    "∂": "u_x or diff(u, x)",
    "Δ": "laplacian(u)",
    "∆": "laplacian(u)",
    "∇": "grad(u), div(...) or laplacian(u)",
    "√": "sqrt(u)",
    "∞": "a finite number",
    "′": "u_x",
    "'": "u_x",
    "≠": "=",
    "½": "1/2",
    "@": "u_y@upper, a field and the part of the domain that it belongs to",
    "∫": INTEGRAL[1],
    ".": "a decimal such as 0.5 (attributes are outside of the grammar)",
    ":": "';' between the equations of a system",
    "{": "(",
    "}": ")",
    "\\": "plain text such as u_xx, not LaTeX",
    "!": "a product",
    "%": "a quotient a/b",
    "&": "';' between the equations of a system",
    '"': "the expression without quotation marks",
}


def tokenize(source: SourceText) -> list[Token]:
    """The tokens of the text, brackets balanced and every number within its bounds."""
    text = source.text or ""
    if len(text) > MAX_LENGTH:
        raise source.too_large(f"the text has {len(text)} characters; at most {MAX_LENGTH} are read", None)
    tokens = list(_scan(source, text))
    if not tokens:
        raise source.error("the text is empty", None, expected="an operator such as u_t + u*u_x + u_xxx")
    _check_brackets(source, tokens)
    return tokens


def _scan(source: SourceText, text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        here = text[at]
        if here.isspace():
            at += 1
        elif text.startswith("**", at):
            yield Token("CARET", "**", at)
            at += 2
        elif text.startswith("==", at):
            raise source.error("'==' is not part of the grammar", at, suggestion="'='")
        elif text.startswith(("<=", ">="), at):
            yield Token("ATMOST" if here == "<" else "ATLEAST", text[at : at + 2], at)
            at += 2
        elif here in _MARKS:
            yield Token(_MARKS[here], here, at)
            at += 1
        elif found := _NUMBER.match(text, at):
            yield Token("NUMBER", found.group(), at, _number(source, found.group(), at))
            at = found.end()
        elif found := _SUPERSCRIPT.match(text, at):
            yield from _superscript(source, found)
            at = found.end()
        elif (found := _NAME.match(text, at)) and here not in "_Δ":
            yield _name(source, found.group(), at)
            at = found.end()
        else:
            raise _unknown_character(source, here, at)


def _number(source: SourceText, text: str, at: int) -> Fraction:
    mantissa, _, exponent = text.lower().partition("e")
    digits = len(mantissa)
    if exponent:
        # The length is checked first: int() of a long string is itself slow.
        digits += abs(int(exponent)) if len(exponent) <= len("+0000") else MAX_DIGITS + 1
    if digits > MAX_DIGITS:
        raise source.too_large(f"the number {clipped(text)} has more than {MAX_DIGITS} digits", at)
    return Fraction(text)


def _superscript(source: SourceText, found: re.Match[str]) -> Iterator[Token]:
    at = found.start()
    digits = found[2].translate(_DIGITS)
    yield Token("CARET", "^", at)
    if found[1]:
        yield Token("MINUS", "-", at)
    yield Token("NUMBER", digits, at, _number(source, digits, at))


def _name(source: SourceText, text: str, at: int) -> Token:
    if len(text) > MAX_NAME:
        raise source.too_large(f"the name {clipped(text)} has more than {MAX_NAME} letters", at)
    plain = "".join(_GREEK.get(letter, letter) for letter in text)
    head, *subscripts = re.split(r"(?=[ₓₜ])", plain, maxsplit=1)
    if subscripts:
        plain = head + "_" * ("_" not in head) + subscripts[0].replace("ₓ", "x").replace("ₜ", "t")
    return Token("NAME", plain, at)


def _unknown_character(source: SourceText, character: str, at: int) -> Exception:
    shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
    instead = _INSTEAD.get(character)
    if character == "{" and at and (source.text or "")[at - 1] in "_^":
        instead = _INSTEAD["\\"]
    if character == "_":
        return source.error("a name cannot begin with an underscore", at, expected="a name such as u_x")
    expected = f"{instead}, if that is what was meant" if instead else None
    return source.error(f"the character {shown} is not part of the grammar", at, expected=expected)


def _check_brackets(source: SourceText, tokens: list[Token]) -> None:
    """Brackets match and are not nested too deep (the parser itself would not mind, SymPy would)."""
    closing = {"RPAR": "LPAR", "RSQB": "LSQB"}
    still_open: list[Token] = []
    for token in tokens:
        if token.kind in ("LPAR", "LSQB"):
            still_open.append(token)
            if len(still_open) > MAX_DEPTH:
                raise source.too_large(f"brackets are nested more than {MAX_DEPTH} deep", token.at)
        elif token.kind in closing:
            if not still_open:
                raise source.error(f"the bracket {token.text!r} closes nothing", token.at)
            opened = still_open.pop()
            if opened.kind != closing[token.kind]:
                raise source.error(
                    f"the bracket {opened.text!r} is closed by {token.text!r}",
                    token.at,
                    expected=")" if opened.kind == "LPAR" else "]",
                )
        elif token.kind in ("EQUAL", "SEMI") and still_open:
            raise source.error(
                f"{token.text!r} stands inside a bracket that is still open", token.at, expected="')'"
            )
    if still_open:
        raise source.error(
            f"the bracket {still_open[-1].text!r} is never closed",
            still_open[-1].at,
            expected="a closing bracket",
        )
