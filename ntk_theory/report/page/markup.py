"""A few elements of HTML; every text is visible and escaped unless it is :class:`Markup` already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from typing import TypeAlias

from ntk_theory.outputs import GENERATOR
from ntk_theory.visible import visible


class Markup(str):
    """Text that is HTML; made by the functions of this module only."""

    __slots__ = ()


_SCIENTIFIC = re.compile(r"(?<![\w.])\d[\d.]*e[-+]\d+(?!\w)")
Content: TypeAlias = str | Iterable[str]


def tag(name: str, content: Content = "", /, **attributes: str) -> Markup:
    """``<name attributes>content</name>``; ``class_`` stands for ``class``.

    >>> tag("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    return Markup(f"<{name}{_attributes(attributes)}>{join(content)}</{name}>")


def void(name: str, /, **attributes: str) -> Markup:
    """An element without content, such as ``<img>``."""
    return Markup(f"<{name}{_attributes(attributes)}>")


def join(content: Content) -> Markup:
    """Several pieces one after another, each escaped unless it is HTML."""
    pieces = [content] if isinstance(content, str) else content
    return Markup("".join(p if isinstance(p, Markup) else _whole(escape(visible(str(p)))) for p in pieces))


def _whole(text: str) -> str:
    """1e-05 is one word, which no line ends within."""
    return _SCIENTIFIC.sub(r'<span class="number">\g<0></span>', text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], class_: str = "") -> Markup:
    """A table that scrolls by itself where the page is narrow.

    One of class ``told`` holds sentences: there each row becomes a paragraph, and a cell says its column.
    """
    top = tag("thead", tag("tr", [tag("th", cell, scope="col") for cell in head]))
    names = ["", *head[1:]] if class_ == "told" else [""] * len(head)
    body = tag("tbody", [tag("tr", _cells(row, names)) for row in rows])
    return tag("div", tag("table", [top, body], class_=class_), class_="scroll")


def _cells(row: Sequence[str], names: Sequence[str]) -> list[Markup]:
    return [tag("td", cell, **{"data-head": name}) for cell, name in zip(row, names, strict=True)]


def definitions(pairs: Iterable[tuple[str, str]]) -> Markup:
    """A list of names and values."""
    return tag("dl", [piece for name, value in pairs for piece in (tag("dt", name), tag("dd", value))])


def pill(outcome: str, words: str = "", *, title: str = "") -> Markup:
    """An outcome in its colour, in other words where these are given; ``title`` shows under the pointer."""
    more = {"title": title} if title else {}
    return tag("span", words or outcome, class_=f"pill {outcome.replace(' ', '-')}", **more)


def details(summary: str, content: Content) -> Markup:
    """Something to unfold."""
    return tag("details", [tag("summary", summary), join(content)])


def document(title: str, body: Content, *, scripted: bool = False) -> Markup:
    """A whole page with its style, and its script where it has something to draw; a long title is cut."""
    folder = files("ntk_theory.report.page")
    style = (folder / "page.css").read_text(encoding="utf-8")
    head = [
        void("meta", charset="utf-8"),
        void("meta", name="generator", content=GENERATOR),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", Markup(escape(visible(title[:120])))),
        tag("style", Markup(style)),
    ]
    script = (folder / "page.js").read_text(encoding="utf-8") if scripted else ""
    end = tag("script", Markup(script)) if scripted else Markup("")
    whole = tag("html", [tag("head", head), tag("body", [tag("main", body), end])], lang="en")
    return Markup(f"<!DOCTYPE html>\n{whole}\n")


def _attributes(attributes: dict[str, str]) -> str:
    return "".join(f' {k.rstrip("_")}="{escape(visible(v), quote=True)}"' for k, v in attributes.items() if v)
