"""What every page needs for keyboard and screen reader, beyond what its theme writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

#: What the theme writes → what assistive software needs: a level for headings, focus for what scrolls, a name
#: for each of two landmarks of one kind. Then no empty line at the end of an example.
CHANGES = (
    (re.compile(r'role="heading"(?![^>]*aria-level)'), 'role="heading" aria-level="2"'),
    (re.compile(r"<pre(?![^>]*tabindex)"), '<pre tabindex="0"'),
    (re.compile(r'<div class="table-wrapper(?![^>]*tabindex)'), '<div tabindex="0" class="table-wrapper'),
    (re.compile(r'<aside class="sidebar-drawer"'), '<aside aria-label="Pages" class="sidebar-drawer"'),
    (re.compile(r'<aside class="toc-drawer"'), '<aside aria-label="On this page" class="toc-drawer"'),
    (re.compile(r'<div id="search-results">'), '<h1>Search</h1>\n<div id="search-results">'),
    (re.compile(r"\n\s+</pre>"), "\n</pre>"),
    # A picture leads to itself, in the size that its reader likes.
    (
        re.compile(r'(?<!class="whole">)(<img\b[^>]*\bsrc="([^"]+\.(?:svg|png))"[^>]*>)'),
        r'<a href="\2" class="whole">\1</a>',
    ),
    # 1e-05 is one word.
    (re.compile(r"(?<=<td><p>)(\d[\d.]*e[-+]\d+)(?=</p>)"), r'<span class="number">\1</span>'),
    # So is a power of N.
    (re.compile(r"(<td><p>[^<]*?)(N\^\([^<()]*\))"), r'\1<span class="number">\2</span>'),
    # So is an option.
    (re.compile(r'<span class="pre">(--?[a-z][\w-]*)</span>'), r'<span class="pre number">\1</span>'),
    # A section without sentences ends in the dash that would have led to them.
    (re.compile(r"(</strong>(?:</a>)?) (?:--|–) *(?=</p>)"), r"\1"),
)

#: The parameters of a signature of several lines, which Sphinx writes as a list of definitions of nothing.
SIGNATURE = re.compile(r'<dl>\n((?:<dd><em class="sig-param">.*?</dd>\n)+)</dl>')


def reachable(html: str) -> str:
    """A page with these changes."""
    for pattern, new in CHANGES:
        html = pattern.sub(new, html)
    return SIGNATURE.sub(_lines, html)


def _lines(found: re.Match[str]) -> str:
    lines = found[1].replace("<dd>", "<div>").replace("</dd>", "</div>")
    return f'<div class="sig-lines">\n{lines}</div>'


def finish(app: Any, exception: Exception | None) -> None:
    """Sphinx' event ``build-finished``."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            if "try" not in page.relative_to(app.outdir).parts:
                text = page.read_text(encoding="utf-8")
                page.write_text(reachable(text), encoding="utf-8")


def setup(app: Any) -> None:
    """Mend pages when all are written."""
    app.connect("build-finished", finish)
